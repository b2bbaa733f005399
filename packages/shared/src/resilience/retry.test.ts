import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { createBackoff, retry } from './retry.ts';
import { systemSleep } from './sleep.ts';

describe('retry', () => {
  const failing = (times: number) => {
    let calls = 0;
    return async () => {
      calls++;
      if (calls <= times) throw new Error(`failure ${calls}`);
      return calls;
    };
  };
  const waits = () => {
    const milliseconds: number[] = [];
    return {
      milliseconds,
      sleep: async (time: number) => {
        milliseconds.push(time);
      },
    };
  };

  it('tries until it succeeds', async () => {
    const { sleep, milliseconds } = waits();
    await expect(retry(failing(2), { sleep })).resolves.toBe(3);
    expect(milliseconds).toHaveLength(2);
  });

  it('ends with the last error', async () => {
    const { sleep } = waits();
    await expect(retry(failing(9), { sleep, attempts: 4 })).rejects.toThrow('failure 4');
  });

  it('waits between 0 and a bound that doubles to a maximum, at random', async () => {
    const { sleep, milliseconds } = waits();
    const told: number[] = [];
    const options = {
      sleep,
      attempts: 6,
      initialDelay: 100,
      maximumDelay: 500,
      random: seededRandom(1),
      onRetry: (_: unknown, attempt: number) => told.push(attempt),
    };
    await retry(failing(5), options);
    const expected = seededRandom(1);
    expect(milliseconds).toEqual([100, 200, 400, 500, 500].map((bound) => expected() * bound));
    expect(told).toEqual([1, 2, 3, 4, 5]);
  });

  it('never waits longer than the maximum, whatever the attempt', () => {
    const next = createBackoff({ random: () => 1 });
    expect(next(1)).toBe(50);
    expect(next(10_000)).toBe(5_000);
  });

  it('does not try again what cannot help', async () => {
    const { sleep, milliseconds } = waits();
    await expect(retry(failing(1), { sleep, isRetryable: () => false })).rejects.toThrow('failure 1');
    expect(milliseconds).toEqual([]);
  });

  it('stops when its signal is aborted: before a try, after one, and while it waits', async () => {
    const aborted = AbortSignal.abort(new Error('gone'));
    await expect(retry(failing(0), { signal: aborted })).rejects.toThrow('gone');

    const during = new AbortController();
    const abortsItself = async () => {
      during.abort(new Error('gone'));
      throw new Error('its own failure');
    };
    await expect(retry(abortsItself, { signal: during.signal })).rejects.toThrow('its own failure');

    const waiting = new AbortController();
    const options = {
      signal: waiting.signal,
      initialDelay: 1_000_000,
      maximumDelay: 1_000_000,
      random: () => 1,
      onRetry: () => waiting.abort(new Error('gone')),
    };
    await expect(retry(failing(1), options)).rejects.toThrow('gone');
  });

  it('the system sleeps', async () => {
    await expect(systemSleep(1)).resolves.toBeUndefined();
    await expect(systemSleep(1, new AbortController().signal)).resolves.toBeUndefined();
  });
});
