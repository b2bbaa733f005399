import { Filter } from '@sophia/types';
import { Compile } from 'typebox/compile';
import type { SchemaProblem } from './shape-error.ts';

const schema = Compile(Filter);

/** A condition that every schema of filters takes. */
const SOUND: Filter = { and: [] };
/** More values or parts than a list may have, and more unknown members than an error tells. */
const MOST_VALUES = 1_001;
const MOST_PARTS = 101;
const MOST_UNKNOWN = 3;

export const isFilter = (value: unknown): boolean => schema.Check(value);

/**
 * What is wrong with the innermost part that is no filter although all within it are: of a whole filter the schema tells
 * but the first few problems, and takes long to find them all.
 */
export const filterFaults = (filter: unknown, path: string): readonly SchemaProblem[] => {
  const fault = partsOf(filter).find(([, within]) => !isFilter(within));
  if (fault !== undefined) return filterFaults(fault[1], `${path}/${fault[0]}`);
  return schema.Errors(outline(filter)).map((problem) => ({ ...problem, instancePath: `${path}${problem.instancePath}` }));
};

const partsOf = (filter: unknown): readonly (readonly [place: string, part: unknown])[] =>
  Object.entries(Object(filter)).flatMap(([name, within]): [string, unknown][] => {
    if (name === 'not') return [[name, within]];
    const isList = (name === 'and' || name === 'or') && Array.isArray(within);
    return isList ? within.map((each, index) => [`${name}/${index}`, each]) : [];
  });

const MEMBERS = new Set(['field', 'operator', 'values', 'and', 'or', 'not']);

/** A filter whose parts are filters, with as much of it as shows what is wrong. */
const outline = (filter: unknown): unknown =>
  fewMembers(filter, MEMBERS, (name, member) => {
    if (name === 'not') return SOUND;
    if (!Array.isArray(member)) return member;
    return name === 'values' ? member.slice(0, MOST_VALUES) : soundParts(member);
  });

/** As many filters that are right as there are, or one more than may be. */
export const soundParts = (filters: readonly unknown[]): readonly Filter[] => filters.slice(0, MOST_PARTS).map(() => SOUND);

/** An object with the members that it may have, each as `see` shows it, and the first few others; what is none stays itself. */
export const fewMembers = (value: unknown, known: ReadonlySet<string>, see: (name: string, member: unknown) => unknown): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value);
  const others = members.filter(([name]) => !known.has(name)).slice(0, MOST_UNKNOWN);
  return Object.fromEntries([...members.filter(([name]) => known.has(name)).map(([name, member]) => [name, see(name, member)]), ...others]);
};
