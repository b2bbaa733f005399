import { createTestObservability } from '@sophia/observability/testing';
import type { WorkspaceId } from '@sophia/types';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchInterrupted } from './interrupted-watch.ts';
import type { InterruptedSource } from './source-activity.ts';

const EVERY = 2_000;
const CRM: InterruptedSource = { workspace: 1 as WorkspaceId, source_system: 'crm' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A watch whose looks have their answers when they are let go; nothing is interrupted when it begins. */
const open = async () => {
  const asked: PromiseWithResolvers<readonly InterruptedSource[]>[] = [];
  const told: (readonly InterruptedSource[])[] = [];
  const { logger, lines } = createTestObservability();
  const watching = watchInterrupted({
    read() {
      const answer = Promise.withResolvers<readonly InterruptedSource[]>();
      asked.push(answer);
      return answer.promise;
    },
    tell: (sources) => void told.push(sources),
    logger,
  });
  asked[0]?.resolve([]);
  return { watch: await watching, asked, told, lines };
};

it('what is interrupted is known from the start on, and told again and again', async () => {
  const { watch, asked, told } = await open();
  for (const sources of [[CRM], []]) {
    await vi.advanceTimersByTimeAsync(EVERY);
    asked.at(-1)?.resolve(sources);
  }
  await watch.close();
  expect(told).toEqual([[], [CRM], []]);
});

it('one look is under way at a time, one that fails is said, and the next is taken', async () => {
  const { watch, asked, told, lines } = await open();
  await vi.advanceTimersByTimeAsync(3 * EVERY);
  expect(asked).toHaveLength(2);
  asked[1]?.reject(new Error('The connection was reset.'));
  await vi.advanceTimersByTimeAsync(EVERY);
  expect(lines().map(({ msg }) => msg)).toEqual(['interrupted imports could not be read']);
  asked[2]?.resolve([CRM]);
  await watch.close();
  await vi.advanceTimersByTimeAsync(EVERY);
  expect([told, asked.length]).toEqual([[[], [CRM]], 3]);
});
