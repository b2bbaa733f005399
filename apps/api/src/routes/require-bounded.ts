import { SophiaError } from '@sophia/shared';
import type { ErrorCodeName } from '@sophia/types';

/**
 * Objects and lists within one another at most, checked before a schema walks into them. A filter may stand 20 deep, each in
 * a list of the one around it, below its rule or query, and have a list of values: what is deeper as a filter is told by
 * whoever binds it.
 */
const DEEPEST = 2 * 20 + 4;
/** More than a query can have whose filters keep their limits of 1,000 parts and 10,000 values. */
export const MOST = 20_000;

/** Errors: the code told, where it is nested too deep or holds too much. */
export const requireBounded = (value: unknown, code: ErrorCodeName, what: string): void => {
  let count = 0;
  const walk = (within: unknown, depth: number): void => {
    count += 1;
    if (count > MOST) throw new SophiaError(code, `The ${what} has more than ${MOST} members and values.`);
    if (typeof within !== 'object' || within === null) return;
    if (depth > DEEPEST) throw new SophiaError(code, `The ${what} is nested deeper than ${DEEPEST} objects and lists.`);
    for (const member of Object.values(within)) walk(member, depth + 1);
  };
  walk(value, 1);
};
