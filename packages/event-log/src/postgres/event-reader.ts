import { SophiaError } from '@sophia/shared';
import type { LogEvent } from '@sophia/types';
import { endOfTick, formatPosition, type Place } from '../position.ts';
import { EVENT_COLUMNS, type EventRow, logEventOf } from './event-rows.ts';
import type { Select } from './select.ts';
import { contains } from './snapshot.ts';
import type { Tick } from './tick.ts';
import type { TickBook } from './tick-book.ts';

/** What was read between two places. */
export interface LogBatch {
  readonly events: readonly LogEvent[];
  /** Each event's place in the table, in the same order; they never leave the adapter. */
  readonly positions: readonly string[];
  /** Where to read on. */
  readonly end: Place;
  /** The tick that the batch ends in or with. */
  readonly tick: Tick;
  /** The last tick that was passed to its end: what `completeTo` may state. */
  readonly complete: Tick;
}

export interface EventReader {
  /** The events after a place, at most `limit`, of as many ticks as they fill; waits for none. Throws `invalid_cursor`. */
  read(select: Select, from: Place, limit: number): Promise<LogBatch>;
}

/** Places in the middle of a tick whose position in the table is remembered. */
const REMEMBERED = 1_000;

/**
 * Reads ticks (PgQ's method, Marko Kreen and Skype): what a tick's snapshot sees and the one before does not.
 * Consecutive ticks are read at once, as the difference between their outer snapshots, and each event
 * is given to the first tick that sees it. A tick with more events than asked for is read in pages.
 */
export function createEventReader(epoch: string, book: TickBook): EventReader {
  const pages = new Map<string, string>();
  const remember = (end: Place, position: string) => {
    pages.set(`${end.tick}.${end.offset}`, position);
    for (const oldest of pages.keys()) {
      if (pages.size <= REMEMBERED) break;
      pages.delete(oldest);
    }
  };

  const event = (row: EventRow, tick: Tick, offset: number) => logEventOf(row, formatPosition(epoch, tick.tick, offset), tick.at);

  /** The events of one tick after its first `offset` ones. */
  const readPage = async (select: Select, base: Tick, tick: Tick, offset: number, limit: number): Promise<LogBatch> => {
    const known = pages.get(`${tick.tick}.${offset}`);
    const after = offset === 0 ? base.floor : (known ?? (await positionOf(select, base, tick, offset)));
    const rows = await select<EventRow>(READ_PAGE, [base.snapshot?.text, tick.snapshot?.text, after, tick.ceiling, limit + 1]);
    return cutPage(rows, base, tick, offset, limit);
  };

  const cutPage = (rows: readonly EventRow[], base: Tick, tick: Tick, offset: number, limit: number): LogBatch => {
    const taken = rows.slice(0, limit);
    const events = taken.map((row, index) => event(row, tick, offset + index + 1));
    const positions = taken.map(({ position }) => position);
    if (rows.length <= limit) return { events, positions, end: endOfTick(tick.tick), tick, complete: tick };
    const end = { tick: tick.tick, offset: offset + taken.length };
    remember(end, positions[positions.length - 1] as string);
    return { events, positions, end, tick, complete: base };
  };

  /** All events of `ticks` after the first one; undefined where they are more than `limit`. */
  const readTicks = async (select: Select, ticks: readonly Tick[], limit: number): Promise<LogBatch | undefined> => {
    const [base, ...next] = ticks as [Tick, ...Tick[]];
    const last = next[next.length - 1] as Tick;
    const rows = await select<EventRow>(READ_RANGE, [base.snapshot?.text, last.snapshot?.text, base.floor, last.ceiling, limit + 1]);
    return rows.length > limit ? undefined : spread(rows, next);
  };

  /** Gives each event to the first tick that sees it; within a tick they are in order of position. */
  const spread = (rows: readonly EventRow[], ticks: readonly Tick[]): LogBatch => {
    const indexes = new Map<string, number>();
    const indexOf = ({ xid }: EventRow): number => {
      const known = indexes.get(xid);
      if (known !== undefined) return known;
      const index = firstThatSees(ticks, Number(xid));
      indexes.set(xid, index);
      return index;
    };
    const sorted = rows
      .map((row) => ({ row, index: indexOf(row), position: Number(row.position) }))
      .sort((a, b) => a.index - b.index || a.position - b.position);
    let current = -1;
    let offset = 0;
    const events = sorted.map(({ row, index }) => {
      offset = index === current ? offset + 1 : 1;
      current = index;
      return event(row, ticks[index] as Tick, offset);
    });
    const last = ticks[ticks.length - 1] as Tick;
    return { events, positions: sorted.map(({ row }) => row.position), end: endOfTick(last.tick), tick: last, complete: last };
  };

  /** Events that a restore brought back carry their tick. */
  const readRestored = async (select: Select, ticks: readonly Tick[], from: Place, limit: number): Promise<LogBatch> => {
    const [base, ...next] = ticks as [Tick, ...Tick[]];
    const last = next[next.length - 1] as Tick;
    const after =
      from.offset === 0
        ? [from.tick, 0]
        : [from.tick, pages.get(`${from.tick}.${from.offset}`) ?? (await restoredPositionOf(select, from.tick, from.offset))];
    const rows = await select<EventRow>(READ_RESTORED, [...after, last.tick, limit + 1]);
    const taken = rows.slice(0, limit);
    let current = from.tick;
    let offset = from.offset;
    let index = 0;
    const events = taken.map((row) => {
      const number = Number(row.tick);
      offset = number === current ? offset + 1 : 1;
      current = number;
      while ((next[index] as Tick).tick < number) index++;
      return event(row, next[index] as Tick, offset);
    });
    const positions = taken.map(({ position }) => position);
    if (rows.length <= limit) return { events, positions, end: endOfTick(last.tick), tick: last, complete: last };
    const end = { tick: current, offset };
    remember(end, positions[positions.length - 1] as string);
    return { events, positions, end, tick: next[index] as Tick, complete: index === 0 ? base : (next[index - 1] as Tick) };
  };

  return {
    async read(select, from, limit) {
      const [base, ...next] = await book.from(from.tick - 1);
      if (base === undefined || (from.offset > 0 && next[0]?.tick !== from.tick)) throw unknownPlace();
      const [first] = next;
      if (first === undefined) return { events: [], positions: [], end: endOfTick(base.tick), tick: base, complete: base };
      if (first.snapshot === null) return readRestored(select, [base, ...takeRestored(next)], from, limit);
      // The first tick after a restore: it has no events, those to come are told by its snapshot.
      if (base.snapshot === null) return { events: [], positions: [], end: endOfTick(first.tick), tick: first, complete: first };
      if (from.offset > 0) return readPage(select, base, first, from.offset, limit);
      const together = next.slice(0, next.findLastIndex((tick, index) => index === 0 || tick.ceiling - base.ceiling <= limit) + 1);
      return (await readTicks(select, [base, ...together], limit)) ?? readPage(select, base, first, 0, limit);
    },
  };
}

