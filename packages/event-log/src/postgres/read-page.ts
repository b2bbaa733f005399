import type { EventFact } from '@sophia/types';
import { endOfTick, formatPosition, type Place } from '../position.ts';
import { type Bound, readBounded } from './bounded-rows.ts';
import { type EventShape, eventStatements, type FactRow, isCut } from './event-rows.ts';
import { type LogBatch, unknownPlace } from './log-batch.ts';
import type { PageMemory } from './page-memory.ts';
import type { Select } from './select.ts';
import type { LiveTick } from './tick.ts';

interface TickPage {
  readonly epoch: string;
  readonly memory: PageMemory;
  readonly base: LiveTick;
  readonly tick: LiveTick;
  readonly bound: Bound;
}

/** The events of one tick after a place in it, at most `limit`. */
export async function readPage<Event extends EventFact, Row extends FactRow>(
  select: Select,
  shape: EventShape<Event, Row>,
  { epoch, memory, base, tick, bound }: TickPage,
  offset: number,
  limit: number,
): Promise<LogBatch<Event>> {
  const after =
    offset === 0 ? base.floor : (memory.positionOf({ tick: tick.tick, offset }) ?? (await findPosition(select, base, tick, offset)));
  const values = [base.snapshot.text, tick.snapshot.text, after, tick.ceiling, limit + 1];
  const { rows, bytes } = await readBounded(select, shape, { source: READ_PAGE, values, most: limit }, bound);
  const taken = rows.slice(0, limit);
  const events = taken.map((row, index) => shape.eventOf(row, formatPosition(epoch, tick.tick, offset + index + 1), tick.at));
  const positions = taken.map(({ position }) => position);
  const [last] = positions.slice(-1);
  if (!isCut(rows, limit) || last === undefined) return { events, positions, bytes, end: endOfTick(tick.tick), tick, complete: tick };
  const end: Place = { tick: tick.tick, offset: offset + taken.length };
  memory.remember(end, last);
  return { events, positions, bytes, end, tick, complete: base };
}

async function findPosition(select: Select, base: LiveTick, tick: LiveTick, offset: number): Promise<string> {
  if (offset > tick.ceiling - base.floor) throw unknownPlace();
  const [row] = await select<{ position: string }>(FIND_POSITION, [
    base.snapshot.text,
    tick.snapshot.text,
    base.floor,
    tick.ceiling,
    offset,
  ]);
  if (row === undefined) throw unknownPlace();
  return row.position;
}

const READ_PAGE = eventStatements({ name: 'read_event_page', parameters: 5, order: 'position' });
const FIND_POSITION = {
  name: 'event_log_find_position',
  text: 'select max(position) as position from read_event_page($1, $2, $3, $4, $5) having count(*) = $5',
};
