import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { nextTurn, turns } from '../testing/grouped-requests.ts';
import { createGathering } from './gathering.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A queue that the test fills, and whose time it tells. */
const queue = (most = 100) => {
  const state = { waiting: 0, now: 0 };
  const clock = { now: () => state.now, monotonic: () => state.now };
  const gathering = createGathering({ clock, waiting: () => state.waiting, most });
  return {
    come(count = 1) {
      state.waiting += count;
      gathering.came();
    },
    /** Begins to gather with so many; tells whether it still does. */
    gather(waiting: number, expected: number) {
      state.waiting = waiting;
      const going = { on: true };
      void gathering.gather(expected).then(() => {
        going.on = false;
      });
      return going;
    },
    /** So many milliseconds, and the turn in which what came is read. */
    async pass(milliseconds = 1) {
      for (let gone = 0; gone < milliseconds; gone++) {
        state.now += 1;
        vi.advanceTimersByTime(1);
        await nextTurn();
      }
    },
  };
};

describe('gathering', () => {
  test('ends after a turn where as many wait as are expected', async () => {
    const { gather } = queue();
    const one = gather(1, 1);
    await turns();
    expect([one.on, vi.getTimerCount()]).toEqual([false, 0]);
    // After a failure nobody is expected.
    const some = gather(3, 0);
    await turns();
    expect(some.on).toBe(false);
  });

  test('waits for those who are expected, as long as somebody comes each millisecond', async () => {
    const { gather, come, pass } = queue();
    const four = gather(1, 4);
    await turns();
    for (let more = 0; more < 2; more++) {
      come();
      await pass();
      expect(four.on).toBe(true);
    }
    come();
    await turns();
    expect([four.on, vi.getTimerCount()]).toEqual([false, 0]);
  });

  test('a millisecond in which nobody comes ends it, also after one in which somebody did', async () => {
    const { gather, come, pass } = queue();
    const four = gather(1, 4);
    await turns();
    come();
    await pass();
    expect(four.on).toBe(true);
    await pass();
    await turns();
    expect(four.on).toBe(false);
  });

  test('whoever came while a timer was late is counted', async () => {
    const { gather, come } = queue();
    const four = gather(1, 4);
    await turns();
    vi.advanceTimersByTime(1);
    // It is read in the turn behind the timer.
    come();
    await turns();
    expect(four.on).toBe(true);
    vi.advanceTimersByTime(1);
    await turns();
    expect(four.on).toBe(false);
  });

  test('waits for no more than are taken at once', async () => {
    const { gather, come } = queue(3);
    const three = gather(2, 10);
    await turns();
    expect(three.on).toBe(true);
    come();
    await turns();
    expect(three.on).toBe(false);
    const enough = gather(3, 10);
    await turns();
    expect(enough.on).toBe(false);
  });

  test('as many as are taken at once begin although each turn brings more', async () => {
    const { gather, come } = queue(3);
    const three = gather(0, 0);
    for (let more = 0; more < 3; more++) {
      come();
      await nextTurn();
    }
    come();
    await Promise.resolve();
    expect(three.on).toBe(false);
  });

  test('ends after five milliseconds, even where they still come', async () => {
    const { gather, come, pass } = queue();
    const many = gather(1, 100);
    await turns();
    for (let more = 0; more < 4; more++) {
      come();
      await pass();
    }
    expect(many.on).toBe(true);
    come();
    await pass();
    await turns();
    expect([many.on, vi.getTimerCount()]).toEqual([false, 0]);
  });

  test('after waits in vain more and more groups begin without one, until somebody came', async () => {
    const { gather, come, pass } = queue();
    /** How many groups do not wait before one does, which ends as it is told. */
    const begunAtOnce = async (comes: boolean): Promise<number> => {
      for (let count = 0; ; count++) {
        const two = gather(1, 2);
        await turns();
        if (!two.on) continue;
        if (comes) come();
        await pass();
        await turns();
        expect(two.on).toBe(false);
        return count;
      }
    };
    const counts: number[] = [];
    for (let time = 0; time < 9; time++) counts.push(await begunAtOnce(false));
    expect(counts).toEqual([0, 1, 2, 4, 8, 16, 32, 64, 64]);
    expect(await begunAtOnce(true)).toBe(64);
    expect(await begunAtOnce(false)).toBe(0);
    expect(await begunAtOnce(false)).toBe(1);
  });
});
