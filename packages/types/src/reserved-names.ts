/**
 * Names of a record's common fields and of the columns that every table of the warehouse has, or that its changes have
 * while they are applied (`sign`): none of them names a field or a record type.
 */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
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
  'sign',
]);
