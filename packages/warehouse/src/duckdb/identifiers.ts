import { SophiaError } from '@sophia/shared';
import { RESERVED_NAMES } from '@sophia/types';

/** A name in SQL. Only names that `checkedName` let pass, and our own, come here. */
export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const quoteAll = (names: readonly string[]): string => names.map(quote).join(', ');

/** A text literal in SQL, of our own words and checked names only: values are always bound. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const NAME = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
const LONGEST = 60;

/**
 * Returns the name of a record type or field if it can name a table or column: lower-case words joined by single
 * underscores (two belong to names that are made here). Throws `warehouse_layout_refused`.
 */
export function checkedName(kind: 'record type' | 'field', name: string): string {
  if (NAME.test(name) && name.length <= LONGEST && !RESERVED_NAMES.has(name)) return name;
  throw new SophiaError(
    'warehouse_layout_refused',
    `${JSON.stringify(name)} cannot name a ${kind}: expected at most ${LONGEST} lower-case letters, digits and single underscores, and no column that every record has.`,
    { details: { kind, name } },
  );
}