function takeRestored(ticks: readonly Tick[]): readonly Tick[] {
  const live = ticks.findIndex(({ snapshot }) => snapshot !== null);
  return live === -1 ? ticks : ticks.slice(0, live);
}

/** Once in a snapshot, a transaction is in every later one. */
function firstThatSees(ticks: readonly Tick[], transaction: number): number {
  let low = 0;
  let high = ticks.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { snapshot } = ticks[middle] as Tick;
    if (snapshot !== null && contains(snapshot, transaction)) high = middle;
    else low = middle + 1;
  }
  return low;
}

async function positionOf(select: Select, base: Tick, tick: Tick, offset: number): Promise<string> {
  if (offset > tick.ceiling - base.floor) throw unknownPlace();
  const values = [base.snapshot?.text, tick.snapshot?.text, base.floor, tick.ceiling, offset];
  return atOffset(await select<{ position: string }>(POSITION_IN_TICK, values));
}

async function restoredPositionOf(select: Select, tick: number, offset: number): Promise<string> {
  return atOffset(await select<{ position: string }>(POSITION_IN_RESTORED_TICK, [tick, offset]));
}

function atOffset([row]: readonly { readonly position: string }[]): string {
  if (row === undefined) throw unknownPlace();
  return row.position;
}

const unknownPlace = () => new SophiaError('invalid_cursor', 'The cursor is no place of this log: send it as it was received.');

const READ_RANGE = {
  name: 'event_log_read_range',
  text: `select ${EVENT_COLUMNS} from read_event_range($1, $2, $3, $4, $5)`,
};
const READ_PAGE = {
  name: 'event_log_read_page',
  text: `select ${EVENT_COLUMNS} from read_event_page($1, $2, $3, $4, $5)`,
};
const READ_RESTORED = {
  name: 'event_log_read_restored',
  text: `select ${EVENT_COLUMNS} from read_restored_events($1, $2, $3, $4)`,
};
const POSITION_IN_TICK = {
  name: 'event_log_position_in_tick',
  text: 'select max(position) as position from read_event_page($1, $2, $3, $4, $5) having count(*) = $5',
};
const POSITION_IN_RESTORED_TICK = {
  name: 'event_log_position_in_restored_tick',
  text: 'select position from event where tick = $1 order by position limit 1 offset $2::bigint - 1',
};
