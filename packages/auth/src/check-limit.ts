import { SophiaError } from '@sophia/shared';

const USUAL_LIMIT = 100;
const MAXIMUM_LIMIT = 1_000;

/** How many items a page has. Errors: `invalid_request`. */
export function checkLimit(limit = USUAL_LIMIT): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAXIMUM_LIMIT) return limit;
  throw new SophiaError('invalid_request', `limit is ${limit}; allowed are whole numbers from 1 to ${MAXIMUM_LIMIT}.`);
}
