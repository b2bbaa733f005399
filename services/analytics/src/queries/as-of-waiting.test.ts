import type { Position } from '@sophia/types';
import { expect, it } from 'vitest';
import { createPublishedReadPoint } from '../projection/published-read-point.ts';
import { createAsOfWaiting } from './as-of-waiting.ts';

const at = (second: number) => ({ tick: second, position: `e.${second}.0` as Position, completeTo: new Date(second * 1000).toISOString() });
const LONG = 60_000;

/** Answers are complete to second 10, and it is second 20. */
const createWaiting = () => {
  const published = createPublishedReadPoint(at(10));
  const { waitFor } = createAsOfWaiting(published, { now: () => 20_000.5 });
  return {
    published,
    waitFor: (second: number, milliseconds: number) => waitFor(BigInt(second) * 1_000_000n, undefined, undefined, milliseconds),
  };
};

it('a moment that answers are complete to, or are to be soon, is waited for', async () => {
  const { published, waitFor } = createWaiting();
  await waitFor(9, 0);
  const waiting = waitFor(15, LONG);
  published.publish(at(16));
  await waiting;
});

it('a moment of the log is reached with its own position, though changes of that moment may follow', async () => {
  const { waitFor } = createAsOfWaiting(createPublishedReadPoint(at(10)), { now: () => 20_000.5 });
  await waitFor(10_000_000n, undefined, at(10).position, 1);
  await expect(waitFor(10_000_000n, undefined, at(11).position, 1)).rejects.toMatchObject({ code: 'not_applied_yet' });
});

it('a moment to come is refused, one that answers do not reach yet is to be asked for again', async () => {
  const { waitFor } = createWaiting();
  const details = { complete_to: '1970-01-01T00:00:10.000Z' };
  await expect(waitFor(21, 1)).rejects.toMatchObject({ code: 'as_of_in_future', status: 400, details });
  for (const second of [10, 20]) {
    await expect(waitFor(second, 1)).rejects.toMatchObject({ code: 'not_applied_yet', status: 503, retryAfter: 1, details });
  }
});
