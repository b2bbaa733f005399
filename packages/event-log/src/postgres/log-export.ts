import type { Database } from '@sophia/database';
import type { LogEvent, NewEvent, Transaction } from '@sophia/types';
import { BEGINNING, parsePosition } from '../position.ts';
import { PAGE } from './bounded-rows.ts';
import { createEventReader } from './event-reader.ts';
import { WHOLE_EVENTS } from './event-rows.ts';
import { selectIn } from './select.ts';
import { TICK_COLUMNS, type TickRow, tickOf } from './tick.ts';
import { openTickBook } from './tick-book.ts';

/** A line of a backup: a tick, then its events in their order. Ticks without events are left out, but for the last. */
export type ExportedLine = { readonly tick: number; readonly at: string } | { readonly event: NewEvent };

const LIMIT = 1_000;

/**
 * All events that the transaction sees, each behind its tick, in pages of some lines. The transaction
 * must be one that `Database.read` of the role `log` opened: with one snapshot for all of its
 * statements. What it sees beyond the newest tick comes in a last tick of its own.
 */
export async function* exportLog(log: Database, transaction: Transaction): AsyncGenerator<readonly ExportedLine[], void> {
  const select = selectIn(log, transaction);
  const book = await openTickBook(select);
  const last = (await select<TickRow>(LAST_TICK, [])).map(tickOf);
  for (const tick of last) await book.add(tick);
  const reader = createEventReader(EPOCH, book, WHOLE_EVENTS);

  let from = BEGINNING;
  let current = 0;
  while (from.tick <= book.head.tick) {
    const batch = await reader.read(select, from, { limit: LIMIT, bound: PAGE });
    const lines: ExportedLine[] = [];
    for (const event of batch.events) {
      const { tick } = parsePosition(EPOCH, event.position);
      if (tick !== current) lines.push({ tick, at: event.at });
      current = tick;
      lines.push({ event: factOf(event) });
    }
    from = batch.end;
    yield lines;
  }
  if (current !== book.head.tick) yield [{ tick: book.head.tick, at: book.head.at }];
}

// Positions of an export never leave it.
const EPOCH = 'export';

const factOf = ({ event_version: _, position: _position, at: _at, ...fact }: LogEvent): NewEvent => fact;

// What is seen and in no tick yet. The transaction began before it took its snapshot.
const LAST_TICK = {
  name: 'event_log_export_last_tick',
  text: `select ${TICK_COLUMNS} from (
      select tick + 1 as tick, pg_current_snapshot() as snapshot, greatest(now(), complete_to) as complete_to,
        greatest(now(), at + interval '1 microsecond') as at, floor,
        coalesce(pg_sequence_last_value('event_position_seq'), 0) as ceiling
      from tick order by tick.tick desc limit 1) as seen`,
};
