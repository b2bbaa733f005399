import { endOfTick, formatPosition } from '../position.ts';
import { EVENT_COLUMNS, type EventRow, logEventOf } from './event-rows.ts';
import type { LogBatch } from './log-batch.ts';
import type { Select } from './select.ts';
import { contains } from './snapshot.ts';
import type { LiveTick } from './tick.ts';

/**
 * All events of consecutive ticks after `base`: what the last one's snapshot sees and that of `base`
 * does not. Undefined where they are more than `limit`.
 */
export async function readTicks(
  select: Select,
  epoch: string,
  base: LiveTick,
  ticks: readonly [LiveTick, ...LiveTick[]],
  limit: number,
): Promise<LogBatch | undefined> {
  const last = ticks[ticks.length - 1] as LiveTick;
  const rows = await select<EventRow>(READ_RANGE, [base.snapshot.text, last.snapshot.text, base.floor, last.ceiling, limit + 1]);
  if (rows.length > limit) return undefined;
  const sorted = inOrder(rows, ticks);
  let current: LiveTick | undefined;
  let offset = 0;
  const events = sorted.map(({ row, tick }) => {
    offset = tick === current ? offset + 1 : 1;
    current = tick;
    return logEventOf(row, formatPosition(epoch, tick.tick, offset), tick.at);
  });
  return { events, positions: sorted.map(({ row }) => row.position), end: endOfTick(last.tick), tick: last, complete: last };
}

/** Gives each event to the first tick that sees it; within a tick they stand in order of position. */
function inOrder(rows: readonly EventRow[], ticks: readonly [LiveTick, ...LiveTick[]]) {
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

const READ_RANGE = {
  name: 'event_log_read_range',
  text: `select ${EVENT_COLUMNS} from read_event_range($1, $2, $3, $4, $5)`,
};
