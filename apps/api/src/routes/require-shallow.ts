import { SophiaError } from '@sophia/shared';
import type { ErrorCodeName } from '@sophia/types';

/** Filters nest at most so deep: checked before a schema walks into them. */
const DEEPEST = 20;

/** Errors: the code told. */
export const requireShallow = (value: unknown, code: ErrorCodeName, what: string): void => {
  if (depthOf(value, DEEPEST + 1) > DEEPEST) throw new SophiaError(code, `The ${what} is nested deeper than ${DEEPEST} levels.`);
};

const depthOf = (value: unknown, most: number): number => {
  if (typeof value !== 'object' || value === null || most === 0) return 0;
  let deepest = 0;
  for (const member of Object.values(value)) deepest = Math.max(deepest, depthOf(member, most - 1));
  return deepest + 1;
};
