import type { JsonObject, JsonValue } from '@sophia/types';
import type { RowValues } from '../read/source-row.ts';
import { comparable } from './comparable.ts';
import type { Mapping } from './mapping.ts';

/**
 * Compiles the gathering of columns that a mapping neither uses nor leaves out; they are kept under `extra`, whatever
 * their names. `isLeftOut` tells members of objects that are nobody's. Undefined for a table that has none.
 */
export function compileUnused(
  mapping: Mapping,
  used: readonly string[],
  columns: readonly string[] | undefined,
  isLeftOut: (member: string) => boolean = () => false,
): ((row: RowValues) => JsonObject | undefined) | undefined {
  // A path's first name stands for the object that holds it, which is then used.
  const firstNames = columns === undefined && mapping.exact_names !== true ? used.map((column) => column.replace(/\..*$/s, '')) : [];
  const known = new Set([...used, ...mapping.ignore, ...firstNames]);
  // The members of objects may be composed otherwise.
  if (columns === undefined)
    return (row) => gather(Object.entries(row).filter(([name]) => !known.has(name) && !known.has(comparable(name)) && !isLeftOut(name)));
  const unused = columns.map((name, index) => ({ name, index })).filter(({ name }) => !known.has(name));
  if (unused.length === 0) return undefined;
  return (row) => gather(unused.map(({ name, index }) => [name, Array.isArray(row) ? row[index] : undefined]));
}

function gather(entries: readonly (readonly [string, JsonValue | undefined])[]): JsonObject | undefined {
  const filled = entries.filter((entry): entry is [string, JsonValue] => entry[1] !== undefined && entry[1] !== null && entry[1] !== '');
  return filled.length === 0 ? undefined : Object.fromEntries(filled);
}
