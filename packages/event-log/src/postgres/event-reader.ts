import type { EventFact } from '@sophia/types';
import { comparePlaces, type Place } from '../position.ts';
import type { Bound } from './bounded-rows.ts';
import type { EventShape, FactRow } from './event-rows.ts';
import { emptyBatch, type LogBatch, unknownPlace } from './log-batch.ts';
import { createPageMemory } from './page-memory.ts';
import { readPage } from './read-page.ts';
import { readRestored } from './read-restored.ts';
import { readTicks } from './read-ticks.ts';
import type { Select } from './select.ts';
import { isLive, type LiveTick, type Tick } from './tick.ts';
import type { TickBook } from './tick-book.ts';

export interface Most {
  readonly limit: number;
  readonly bound: Bound;
  readonly upTo?: Place | undefined;
}

export interface EventReader<Event extends EventFact> {
  /**
   * The events after a place and, where told, up to another: at most `limit`, of as many ticks as they fill, and up to the one
   * that fills the bytes. Waits for none. Throws `invalid_cursor`.
   */
  read(select: Select, from: Place, most: Most): Promise<LogBatch<Event>>;
}

/**
 * Reads ticks as PgQ does (Marko Kreen, "PgQ: queueing for PostgreSQL", 2009). Several ticks are read
 * at once; one with more events than asked for is read in pages.
 */
export function createEventReader<Event extends EventFact, Row extends FactRow>(
  epoch: string,
  book: TickBook,
  shape: EventShape<Event, Row>,
): EventReader<Event> {
  const memory = createPageMemory();

  const readSome = async (select: Select, from: Place, { limit, bound, upTo = END }: Most): Promise<LogBatch<Event>> => {
    const [base, ...next] = await book.from(from.tick - 1);
    if (base === undefined || (from.offset > 0 && next[0]?.tick !== from.tick)) throw unknownPlace();
    const { ticks, room } = within(next, from, upTo);
    const most = Math.min(limit, room);
    const [first, ...rest] = ticks;
    if (first === undefined || most <= 0) return { events: [], positions: [], end: from, tick: base, complete: base };
    if (!isLive(first))
      return readRestored(
        select,
        shape,
        { epoch, memory, base, ticks: [first, ...rest.filter((tick) => !isLive(tick))], bound },
        from,
        most,
      );
    if (!isLive(base)) {
      // The first tick after a restore: it has no events, those to come are told by its snapshot.
      if (from.offset > 0) throw unknownPlace();
      return emptyBatch(first);
    }
    const page = { epoch, memory, base, tick: first, bound };
    if (from.offset > 0) return readPage(select, shape, page, from.offset, most);
    const together = rest.filter((tick): tick is LiveTick => isLive(tick) && tick.ceiling - base.ceiling <= most);
    return (await readTicks(select, shape, epoch, base, [first, ...together], most, bound)) ?? readPage(select, shape, page, 0, most);
  };

  return {
    async read(select, from, most) {
      let batch = await readSome(select, from, most);
      const { tick: head } = book.head;
      let before = from;
      // Ticks without events are passed at once.
      while (batch.events.length === 0 && batch.tick.tick < head && comparePlaces(batch.end, before) > 0) {
        before = batch.end;
        batch = await readSome(select, before, most);
      }
      return batch;
    },
  };
}

const END: Place = { tick: Number.POSITIVE_INFINITY, offset: 0 };

/** Those of the ticks that end before a place; or the one that it stands in, with how many of its events are before it. */
function within(ticks: readonly Tick[], from: Place, upTo: Place): { readonly ticks: readonly Tick[]; readonly room: number } {
  const [first] = ticks;
  if (first?.tick === upTo.tick) {
    return { ticks: [first], room: upTo.offset - from.offset };
  }
  return { ticks: ticks.filter(({ tick }) => tick < upTo.tick), room: Number.POSITIVE_INFINITY };
}
