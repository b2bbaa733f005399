import type { Filter } from '@sophia/types';
import { filterFaults, isFilter } from './filter-faults.ts';
import { parseJsonText } from './parse-json-text.ts';
import { requireBounded } from './require-bounded.ts';
import { shapeError } from './shape-error.ts';

/** A filter given as JSON in an address. Errors: `invalid_filter`, with each problem's place. */
export const parseFilter = (text: string): Filter => {
  const value = parseJsonText('filter', text, 'invalid_filter');
  requireBounded(value, 'invalid_filter', 'filter');
  // The schema's static type is this union, but for its recursion.
  if (isFilter(value)) return value as Filter;
  throw shapeError('invalid_filter', 'filter', filterFaults(value, ''));
};
