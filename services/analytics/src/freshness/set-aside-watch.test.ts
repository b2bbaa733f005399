import type { EventLog, SetAsideCount } from '@sophia/event-log';
import { createTestObservability } from '@sophia/observability/testing';
import type { WorkspaceId } from '@sophia/types';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { setAsideKey } from './freshness-texts.ts';
import { watchSetAside } from './set-aside-watch.ts';

const W = 1 as WorkspaceId;
const EVERY = 1_000;
const found = (events: number): SetAsideCount[] => [
  { workspace: W, recordType: 'deal', events },
  { workspace: W, recordType: null, events: 1 },
];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A watch of a log whose answers come when they are let go; nothing stands aside when it begins. */
const open = async () => {
  const asked: PromiseWithResolvers<SetAsideCount[]>[] = [];
  const told: Record<string, number>[] = [];
  const observability = createTestObservability();
  const eventLog: Pick<EventLog, 'setAsideCounts'> = {
    setAsideCounts() {
      const answer = Promise.withResolvers<SetAsideCount[]>();
      asked.push(answer);
      return answer.promise;
    },
  };
  const watching = watchSetAside({
    eventLog,
    group: 'warehouse',
    tell: (counts) => void told.push(Object.fromEntries(counts)),
    logger: observability.logger,
  });
  await vi.advanceTimersByTimeAsync(0);
  asked[0]?.resolve([]);
  return { watch: await watching, asked, told, lines: observability.lines };
};

it('what comes to stand aside is told, and that nothing does any more once', async () => {
  const { watch, asked, told } = await open();
  expect([watch.count(), told]).toEqual([0, []]);
  for (const counts of [found(2), [], []]) {
    await vi.advanceTimersByTimeAsync(EVERY);
    asked.at(-1)?.resolve(counts);
  }
  await watch.close();
  expect(told).toEqual([{ [setAsideKey(W, 'deal')]: 2, [setAsideKey(W, '')]: 1 }, {}]);
});

it('a look that fails is told of, and the next one finds what is there', async () => {
  const { watch, asked, lines } = await open();
  await vi.advanceTimersByTimeAsync(EVERY);
  asked[1]?.reject(new Error('the database is away'));
  await vi.advanceTimersByTimeAsync(EVERY);
  expect(lines()).toMatchObject([{ level: 'warn', err: { message: 'the database is away' } }]);
  asked[2]?.resolve(found(3));
  await watch.close();
  expect(watch.count()).toBe(4);
});

it('looks do not pile up behind one that lasts: whoever asks meanwhile sees what is there after they asked', async () => {
  const { watch, asked } = await open();
  await vi.advanceTimersByTimeAsync(5 * EVERY);
  expect(asked).toHaveLength(2);
  const looking = watch.look();
  asked[1]?.resolve(found(1));
  await vi.advanceTimersByTimeAsync(0);
  asked[2]?.resolve(found(7));
  await looking;
  expect([watch.count(), asked.length]).toEqual([8, 3]);
  await watch.close();
});

it('closing waits for a look in hand, also where it fails', async () => {
  const { watch, asked } = await open();
  await vi.advanceTimersByTimeAsync(EVERY);
  const closing = watch.close();
  asked[1]?.reject(new Error('the database is away'));
  await closing;
  await vi.advanceTimersByTimeAsync(5 * EVERY);
  expect(asked).toHaveLength(2);
});
