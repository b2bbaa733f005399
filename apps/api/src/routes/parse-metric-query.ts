import { type MetricQuery, MetricQuerySchema } from '@sophia/types';
import { Compile } from 'typebox/compile';
import { fewMembers, filterFaults, isFilter, soundParts } from './filter-faults.ts';
import { requireBounded } from './require-bounded.ts';
import { type SchemaProblem, shapeError } from './shape-error.ts';

const schema = Compile(MetricQuerySchema);

/** Errors: `invalid_request`, with each problem's place below `path`. */
export const parseMetricQuery = (value: unknown, path: string): MetricQuery => {
  requireBounded(value, 'invalid_request', 'query');
  // The schema's static type is this interface, but for its recursion.
  if (schema.Check(value)) return value as MetricQuery;
  throw shapeError('invalid_request', path, faultsOf(value));
};

const MEMBERS = new Set(Object.keys(MetricQuerySchema.properties));

/** Of each list the first filter that is none, and what is wrong beside filters: looked for apart, since the schema takes long over them. */
const faultsOf = (query: unknown): readonly SchemaProblem[] => {
  const faults: SchemaProblem[] = [];
  const rest = fewMembers(query, MEMBERS, (name, member) => {
    if (!Array.isArray(member)) return member;
    if (name !== 'filters' && name !== 'having') return member.slice(0, MOST_NAMES);
    const fault = member.findIndex((filter) => !isFilter(filter));
    if (fault !== -1) faults.push(...filterFaults(member[fault], `/${name}/${fault}`));
    return soundParts(member);
  });
  return [...faults, ...schema.Errors(rest)];
};

/** More than any list of names may have. */
const MOST_NAMES = 51;
