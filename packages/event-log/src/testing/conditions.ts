import { systemSleep } from '@sophia/shared';
import type { LogEvent, Position } from '@sophia/types';
import type { EventLog, MicroBatch } from '../event-log.ts';

/** Waits until the condition holds; throws after half a minute. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Half a minute passed without: ${what}.`);
    await systemSleep(5);
  }
}

/** Everything from a cursor to the head of now, in batches of at most `limit`. */
export async function readAll(
  eventLog: EventLog,
  from: Position | null = null,
  limit = 1_000,
): Promise<{ readonly events: LogEvent[]; readonly batches: MicroBatch[] }> {
  const { tick } = await eventLog.head();
  const events: LogEvent[] = [];
  const batches: MicroBatch[] = [];
  let cursor = from;
  for (;;) {
    const batch = await eventLog.read(cursor, { limit });
    events.push(...batch.events);
    batches.push(batch);
    cursor = batch.cursor;
    if (batch.endOfTick && batch.tick >= tick) return { events, batches };
  }
}

/** Waits until the log has a tick that begins after this call: what was committed before is in it. */
export async function nextTick(eventLog: EventLog): Promise<void> {
  const { tick } = await eventLog.head();
  // The next one may have begun before the call; the one after it has not.
  await until(async () => {
    eventLog.wake();
    await eventLog.waitForTick(tick + 1, 10);
    return (await eventLog.head()).tick >= tick + 2;
  }, 'two more ticks');
}
