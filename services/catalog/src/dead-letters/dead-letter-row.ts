import { isDeepStrictEqual } from 'node:util';
import type { IncomingRow, JsonObject, JsonValue, RowError } from '@sophia/types';
import type { DeadLetter, DeadLetterState, ImportRow } from '../catalog.ts';
import type { LetterSight } from './letter-sight.ts';

/** The row, and what its replay needs to know. */
export interface LetterPayload extends Omit<IncomingRow, 'line'>, Pick<ImportRow, 'streamVersion'> {
  /** Fields that hold a raw value, which the mapping could not read and nobody has repaired. */
  readonly unread?: readonly string[] | undefined;
  /** Fields that were masked for whoever sent the row; letters of older versions do not say. */
  readonly unseen?: readonly string[] | undefined;
  /** Fields of which a repair has said that the row means what it gives, also where that is nothing. */
  readonly said?: readonly string[] | undefined;
}

/** A letter as its table gives it. */
export interface DeadLetterRow {
  readonly id: string;
  readonly state: DeadLetterState;
  readonly record_type: string;
  readonly source_system: string;
  readonly import: string | null;
  readonly line: string;
  readonly errors: readonly RowError[];
  readonly payload: LetterPayload;
  readonly attempts: number;
  readonly created_at: string;
  readonly updated_at: string;
}

const COLUMNS = [
  'id',
  'state',
  'record_type',
  'source_system',
  'import',
  'line',
  'errors',
  'payload',
  'attempts',
  'created_at',
  'updated_at',
];
/** As they are in the table, and as letters are read. */
export const STORED_COLUMNS = COLUMNS.join(', ');
export const DEAD_LETTER_COLUMNS = COLUMNS.map((name) => (name === 'payload' ? 'payload::json as payload' : name)).join(', ');

/** The letter as a principal sees it. */
export function seenLetter(row: DeadLetterRow, sight: LetterSight): DeadLetter {
  const { payload, errors, line, ...letter } = row;
  const { fields, original, streamVersion: _, unread: __, unseen: ___, said: ____, ...common } = payload;
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
 * The errors of fields that still hold what their mapping could not read: a decimal comma or a unit that the type's own
 * rules know nothing of would be lost.
 */
export const unreadErrors = ({ errors, payload: { unread = [] } }: Pick<DeadLetterRow, 'errors' | 'payload'>): readonly RowError[] =>
  errors.filter(({ column }) => column !== undefined && unread.includes(column));

/**
 * An edited row, with what its editor could not see kept as it is: also whether the row is a deletion, unless that is
 * said anew, and what is known of the values that were not edited. A value that the editor sees and confirms is right as it is,
 * although its mapping could not read it, or its writer could not see what it leaves out.
 */
export function repairedRow(
  before: LetterPayload,
  edited: Omit<IncomingRow, 'line'>,
  sight: LetterSight,
  confirmed: readonly string[] = [],
): LetterPayload {
  const kept = Object.fromEntries(unseenFields(before, edited, sight).map((name) => [name, fieldOf(before, name)]));
  const row = {
    ...edited,
    fields: { ...edited.fields, ...kept },
    deleted: edited.deleted ?? before.deleted,
    streamVersion: before.streamVersion,
  };
  const original = Object.entries(before.original ?? {}).filter(([name]) => isKept(before, row, name));
  const isConfirmed = (name: string): boolean => confirmed.includes(name) && !sight.hidesField(name);
  const said = [...new Set([...(before.said ?? []), ...confirmed.filter(isConfirmed)])];
  const unread = (before.unread ?? []).filter((name) => isKept(before, row, name) && !isConfirmed(name));
  return {
    ...row,
    ...(original.length === 0 ? {} : { original: Object.fromEntries(original) }),
    ...(unread.length === 0 ? {} : { unread }),
    ...(before.unseen === undefined ? {} : { unseen: before.unseen }),
    ...(said.length === 0 ? {} : { said }),
  };
}

/** The fields that an editor could not see and has not set: what they hold is kept. */
export const unseenFields = (
  { fields }: LetterPayload,
  edited: Omit<IncomingRow, 'line'>,
  { hidesField }: LetterSight,
): readonly string[] => Object.keys(fields).filter((name) => hidesField(name) && fieldOf(edited, name) === null);

/** Null where it is empty or not there. */
export const fieldOf = ({ fields }: Pick<IncomingRow, 'fields'>, name: string): JsonValue =>
  Object.hasOwn(fields, name) ? (fields[name] ?? null) : null;

/** Whether a repair left the value of a field, or of what every row has, as it was. */
export const isKept = (before: LetterPayload, repaired: LetterPayload, name: string): boolean =>
  isDeepStrictEqual(valueAt(before, name), valueAt(repaired, name));

/** The value of a field, or of what every row has; null where there is none. */
function valueAt(payload: LetterPayload, name: string): JsonValue {
  switch (name) {
    case 'source_id':
    case 'occurred_at':
    case 'business_priority':
    case 'deleted':
      return payload[name] ?? null;
    default:
      return fieldOf(payload, name);
  }
}
