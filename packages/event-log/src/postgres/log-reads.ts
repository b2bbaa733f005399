import type { Database } from '@sophia/database';
import type { EventFact, LogEvent } from '@sophia/types';
import type { EventLog } from '../event-log.ts';
import { comparePlaces, endOfTick, formatPosition, type Place, placeOfCursor } from '../position.ts';
import { PAGE } from './bounded-rows.ts';
import type { EventReader } from './event-reader.ts';
import { READ_LIMIT, readFiltered } from './filtered-read.ts';
import { microBatch } from './hand-over.ts';
import { unknownPlace } from './log-batch.ts';
import { readHistory } from './record-history.ts';
import { selectFrom } from './select.ts';
import type { TickBook } from './tick-book.ts';

export interface LogReadsOptions {
  readonly log: Database;
  readonly epoch: string;
  readonly book: TickBook;
  readonly events: EventReader<LogEvent>;
  readonly facts: EventReader<EventFact>;
}

/** What the log answers of its events and of places in it. */
export const createLogReads = ({
  log,
  epoch,
  book,
  events,
  facts,
}: LogReadsOptions): Pick<EventLog, 'read' | 'history' | 'head' | 'timeOf'> => ({
  async read(cursor, options = {}) {
    const upTo = options.upTo === undefined ? undefined : placeOfCursor(epoch, options.upTo);
    const from = placeOfCursor(epoch, cursor);
    const batch = await readFiltered(events, selectFrom(log, options), options, { from, upTo });
    const isBefore = (place: Place): boolean => comparePlaces(batch.end, place) < 0;
    const more = isBefore(endOfTick(book.head.tick)) && (upTo === undefined || isBefore(upTo));
    return { ...microBatch(epoch, batch), more };
  },
  history: (workspace, record, { afterVersion = 0, limit = READ_LIMIT, ...limits } = {}) =>
    readHistory(selectFrom(log, limits), workspace, record, afterVersion, limit),
  async head() {
    await book.refresh();
    const { tick, at, completeTo } = book.head;
    const end = endOfTick(tick);
    return { epoch, position: formatPosition(epoch, end.tick, end.offset), tick, at, completeTo };
  },
  async timeOf(position) {
    const place = placeOfCursor(epoch, position);
    const passed = place.tick - 1;
    // Others may have made it.
    if (passed > book.head.tick) await book.refresh();
    if (passed > book.head.tick) throw unknownPlace();
    // Whether a tick has a place within it, its events tell; answers state the ends of ticks.
    if (place.offset > 0) await facts.read(selectFrom(log), place, { limit: 1, bound: PAGE });
    return (await book.upTo(passed)).at;
  },
});
