import type { AuditEntry } from './audit.ts';

/** An entry that happened, once or several times within a moment. */
export interface PendingEntry {
  readonly entry: AuditEntry;
  /** As PostgreSQL and JSON write it. */
  readonly at: string;
  times: number;
  rows: number;
  milliseconds: number;
}

/** Milliseconds since 1970 as text; making it takes a microsecond, so entries of a moment share one. */
export const instantOf = (at: number): string => new Date(at).toISOString();

export const pending = (entry: AuditEntry, at: string): PendingEntry => ({
  entry,
  at,
  times: 1,
  rows: entry.rows ?? 0,
  milliseconds: entry.milliseconds,
});

/** The values of `ENTRY_COLUMNS`. */
export function entryValues({ entry, at, times, rows, milliseconds }: PendingEntry): readonly unknown[] {
  const { call, action, object, result = 'ok', details } = entry;
  const { principal, via, address, request } = call;
  return [
    principal.workspace,
    at,
    storable(principal.id),
    storable(principal.onBehalfOf),
    via,
    action,
    storable(object),
    result,
    rows,
    // To the microsecond: sums of binary fractions have digits that say nothing.
    Math.round(milliseconds * 1_000) / 1_000,
    times,
    storable(address),
    storable(request),
    details === undefined ? null : JSON.stringify(details, (_, value: unknown) => (typeof value === 'string' ? clean(value) : value)),
  ];
}

const MAXIMUM_LENGTH = 2_000;

/** A query may name hundreds of things: an entry keeps the first of them. */
function storable(text: string | undefined): string | null {
  if (text === undefined) return null;
  return clean(text.length <= MAXIMUM_LENGTH ? text : `${text.slice(0, MAXIMUM_LENGTH - 1)}…`);
}

/** PostgreSQL's text has no NUL and no half of a character, and one such entry would hold up all others. */
const clean = (text: string): string => (UNSTORABLE.test(text) ? text.toWellFormed().replaceAll('\0', '') : text);

const UNSTORABLE = /[\0\ud800-\udfff]/;
