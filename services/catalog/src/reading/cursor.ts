import { SophiaError } from '@sophia/shared';
import type { Page } from '../catalog.ts';

/** A place in a listing, opaque to clients. */
export const encodeCursor = (parts: readonly (string | number)[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

/** The parts of a cursor, all texts or numbers, as many as its listing gives. Errors: `invalid_cursor`. */
export function decodeCursor(cursor: string, fewest: number, most = fewest): readonly string[] {
  const parts = parse(cursor);
  if (!Array.isArray(parts) || parts.length < fewest || parts.length > most || !parts.every(isPart)) throw unknownCursor();
  return parts.map(String);
}

const isPart = (part: unknown): boolean => typeof part === 'string' || typeof part === 'number';

export const unknownCursor = (): SophiaError => new SophiaError('invalid_cursor', 'The cursor is none that this listing gave.');

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    // Not ours: the caller says so.
    return undefined;
  }
}

/**
 * A page of the rows that the statement of a bounded page gave; `place` gives the parts of the cursor behind a row, and
 * `looked` those of the last row that was looked at, where there may be more behind it.
 */
export function boundedPageOf<Row>(
  rows: readonly Row[],
  found: number,
  limit: number,
  place: (row: Row) => readonly string[],
  looked?: readonly string[],
): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next = last === undefined || found === items.length ? looked : place(last);
  return { items, nextCursor: next === undefined ? null : encodeCursor(next) };
}

/** How many items a page has. Errors: `invalid_request`. */
export function pageLimit(limit: number | undefined): number {
  const wanted = limit ?? 100;
  if (Number.isInteger(wanted) && wanted >= 1 && wanted <= 1_000) return wanted;
  throw new SophiaError('invalid_request', `limit is ${wanted}; allowed are whole numbers from 1 to 1,000.`);
}
