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
    ended: gathering.ended,
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

  describe('after a wait in vain', () => {
    /** How many groups begin at once before one is waited for, in which so many come, and as many unasked in a transaction of a millisecond. */
    const groupsBefore = async ({ gather, come, pass, ended }: ReturnType<typeof queue>, comes: number, unasked = 0): Promise<number> => {
      for (let count = 0; ; count++) {
        const some = gather(1, 1 + Math.max(1, comes));
        await turns();
        if (!some.on) {
          ended(0, 1);
          continue;
        }
        if (comes > 0) come(comes);
        await pass();
        await turns();
        expect(some.on).toBe(false);
        ended(unasked, 1);
        return count;
      }
    };
    const several = async (times: number, once: () => Promise<number>): Promise<number[]> => {
      const counts: number[] = [];
      for (let time = 0; time < times; time++) counts.push(await once());
      return counts;
    };

    test('more and more groups begin at once, where nobody came', async () => {
      const all = queue();
      expect(await several(9, () => groupsBefore(all, 0))).toEqual([0, 1, 2, 4, 8, 16, 32, 64, 64]);
    });

    test('the same, where as many come unasked as came in the wait', async () => {
      const all = queue();
      expect(await several(4, () => groupsBefore(all, 4, 3))).toEqual([0, 1, 2, 4]);
    });

    test('every group is waited for again, once those who were answered come back, and others less often than half as much', async () => {
      const all = queue();
      await several(5, () => groupsBefore(all, 0));
      expect(await groupsBefore(all, 4, 2)).toBe(16);
      expect(await several(3, () => groupsBefore(all, 4, 2))).toEqual([0, 0, 0]);
      // What was learnt is forgotten step by step, and no further than to one group.
      expect(await several(3, () => groupsBefore(all, 0))).toEqual([0, 2, 4]);
      await several(6, () => groupsBefore(all, 4));
      expect(await several(3, () => groupsBefore(all, 0))).toEqual([0, 1, 2]);
    });

    test('it is judged once, by the millisecond, and by the transaction of its own group', async () => {
      const all = queue();
      const slow = all.gather(1, 9);
      await turns();
      for (let more = 0; more < 2; more++) {
        all.come(2);
        await all.pass();
      }
      await all.pass();
      await turns();
      expect(slow.on).toBe(false);
      // Four came in three milliseconds.
      all.ended(1, 1);
      all.ended(0, 1);
      expect(await groupsBefore(all, 4)).toBe(1);
      const failed = all.gather(1, 3);
      await turns();
      all.come();
      await all.pass(2);
      await turns();
      all.gather(2, 2);
      await turns();
      all.ended(9, 1);
      expect(failed.on).toBe(false);
      expect(await groupsBefore(all, 4)).toBe(0);
    });
  });
});
