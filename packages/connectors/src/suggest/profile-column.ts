import { isJsonObject, SophiaError } from '@sophia/shared';
import type { JsonValue } from '@sophia/types';
import { compileCellReader } from '../mapping/column-access.ts';
import type { MatchedSource } from '../mapping/match-mapping.ts';
import { DEFAULT_LIMITS } from '../read/limits.ts';
import { type DateDetection, detectDates } from '../values/detect-date.ts';
import { detectNumbers, type NumberDetection } from '../values/detect-number.ts';

/** What a sample shows of a column. */
export interface ColumnProfile {
  readonly column: string;
  /** Its name as words in lower case: `closeDate` and `close_date` are `close date`. */
  readonly words: string;
  /** Its values as texts, without the empty ones. */
  readonly texts: readonly string[];
  /** How often each occurs. */
  readonly counts: ReadonlyMap<string, number>;
  readonly hasEmpty: boolean;
  readonly isUnique: boolean;
  readonly dates: DateDetection;
  readonly numbers: NumberDetection;
  /** Values that are lists or objects. */
  readonly isNested: boolean;
}

/**
 * Profiles of a table's columns, or of the members that the sample's objects have, those of objects within by their path.
 * One whose name is empty cannot be named in a mapping. Errors: `too_many_columns`, as of a table.
 */
export function profileColumns(source: MatchedSource): readonly ColumnProfile[] {
  const rows = source.sample.filter((row) => row.errors === undefined);
  const names = source.columns ?? membersOf(rows);
  return names
    .filter((column) => column !== '')
    .map((column) => {
      const read = compileCellReader(column, source.columns);
      return profile(
        column,
        rows.map((row) => read(row.values)),
      );
    });
}

/** Objects within are one member each where theirs are too many, as those of a map by id are. */
function membersOf(rows: readonly { readonly values: object }[]): readonly string[] {
  const names = distinctNames(rows, memberPaths) ?? distinctNames(rows, Object.keys);
  if (names !== undefined) return names;
  throw new SophiaError('too_many_columns', `The rows have more than ${DEFAULT_LIMITS.columns} members of different names.`);
}

/** Undefined where they are too many. */
function distinctNames(
  rows: readonly { readonly values: object }[],
  namesOf: (values: object) => readonly string[],
): readonly string[] | undefined {
  const names = new Set<string>();
  for (const { values } of rows) {
    for (const name of namesOf(values)) names.add(name);
    if (names.size > DEFAULT_LIMITS.columns) return undefined;
  }
  return [...names];
}

function memberPaths(values: object): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    isJsonObject(value) ? Object.keys(value).map((inner) => `${name}.${inner}`) : [name],
  );
}

function profile(column: string, values: readonly (JsonValue | undefined)[]): ColumnProfile {
  const filled = values.filter((value) => value !== undefined && value !== null && value !== '');
  const texts = filled.filter((value) => typeof value !== 'object').map((value) => String(value).trim());
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return {
    column,
    words: wordsOf(column),
    texts,
    counts,
    hasEmpty: filled.length < values.length,
    isUnique: texts.length > 0 && counts.size === texts.length,
    dates: detectDates(texts),
    numbers: detectNumbers(texts, false),
    isNested: filled.some((value) => typeof value === 'object'),
  };
}

/** Words in lower case, parted where letters change their case or at what is no letter or digit. */
export const wordsOf = (name: string): string =>
  name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
