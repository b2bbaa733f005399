import type { EventLog } from '@sophia/event-log';
import type { Position } from '@sophia/types';
import { expect, test } from 'vitest';
import { createPublishedReadPoint } from '../projection/published-read-point.ts';
import { createWriteWaiting } from './write-waiting.ts';

const at = (tick: number) => ({ tick, position: `e.${tick}.0` as Position, completeTo: new Date(tick * 1000).toISOString() });
const LONG = 60_000;

/** A log whose tokens are the ticks that their writes are in, and how many have it hurry. */
function createWaiting() {
  let hurried = 0;
  const eventLog: Partial<EventLog> = {
    decodeToken: (transactionId) => ({ epoch: 'e', transactionId, walPosition: '0/0' }),
    contains: async (tick, { transactionId }) => {
      if (hurried > 0 && transactionId === '13') throw new Error('lost');
      return tick >= Number(transactionId);
    },
    hurry() {
      hurried++;
      return () => hurried--;
    },
  };
  const published = createPublishedReadPoint(at(2));
  return { published, writes: createWriteWaiting(eventLog as EventLog, published), hurried: () => hurried };
}

test('the log hurries while a write is waited for, and no longer, however that ends', async () => {
  const { published, writes, hurried } = createWaiting();
  await writes.waitFor(undefined);
  await writes.waitFor('2', undefined, 0);
  const waiting = writes.waitFor('3', undefined, LONG);
  await expect.poll(hurried).toBe(1);
  published.publish(at(3));
  await waiting;
  expect(hurried()).toBe(0);
  await expect(writes.waitFor('4', undefined, 1)).rejects.toMatchObject({ code: 'not_applied_yet', retryAfter: 1 });
  await expect(writes.waitFor('4', AbortSignal.abort(new Error('gone')), LONG)).rejects.toThrow('gone');
  await expect(writes.waitFor('13')).rejects.toThrow('lost');
  expect(hurried()).toBe(0);
});
