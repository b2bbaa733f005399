import { Filter } from '@sophia/types';
import { Compile } from 'typebox/compile';
import { parseAddressJson } from './parse-address-json.ts';
import { requireShallow } from './require-shallow.ts';
import { shapeError } from './shape-error.ts';

const schema = Compile(Filter);

/** A filter given as JSON in an address. Errors: `invalid_filter`, with each problem's place. */
export const parseFilter = (text: string): Filter => {
  const value = parseAddressJson('filter', text, 'invalid_filter');
  requireShallow(value, 'invalid_filter', 'filter');
  // The schema's static type is this union, but for its recursion.
  if (schema.Check(value)) return value as Filter;
  const { part, path } = innermostFault(value, 'filter');
  throw shapeError('invalid_filter', path, schema.Errors(part));
};

/** The part that is no filter although all within it are: of a whole filter the schema tells but the first few problems. */
const innermostFault = (part: unknown, path: string): { readonly part: unknown; readonly path: string } => {
  const fault = partsOf(part).find(([, within]) => !schema.Check(within));
  return fault === undefined ? { part, path } : innermostFault(fault[1], `${path}/${fault[0]}`);
};

const partsOf = (part: unknown): readonly (readonly [place: string, part: unknown])[] =>
  Object.entries(Object(part)).flatMap(([name, within]): [string, unknown][] => {
    if (name === 'not') return [[name, within]];
    const isList = (name === 'and' || name === 'or') && Array.isArray(within);
    return isList ? within.map((each, index) => [`${name}/${index}`, each]) : [];
  });
