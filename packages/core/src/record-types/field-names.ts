import { RESERVED_NAMES } from '@sophia/types';

const NAME = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
const MAX_NAME_LENGTH = 60;

/**
 * Why this cannot name a field or record type, or undefined. Names are lower-case words joined by single underscores
 * (two are kept for columns that the warehouse derives), at most 60 characters, and none of `RESERVED_NAMES`.
 */
export function nameProblem(name: string): string | undefined {
  if (name.length > MAX_NAME_LENGTH) return `is longer than ${MAX_NAME_LENGTH} characters`;
  if (!NAME.test(name)) return 'is not made of lower-case letters, digits and single underscores, beginning with a letter';
  return RESERVED_NAMES.has(name) ? 'is a common field or column of every record' : undefined;
}
