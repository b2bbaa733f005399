import type { Cache } from '@sophia/cache';
import type { PreparedQuery } from './queries/prepared-queries.ts';

export interface Warming {
  asked(prepared: PreparedQuery): void;
  /** Called after invalidations: what is asked most and is no longer in memory is computed again, one at a time. */
  warmSoon(): void;
  close(): Promise<void>;
}

export interface WarmingOptions {
  readonly answers: Cache;
  readonly warm: (prepared: PreparedQuery) => Promise<void>;
  /** Whether it may still be asked as it is: its tables, models and day are those of now. */
  readonly isCurrent: (prepared: PreparedQuery) => boolean;
  readonly onError: (error: unknown) => void;
  /** How many of the most asked queries are kept warm; 0 switches warming off. */
  readonly most: number;
}

/** Queries whose counts are kept; beyond it the least asked ones make room. */
const REMEMBERED = 500;
/** So many are kept then, so that room is made once in a while only. */
const KEPT = 400;
/** A query must have been asked so often lately to be worth it. */
const ASKED_AT_LEAST = 3;
/** After so many questions all counts are halved, so that old habits fade. */
const HALVED_AFTER = 10_000;

interface Habit {
  prepared: PreparedQuery;
  count: number;
}

/** Recomputes the most asked answers when their data changed, before anyone asks. */
export const createWarming = ({ answers, warm, isCurrent, onError, most }: WarmingOptions): Warming => {
  const habits = new Map<string, Habit>();
  let questions = 0;
  let running: Promise<void> | undefined;
  let again = false;
  let closed = false;

  const halve = (): void => {
    questions = 0;
    for (const [key, habit] of habits) {
      habit.count >>= 1;
      if (habit.count === 0) habits.delete(key);
    }
  };

  /** Nobody asks a query that is compiled against something else by now: it has another key since. */
  const forgetOutdated = (): void => {
    for (const [key, { prepared }] of habits) if (!isCurrent(prepared)) habits.delete(key);
  };

  const makeRoom = (): void => {
    forgetOutdated();
    const byCount = [...habits].sort(([, one], [, other]) => other.count - one.count);
    for (const [key] of byCount.slice(KEPT)) habits.delete(key);
  };

  const mostAsked = (): PreparedQuery[] => {
    forgetOutdated();
    return [...habits.values()]
      .filter(({ count }) => count >= ASKED_AT_LEAST)
      .sort((one, other) => other.count - one.count)
      .slice(0, most)
      .map(({ prepared }) => prepared);
  };

  const warmAll = async (): Promise<void> => {
    do {
      again = false;
      for (const prepared of mostAsked()) {
        if (closed) return;
        if (!answers.has(prepared.key) && isCurrent(prepared)) await warm(prepared).catch(onError);
      }
    } while (again && !closed);
  };

  return {
    asked(prepared) {
      if (most === 0 || prepared.isLarge) return;
      const habit = habits.get(prepared.key);
      if (habit === undefined) {
        if (habits.size >= REMEMBERED) makeRoom();
        habits.set(prepared.key, { prepared, count: 1 });
      } else {
        // The one that was compiled last stands longest.
        habit.prepared = prepared;
        habit.count += 1;
      }
      questions += 1;
      if (questions >= HALVED_AFTER) halve();
    },
    warmSoon() {
      if (closed || habits.size === 0) return;
      again = true;
      running ??= warmAll().finally(() => {
        running = undefined;
      });
    },
    async close() {
      closed = true;
      await running;
    },
  };
};
