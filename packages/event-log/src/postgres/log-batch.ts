import { SophiaError } from '@sophia/shared';
import type { EventFact } from '@sophia/types';
import { endOfTick, type Place } from '../position.ts';
import type { Tick } from './tick.ts';

/** What was read between two places. */
export interface LogBatch<Event extends EventFact = EventFact> {
  readonly events: readonly Event[];
  /** Each event's place in the table, in the same order; they never leave the adapter. */
  readonly positions: readonly string[];
  /** Where to read on. */
  readonly end: Place;
  /** The tick that the batch ends in or with. */
  readonly tick: Tick;
  /** Of the values of all events that were read: at most, or 0 of so few that they were not weighed. */
  readonly bytes?: number | undefined;
  /** Whether it ends before its bytes do, since the next tick does not fit. */
  readonly isFull?: boolean | undefined;
  /** The last tick that was passed to its end: what `completeTo` may state. */
  readonly complete: Tick;
}

/** Whether what it was to hold at most has cut it: there is more to read at once. */
export const isCutShort = ({ end, isFull }: LogBatch): boolean => end.offset > 0 || isFull === true;

/** Nothing up to the end of a tick. */
export const emptyBatch = (tick: Tick): LogBatch<never> => ({
  events: [],
  positions: [],
  end: endOfTick(tick.tick),
  tick,
  complete: tick,
});

export const unknownPlace = () => new SophiaError('invalid_cursor', 'The cursor is no place of this log: send it as it was received.');
