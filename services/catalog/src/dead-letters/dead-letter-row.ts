import { isDeepStrictEqual } from 'node:util';
import type { IncomingRow, JsonObject, RowError } from '@sophia/types';
import type { DeadLetter, DeadLetterState, ImportRow } from '../catalog.ts';
import type { LetterSight } from './letter-sight.ts';

/** A letter as its table gives it. */
export interface DeadLetterRow {
  readonly id: string;
  readonly state: DeadLetterState;
  readonly record_type: string;
  readonly source_system: string;
  readonly import: string | null;
  readonly line: string;
  readonly errors: readonly RowError[];
  readonly payload: Omit<IncomingRow, 'line'> & Pick<ImportRow, 'streamVersion'>;
  readonly attempts: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export const DEAD_LETTER_COLUMNS =
  'id, state, record_type, source_system, import, line, errors, payload::json as payload, attempts, created_at, updated_at';

/** The letter as a principal sees it. */
export function seenLetter(row: DeadLetterRow, sight: LetterSight): DeadLetter {
  const { payload, errors, line, ...letter } = row;
  const { fields, original, streamVersion: _, ...common } = payload;
  const known = original === undefined ? {} : { original: withoutValues(original, sight) };
  return {
    ...letter,
    line: Number(line),
    errors: errors.map(sight.seenError),
    row: { ...common, fields: withoutValues(fields, sight), ...known },
  };
}

const withoutValues = (fields: JsonObject, { hidesField }: LetterSight): JsonObject =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, hidesField(name) ? null : value]));

/**
 * An edited row, with what its editor could not see kept as it is: also whether the row is a deletion, unless that is
 * said anew, and the raw values of what was not edited.
 */
export function repairedRow(
  before: DeadLetterRow['payload'],
  edited: Omit<IncomingRow, 'line'>,
  { hidesField }: LetterSight,
): DeadLetterRow['payload'] {
  const unseen = Object.keys(before.fields).filter((name) => hidesField(name) && (edited.fields[name] ?? null) === null);
  const kept = Object.fromEntries(unseen.map((name) => [name, before.fields[name] ?? null]));
  const row = {
    ...edited,
    fields: { ...edited.fields, ...kept },
    deleted: edited.deleted ?? before.deleted,
    streamVersion: before.streamVersion,
  };
  const original = Object.entries(before.original ?? {}).filter(([name]) =>
    isDeepStrictEqual(repairedTo(before, name), repairedTo(row, name)),
  );
  return original.length === 0 ? row : { ...row, original: Object.fromEntries(original) };
}

/** The value that a raw one was repaired to. */
const repairedTo = ({ source_id, fields }: DeadLetterRow['payload'], name: string) => (name === 'source_id' ? source_id : fields[name]);
