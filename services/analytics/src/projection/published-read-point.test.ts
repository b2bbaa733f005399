import type { Position } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { createPublishedReadPoint, laterOf } from './published-read-point.ts';

const at = (tick: number) => ({ tick, position: `e.${tick}.0` as Position, completeTo: new Date(tick * 1000).toISOString() });
const LONG = 60_000;

describe('the published read point', () => {
  it('is what was published last', () => {
    const published = createPublishedReadPoint(at(1));
    published.publish(at(2));
    expect(published.current()).toEqual(at(2));
  });

  it('is waited for until it passes the test', async () => {
    const published = createPublishedReadPoint(at(1));
    const reached = published.waitFor(({ tick }) => tick >= 3, LONG);
    published.publish(at(2));
    published.publish(at(3));
    expect(await reached).toBe(true);
    expect(await published.waitFor(({ tick }) => tick >= 3, 0)).toBe(true);
  });

  it('does not miss one that came while the test ran', async () => {
    const published = createPublishedReadPoint(at(1));
    const looks: number[] = [];
    const reached = published.waitFor(async ({ tick }) => {
      looks.push(tick);
      if (tick === 1) published.publish(at(2));
      return tick === 2;
    }, LONG);
    expect([await reached, looks]).toEqual([true, [1, 2]]);
  });

  it('is not waited for beyond the deadline, nor by a caller that has gone', async () => {
    const published = createPublishedReadPoint(at(1));
    expect(await published.waitFor(() => false, 1)).toBe(false);
    const caller = new AbortController();
    const waiting = published.waitFor(() => false, LONG, caller.signal);
    caller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });
});

it('of two read points the later one is that of the later tick', () => {
  expect([laterOf(at(1), at(2)), laterOf(at(2), at(1))]).toEqual([at(2), at(2)]);
});
