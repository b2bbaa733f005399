import type { Position } from '@sophia/types';
import { expect, it } from 'vitest';
import { createPublishedReadPoint } from '../projection/published-read-point.ts';
import { untilPublished } from './publication-waiting.ts';

const at = (tick: number) => ({ tick, position: `e.${tick}.0` as Position, completeTo: new Date(tick * 1000).toISOString() });
const LONG = 60_000;

it('what is published is not waited for, what follows is until it is, and no longer than told', async () => {
  const published = createPublishedReadPoint(at(2));
  await untilPublished(published, at(1), undefined, 0);
  await untilPublished(published, at(2), undefined, 0);
  await expect(untilPublished(published, at(3), undefined, 1)).rejects.toMatchObject({ code: 'not_applied_yet', retryAfter: 1 });
  const waiting = untilPublished(published, at(3), undefined, LONG);
  published.publish(at(3));
  await waiting;
});

it('a caller that has gone waits for nothing', async () => {
  const waiting = untilPublished(createPublishedReadPoint(at(1)), at(2), AbortSignal.abort(new Error('gone')));
  await expect(waiting).rejects.toThrow('gone');
});
