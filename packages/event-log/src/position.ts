import { SophiaError } from '@sophia/shared';
import type { Position } from '@sophia/types';

/**
 * A place between events. `{tick, offset: k}` stands behind the k-th event of a tick (from 1);
 * `{tick, offset: 0}` before the first one, so it is also the end of the tick before. There is one
 * form for each place: a tick that was passed to its end is written as offset 0 of the next.
 */
export interface Place {
  readonly tick: number;
  readonly offset: number;
}

/** Before everything: tick 0 never has events. */
export const BEGINNING: Place = { tick: 1, offset: 0 };

export const endOfTick = (tick: number): Place => ({ tick: tick + 1, offset: 0 });

export const comparePlaces = (a: Place, b: Place): number => a.tick - b.tick || a.offset - b.offset;

// The only maker of positions.
export const formatPosition = (epoch: string, tick: number, offset: number): Position => `${epoch}.${tick}.${offset}` as Position;

/** Places before the beginning are the beginning. Throws `invalid_cursor`, or `cursor_of_another_log` for one of another epoch. */
export function parsePosition(epoch: string, text: string): Place {
  const parts = FORM.exec(text);
  if (parts === null) throw new SophiaError('invalid_cursor', 'The cursor is none of this log: send it as it was received.');
  const [, found, tick, offset] = parts;
  if (found !== epoch) {
    throw new SophiaError(
      'cursor_of_another_log',
      'The log was begun anew, restored or moved since this cursor was given: start over without one.',
      {
        details: { expected: epoch, found },
      },
    );
  }
  const place = { tick: Number(tick), offset: Number(offset) };
  return comparePlaces(place, BEGINNING) < 0 ? BEGINNING : place;
}

/** Where a reader with this cursor reads on: without one, at the beginning. Throws as `parsePosition` does. */
export const placeOfCursor = (epoch: string, cursor: Position | null): Place =>
  cursor === null ? BEGINNING : parsePosition(epoch, cursor);

const FORM = /^([0-9a-z]{1,16})\.(\d{1,15})\.(\d{1,15})$/;
