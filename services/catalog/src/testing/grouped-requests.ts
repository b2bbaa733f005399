import { SophiaError } from '@sophia/shared';
import type { WorkspaceId } from '@sophia/types';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { type CommitLimits, createGroupCommit, type GroupedRequest } from '../writing/group-commit.ts';

/** What is submitted: a value, under a key. */
export interface Request extends GroupedRequest {
  readonly value: number;
}

const workspace = 1 as WorkspaceId;
/** The simulated time. */
export const time = { now: 0 };
export const clock = { now: () => time.now, monotonic: () => time.now };
export const request = (value: number, more: Partial<Request> = {}): Request => ({ key: `k${value}`, workspace, value, ...more });

/** Begins each test of a file at 0, with timers that the simulated time runs. */
export const simulateTime = (): void => {
  beforeEach(() => {
    time.now = 0;
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
};

/** A group whose transactions the test ends by hand. */
export function byHand(options: { transactions?: number; worthwhile?: number; queue?: number; batch?: number } = {}) {
  const begun: {
    readonly values: readonly number[];
    readonly limits: CommitLimits;
    readonly executed: () => void;
    /** Answers, or fails with an error. */
    readonly finish: (error?: unknown) => void;
    /** The same, and what follows. */
    readonly end: (error?: unknown) => Promise<void>;
  }[] = [];
  const group = createGroupCommit<Request, number>({
    commit: (requests, limits, executed) =>
      new Promise((resolve, reject) => {
        const finish = (error?: unknown) => {
          if (error === undefined) resolve(requests.map(({ value }) => value * 10));
          else reject(error);
        };
        const end = (error?: unknown) => {
          finish(error);
          return settled();
        };
        begun.push({ values: requests.map(({ value }) => value), limits, executed, finish, end });
      }),
    clock,
    transactions: 1,
    worthwhile: 1,
    queue: 100,
    batch: 10,
    ...options,
  });
  return { group, begun };
}
/** A few turns of the event loop, in each of which a millisecond goes by for whoever gathers. */
export const settled = async () => {
  for (let turn = 0; turn < 8; turn++) {
    vi.advanceTimersByTime(1);
    await nextTurn();
  }
};

/** The same until it ends. */
export const ended = async <T>(work: Promise<T>): Promise<T> => {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  work.then(over, over);
  while (!isOver) await settled();
  return work;
};

export const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A few turns of the event loop in no time. */
export const turns = async () => {
  for (let turn = 0; turn < 5; turn++) await nextTurn();
};

/** Milliseconds that the simulated clock goes on at once. */
export const STEP = 10;
const pass = async (milliseconds: number) => {
  for (const until = time.now + milliseconds; time.now < until; ) {
    time.now += STEP;
    vi.advanceTimersByTime(STEP);
    await nextTurn();
  }
};

/** A database in which the row of each key is held for so many tries, and where some requests break the statement. */
export function simulatedDatabase(held: readonly number[]) {
  const left = [...held];
  const inHand = new Set<string>();
  const written: number[] = [];
  const database = {
    written,
    tries: 0,
    async commit(
      requests: readonly (Request & { readonly breaks: boolean })[],
      { deadline, lockTimeout }: CommitLimits,
      executed: () => void,
    ) {
      database.tries++;
      expect(requests.length).toBeGreaterThan(0);
      for (const { key } of requests) {
        expect(inHand.has(key)).toBe(false);
        inHand.add(key);
      }
      try {
        const row = requests.map(({ key }) => Number(key.slice(1))).find((key) => (left[key] ?? 0) > 0);
        if (row !== undefined) {
          left[row] = (left[row] ?? 0) - 1;
          await pass(Math.min(deadline, lockTimeout));
          throw deadline <= lockTimeout ? new SophiaError('deadline_exceeded', 'The database did not answer.') : isHeld();
        }
        await pass(STEP);
        if (requests.some(({ breaks }) => breaks)) throw new SophiaError('database_error', 'It cannot be cast.');
        written.push(...requests.map(({ value }) => value));
        executed();
        await pass(STEP);
        return requests.map(({ value }) => value * 10);
      } finally {
        for (const { key } of requests) inHand.delete(key);
      }
    },
  };
  return database;
}

export const isHeld = () =>
  new SophiaError('database_error', 'It is held.', {
    cause: Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' }),
  });
