import { SophiaError } from '@sophia/shared';
import { parseInstant } from './parse-instant.ts';

/** A place in a listing by time, behind an item that was made or happened at `at`. */
export interface TimePlace {
  readonly at: string;
  readonly id: string;
}

export const timeCursor = ({ at, id }: TimePlace): string => `${at}~${id}`;

/** Errors: `invalid_cursor` for one that no listing of `what` gave. */
export function readTimeCursor(cursor: string, isId: (text: string) => boolean, what: string): TimePlace {
  const cut = cursor.lastIndexOf('~');
  const at = parseInstant(cursor.slice(0, Math.max(cut, 0)));
  const id = cursor.slice(cut + 1);
  if (at === undefined || !isId(id)) throw unknownCursor(what);
  return { at, id };
}

export const unknownCursor = (what: string): SophiaError =>
  new SophiaError('invalid_cursor', `The cursor is none that a listing of ${what} gave.`);
