import type { EventFact } from '@sophia/types';
import { endOfTick, formatPosition } from '../position.ts';
import { type Bound, readBounded } from './bounded-rows.ts';
import { type EventShape, eventStatements, type FactRow, isCut } from './event-rows.ts';
import type { LogBatch } from './log-batch.ts';
import type { Select } from './select.ts';
import { contains } from './snapshot.ts';
import type { LiveTick } from './tick.ts';

/**
 * All events of consecutive ticks after `base`: what the last one's snapshot sees and that of `base`
 * does not. Undefined where they are more than `limit`, or the first tick alone fills a page; where all of them
 * do, the ticks are fewer.
 */
export async function readTicks<Event extends EventFact, Row extends FactRow>(
  select: Select,
  shape: EventShape<Event, Row>,
  epoch: string,
  base: LiveTick,
  ticks: readonly [LiveTick, ...LiveTick[]],
  limit: number,
  bound: Bound,
): Promise<LogBatch<Event> | undefined> {
  const last = ticks[ticks.length - 1] as LiveTick;
  const values = [base.snapshot.text, last.snapshot.text, base.floor, last.ceiling, limit + 1];
  const most = Math.min(limit, last.ceiling - base.floor);
  const { rows, bytes } = await readBounded(select, shape, { source: READ_RANGE, values, most }, bound);
  if (rows.length > limit) return undefined;
  if (isCut(rows, limit)) {
    const [first, ...rest] = ticks.slice(0, ticks.indexOf(firstThatSees(ticks, Number(rows.at(-1)?.xid))));
    if (first === undefined) return undefined;
    const batch = await readTicks(select, shape, epoch, base, [first, ...rest], limit, bound);
    return batch === undefined ? undefined : { ...batch, isFull: true };
  }
  const sorted = inOrder(rows, ticks);
  let current: LiveTick | undefined;
  let offset = 0;
  const events = sorted.map(({ row, tick }) => {
    offset = tick === current ? offset + 1 : 1;
    current = tick;
    return shape.eventOf(row, formatPosition(epoch, tick.tick, offset), tick.at);
  });
  const positions = sorted.map(({ row }) => row.position);
  return { events, positions, bytes, end: endOfTick(last.tick), tick: last, complete: last };
}

/** Gives each event to the first tick that sees it; within a tick they stand in order of position. */
function inOrder<Row extends FactRow>(rows: readonly Row[], ticks: readonly [LiveTick, ...LiveTick[]]) {
  const known = new Map<string, LiveTick>();
  const tickOf = (transaction: string): LiveTick => {
    const tick = known.get(transaction) ?? firstThatSees(ticks, Number(transaction));
    known.set(transaction, tick);
    return tick;
  };
  return rows
    .map((row) => ({ row, tick: tickOf(row.xid), position: Number(row.position) }))
    .sort((a, b) => a.tick.tick - b.tick.tick || a.position - b.position);
}

/** Once in a snapshot, a transaction is in every later one; the last of the ticks sees it. */
function firstThatSees(ticks: readonly [LiveTick, ...LiveTick[]], transaction: number): LiveTick {
  let low = 0;
  let high = ticks.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (contains((ticks[middle] as LiveTick).snapshot, transaction)) high = middle;
    else low = middle + 1;
  }
  return ticks[low] as LiveTick;
}

const READ_RANGE = eventStatements({ name: 'read_event_range', parameters: 5, order: 'position' });
