import type { EventFact } from '@sophia/types';
import { endOfTick, formatPosition, type Place } from '../position.ts';
import { type Bound, readBounded } from './bounded-rows.ts';
import { type EventShape, eventStatements, type FactRow, isCut } from './event-rows.ts';
import { type LogBatch, unknownPlace } from './log-batch.ts';
import type { PageMemory } from './page-memory.ts';
import type { Select } from './select.ts';
import type { Tick } from './tick.ts';

interface RestoredTicks {
  readonly epoch: string;
  readonly memory: PageMemory;
  readonly base: Tick;
  readonly ticks: readonly [Tick, ...Tick[]];
  readonly bound: Bound;
}

/** The events after a place, of ticks that a restore brought back: they carry their tick. */
export async function readRestored<Event extends EventFact, Row extends FactRow>(
  select: Select,
  shape: EventShape<Event, Row>,
  { epoch, memory, base, ticks, bound }: RestoredTicks,
  from: Place,
  limit: number,
): Promise<LogBatch<Event>> {
  const after = from.offset === 0 ? 0 : (memory.positionOf(from) ?? (await findPosition(select, from)));
  const last = ticks[ticks.length - 1] as Tick;
  const values = [from.tick, after, last.tick, limit + 1];
  const { rows, bytes } = await readBounded(select, shape, { source: READ_RESTORED, values, most: limit }, bound);
  const byNumber = new Map(ticks.map((tick, index) => [`${tick.tick}`, { tick, before: ticks[index - 1] ?? base }]));
  const taken = rows.slice(0, limit);
  let current = { tick: ticks[0], before: base };
  let offset = from.offset;
  const events = taken.map((row) => {
    // Restored events have a tick, and ticks with events are never pruned.
    const found = byNumber.get(row.tick as string) as { tick: Tick; before: Tick };
    offset = found.tick.tick === current.tick.tick ? offset + 1 : 1;
    current = found;
    return shape.eventOf(row, formatPosition(epoch, found.tick.tick, offset), found.tick.at);
  });
  const positions = taken.map(({ position }) => position);
  const [position] = positions.slice(-1);
  if (!isCut(rows, limit) || position === undefined) {
    return { events, positions, bytes, end: endOfTick(last.tick), tick: last, complete: last };
  }
  const end = { tick: current.tick.tick, offset };
  memory.remember(end, position);
  return { events, positions, bytes, end, tick: current.tick, complete: current.before };
}

async function findPosition(select: Select, { tick, offset }: Place): Promise<string> {
  const [row] = await select<{ position: string }>(FIND_POSITION, [tick, offset]);
  if (row === undefined) throw unknownPlace();
  return row.position;
}

const READ_RESTORED = eventStatements({ name: 'read_restored_events', parameters: 4, order: 'tick, position' });
const FIND_POSITION = {
  name: 'event_log_find_restored_position',
  text: 'select position from event where tick = $1 order by position limit 1 offset $2::bigint - 1',
};
