import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { repeatEvery } from './repeat-every.ts';

describe('what is repeated', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is done at its times, never twice at once, and is waited for at the end', async () => {
    let begun = 0;
    let held = Promise.withResolvers<void>();
    const work = () => {
      begun++;
      held = Promise.withResolvers();
      return held.promise;
    };
    const repeating = repeatEvery(100, work, () => expect.unreachable());
    await vi.advanceTimersByTimeAsync(350);
    expect(begun).toBe(1);
    held.resolve();
    await vi.advanceTimersByTimeAsync(100);
    expect(begun).toBe(2);
    let isClosed = false;
    const closed = repeating.close().then(() => {
      isClosed = true;
    });
    await vi.advanceTimersByTimeAsync(1_000);
    expect([begun, isClosed]).toEqual([2, false]);
    held.resolve();
    await closed;
  });

  it('is told where it fails, and done again', async () => {
    const failures: unknown[] = [];
    const repeating = repeatEvery(
      100,
      async () => {
        throw new Error('not now');
      },
      (error) => failures.push(error),
    );
    await vi.advanceTimersByTimeAsync(200);
    expect(failures).toEqual([new Error('not now'), new Error('not now')]);
    await repeating.close();
  });
});
