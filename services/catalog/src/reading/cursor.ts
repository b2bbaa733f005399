import { SophiaError } from '@sophia/shared';
import type { Page } from '../catalog.ts';

/**
 * A place in a listing, opaque to clients, but signed by nobody: it holds only what a caller may know, and a listing shows
 * behind a made-up place what it shows anyway.
 */
export const encodeCursor = (listing: string, place: readonly string[]): string =>
  Buffer.from(JSON.stringify([listing, ...place])).toString('base64url');

/** The parts of a place in the listing, so many. Errors: `invalid_cursor`, also for one of another listing. */
export function decodeCursor(listing: string, cursor: string, length: number): readonly string[] {
  const parts = parse(cursor);
  if (!Array.isArray(parts) || parts.length !== length + 1 || !parts.every(isPart) || parts[0] !== listing) throw unknownCursor();
  return parts.slice(1);
}

/** PostgreSQL has no text with a NUL. */
const isPart = (part: unknown): boolean => typeof part === 'string' && !part.includes('\0');

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
 * A page of the rows that the statement of a bounded page gave; `place` gives the place behind a row, and `looked` is the one
 * up to which rows were looked at, where there may be more behind it.
 */
export function boundedPageOf<Row>(listing: string, rows: readonly Row[], { found, limit, place, looked }: PageBounds<Row>): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next = last === undefined || found === items.length ? looked : place(last);
  return { items, nextCursor: next === undefined ? null : encodeCursor(listing, next) };
}

interface PageBounds<Row> {
  readonly found: number;
  readonly limit: number;
  readonly place: (row: Row) => readonly string[];
  readonly looked?: readonly string[] | undefined;
}

/** How many items a page has. Errors: `invalid_request`. */
export function pageLimit(limit: number | undefined): number {
  const wanted = limit ?? 100;
  if (Number.isInteger(wanted) && wanted >= 1 && wanted <= 1_000) return wanted;
  throw new SophiaError('invalid_request', `limit is ${wanted}; allowed are whole numbers from 1 to 1,000.`);
}
