import { ERROR_CODES, type FieldMask, type IncomingRow, type JsonObject, type RowError } from '@sophia/types';
import type { DeadLetter, DeadLetterState } from '../catalog.ts';

/** A letter as its table gives it. */
export interface DeadLetterRow {
  readonly id: string;
  readonly state: DeadLetterState;
  readonly record_type: string;
  readonly source_system: string;
  readonly import: string | null;
  readonly line: string;
  readonly errors: readonly RowError[];
  readonly payload: Omit<IncomingRow, 'line'>;
  readonly attempts: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export const DEAD_LETTER_COLUMNS =
  'id, state, record_type, source_system, import, line, errors, payload::json as payload, attempts, created_at, updated_at';

/**
 * The letter as a principal with these masks sees it. A rejected row is no record that could be
 * judged, so a field that is masked in some rows is masked here.
 */
export function seenLetter(row: DeadLetterRow, masks: readonly FieldMask[]): DeadLetter {
  const masked = new Set(masks.flatMap(({ fields }) => fields));
  const { payload, errors, line, ...letter } = row;
  const { fields, original, ...common } = payload;
  const known = original === undefined ? {} : { original: withoutValues(original, masked) };
  return {
    ...letter,
    line: Number(line),
    errors: errors.map((error) => (error.column !== undefined && masked.has(error.column) ? withoutValue(error) : error)),
    row: { ...common, fields: withoutValues(fields, masked), ...known },
  };
}

const withoutValues = (fields: JsonObject, masked: ReadonlySet<string>): JsonObject =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, masked.has(name) ? null : value]));

/** An error without the value, which its message repeats. */
export const withoutValue = ({ value: _, ...error }: RowError): RowError => ({
  ...error,
  message: new Map(Object.entries(ERROR_CODES)).get(error.code)?.title ?? error.code,
});

/** An edited row, with what its editor could not see kept as it is. */
export function repairedRow(
  before: DeadLetterRow['payload'],
  edited: Omit<IncomingRow, 'line'>,
  masks: readonly FieldMask[],
): DeadLetterRow['payload'] {
  const unseen = masks.flatMap(({ fields }) => fields).filter((name) => (edited.fields[name] ?? null) === null && name in before.fields);
  const kept = Object.fromEntries(unseen.map((name) => [name, before.fields[name] ?? null]));
  return { ...edited, fields: { ...edited.fields, ...kept } };
}
