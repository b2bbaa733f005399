const NAME = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
const MAX_NAME_LENGTH = 60;

/** Names of a record's common fields and of the warehouse's own columns. */
const RESERVED: ReadonlySet<string> = new Set([
  'id',
  'workspace',
  'source_system',
  'record_type',
  'source_id',
  'version',
  'data',
  'extra',
  'original',
  'content_hash',
  'business_priority',
  'occurred_at',
  'source_version',
  'created_at',
  'updated_at',
  'deleted_at',
  'deleted',
  'valid_from',
  'valid_to',
]);

/**
 * Why this cannot name a field or record type, or undefined. Names are lower-case words joined by single underscores
 * (two are kept for columns that the warehouse derives), at most 60 characters, and none of the common fields.
 */
export function nameProblem(name: string): string | undefined {
  if (name.length > MAX_NAME_LENGTH) return `is longer than ${MAX_NAME_LENGTH} characters`;
  if (!NAME.test(name)) return 'is not made of lower-case letters, digits and single underscores, beginning with a letter';
  return RESERVED.has(name) ? 'is a common field of every record' : undefined;
}
