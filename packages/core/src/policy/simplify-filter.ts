import type { Filter } from '@sophia/types';

/** A filter that is always true, and one that never is. */
export const ALWAYS: Filter = { and: [] };
export const NEVER: Filter = { or: [] };

/** All of them, without what is always true. */
export function allOf(filters: readonly Filter[]): Filter {
  const parts = filters.filter((filter) => !isAlways(filter));
  if (parts.some(isNever)) return NEVER;
  if (parts.length === 0) return ALWAYS;
  return parts.length === 1 ? (parts[0] as Filter) : { and: parts };
}

/** One of them, without what is never true. */
export function anyOf(filters: readonly Filter[]): Filter {
  const parts = filters.filter((filter) => !isNever(filter));
  if (parts.some(isAlways)) return ALWAYS;
  if (parts.length === 0) return NEVER;
  return parts.length === 1 ? (parts[0] as Filter) : { or: parts };
}

export function negate(filter: Filter): Filter {
  if (isAlways(filter)) return NEVER;
  return isNever(filter) ? ALWAYS : { not: filter };
}

const isAlways = (filter: Filter): boolean => 'and' in filter && filter.and.length === 0;
const isNever = (filter: Filter): boolean => 'or' in filter && filter.or.length === 0;
