import { isSophiaError, SophiaError } from '@sophia/shared';
import type { WorkspaceId } from '@sophia/types';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type CommitLimits, createGroupCommit, type GroupedRequest } from './group-commit.ts';

interface Request extends GroupedRequest {
  readonly value: number;
}

const workspace = 1 as WorkspaceId;
let now = 0;
const clock = { now: () => now, monotonic: () => now };
const request = (value: number, more: Partial<Request> = {}): Request => ({ key: `k${value}`, workspace, value, ...more });

beforeEach(() => {
  now = 0;
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A group whose transactions the test ends by hand. */
function byHand(options: { transactions?: number; worthwhile?: number; queue?: number; batch?: number } = {}) {
  const begun: { readonly values: readonly number[]; readonly limits: CommitLimits; end: (error?: unknown) => Promise<void> }[] = [];
  const group = createGroupCommit<Request, number>({
    commit: (requests, limits) =>
      new Promise((resolve, reject) => {
        const end = async (error?: unknown) => {
          if (error === undefined) resolve(requests.map(({ value }) => value * 10));
          else reject(error);
          await settled();
        };
        begun.push({ values: requests.map(({ value }) => value), limits, end });
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
/** A few turns of the event loop. */
const settled = async () => {
  for (let turn = 0; turn < 5; turn++) await nextTurn();
};

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Milliseconds that the simulated clock goes on at once. */
const STEP = 10;
const pass = async (milliseconds: number) => {
  for (const until = now + milliseconds; now < until; ) {
    now += STEP;
    vi.advanceTimersByTime(STEP);
    await nextTurn();
  }
};

/** A database in which the row of each key is held for so many tries, and where some requests break the statement. */
function simulatedDatabase(held: readonly number[]) {
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

const isHeld = () =>
  new SophiaError('database_error', 'It is held.', {
    cause: Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' }),
  });

describe('group commit', () => {
  test('takes along what each turn of the event loop brings, until one brings nothing', async () => {
    const { group, begun } = byHand();
    const answers: Promise<number>[] = [];
    // One more in each of three turns.
    const come = (value: number) => {
      if (value < 3) setImmediate(come, value + 1);
      answers.push(group.submit(request(value)));
    };
    come(1);
    await settled();
    answers.push(group.submit(request(4)));
    await settled();
    expect(begun.map(({ values }) => values)).toEqual([[1, 2, 3]]);
    expect(group.waiting).toBe(1);
    await begun[0]?.end();
    await begun[1]?.end();
    expect(await Promise.all(answers)).toEqual([10, 20, 30, 40]);
  });

  test('waits no longer than a moment for what each turn of the event loop brings', async () => {
    const { group, begun } = byHand();
    const answers: Promise<number>[] = [];
    // One more in each turn, which takes five milliseconds.
    const come = (value: number) => {
      now += 5;
      if (value < 8) setImmediate(come, value + 1);
      answers.push(group.submit(request(value)));
    };
    come(1);
    await settled();
    await settled();
    expect(begun.map(({ values }) => values)).toEqual([[1, 2, 3]]);
    await begun[0]?.end();
    await begun[1]?.end();
    expect(await Promise.all(answers)).toEqual([10, 20, 30, 40, 50, 60, 70, 80]);
    await group.close();
  });

  test('shares a transaction among those that wait, and answers each', async () => {
    const { group, begun } = byHand();
    const first = group.submit(request(1));
    const second = group.submit(request(2));
    await settled();
    const later = [group.submit(request(3)), group.submit(request(4))];
    expect(begun.map(({ values }) => values)).toEqual([[1, 2]]);
    expect(group.waiting).toBe(2);
    await begun[0]?.end();
    expect(await Promise.all([first, second])).toEqual([10, 20]);
    expect(begun.map(({ values }) => values)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    await begun[1]?.end();
    expect(await Promise.all(later)).toEqual([30, 40]);
    expect(group.waiting).toBe(0);
  });

  test('takes a key once: the next request of it waits, others go by', async () => {
    const { group, begun } = byHand();
    const all = [request(1, { key: 'a' }), request(2, { key: 'a' }), request(3, { key: 'b' }), request(4, { key: 'a' })].map(group.submit);
    await settled();
    await begun[0]?.end();
    await begun[1]?.end();
    await begun[2]?.end();
    expect(begun.map(({ values }) => values)).toEqual([[1, 3], [2], [4]]);
    expect(await Promise.all(all)).toEqual([10, 20, 30, 40]);
  });

  test('takes no more than a batch, and begins another transaction beside it where enough wait', async () => {
    const { group, begun } = byHand({ transactions: 2, worthwhile: 3, batch: 2 });
    const values = () => begun.map((each) => each.values);
    const all = Array.from({ length: 6 }, (_, index) => group.submit(request(index)));
    await settled();
    // Four waited when the second began; the two that wait now are not worth a third.
    expect(values()).toEqual([
      [0, 1],
      [2, 3],
    ]);
    await begun[0]?.end();
    // One runs: what waits is worth no second one.
    expect(values().length).toBe(2);
    await begun[1]?.end();
    expect(values()[2]).toEqual([4, 5]);
    await begun[2]?.end();
    expect(await Promise.all(all)).toEqual([0, 10, 20, 30, 40, 50]);
  });

  test('a key in hand of one transaction is taken by no other', async () => {
    const { group, begun } = byHand({ transactions: 2, batch: 2 });
    const all = [0, 1, 2, 3].map((value) => group.submit(request(value, { key: value < 3 ? 'a' : 'b' })));
    await settled();
    expect(begun.map(({ values }) => values)).toEqual([[0, 3]]);
    for (let index = 0; index < 3; index++) await begun[index]?.end();
    expect(begun.map(({ values }) => values)).toEqual([[0, 3], [1], [2]]);
    expect(await Promise.all(all)).toEqual([0, 10, 20, 30]);
  });

  test('never runs two requests of a key at once or out of order, and answers all, whatever comes and is held', async () => {
    const submissions = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        submissions,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 2, max: 9 }),
        async (keys, transactions, worthwhile, heldOnceIn) => {
          let commits = 0;
          const inHand = new Set<string>();
          const submitted: number[] = [];
          const done: number[] = [];
          const group = createGroupCommit<Request, number>({
            commit: async (requests) => {
              for (const { key } of requests) {
                expect(inHand.has(key)).toBe(false);
                inHand.add(key);
              }
              for (let turn = 0; turn < requests.length % 3; turn++) await nextTurn();
              const isRowHeld = ++commits % heldOnceIn === 0;
              for (const { key, value } of requests) {
                inHand.delete(key);
                if (!isRowHeld) done.push(value);
              }
              if (isRowHeld) throw isHeld();
              return requests.map(({ value }) => value);
            },
            clock,
            transactions,
            worthwhile,
            queue: 100,
            batch: 4,
          });
          const answers = keys.map(async (key, value) => {
            if (value % 7 === 0) await nextTurn();
            submitted.push(value);
            return group.submit(request(value, { key: `k${key}` }));
          });
          await Promise.all(answers);
          await group.close();
          for (const key of new Set(keys))
            expect(done.filter((value) => keys[value] === key)).toEqual(submitted.filter((value) => keys[value] === key));
          expect(done.length).toBe(keys.length);
          expect(group.waiting).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('ends, in time and in order, whatever is held, breaks, leaves, is late or comes until it closes, and tries nothing in vain', async () => {
    const submission = fc.record({
      key: fc.integer({ min: 0, max: 4 }),
      deadline: fc.constantFrom(150, 700, 10_000),
      /** Turns of the event loop after which it comes, and then leaves. */
      comes: fc.integer({ min: 0, max: 30 }),
      leaves: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
      breaks: fc.boolean(),
    });
    const holds = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 5, maxLength: 5 });
    const sizes = fc.record({ transactions: fc.integer({ min: 1, max: 3 }), worthwhile: fc.integer({ min: 1, max: 4 }) });
    const turns = async (count: number) => {
      for (let turn = 0; turn < count; turn++) await nextTurn();
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(submission, { maxLength: 40 }),
        holds,
        sizes,
        fc.integer({ min: 0, max: 60 }),
        async (submissions, held, limits, closes) => {
          const database = simulatedDatabase(held);
          const group = createGroupCommit<Request & { readonly breaks: boolean }, number>({
            commit: database.commit,
            clock,
            queue: 100,
            batch: 4,
            ...limits,
          });
          const came: number[] = [];
          const answers = submissions.map(async ({ key, deadline, comes, leaves, breaks }, value) => {
            await turns(comes);
            came.push(value);
            const controller = new AbortController();
            const expires = now + deadline;
            const answer = group
              .submit({ ...request(value, { key: `k${key}`, deadline, signal: controller.signal }), breaks })
              .then(
                () => 'written',
                (error: unknown) => (isSophiaError(error) ? error.code : 'gone'),
              )
              .then((outcome) => ({ outcome, ended: now }));
            if (leaves !== undefined) void turns(leaves).then(() => controller.abort(new Error('gone')));
            const { outcome, ended } = await answer;
            // Callers who have waited too long are looked for every 100 ms.
            expect(ended).toBeLessThanOrEqual(expires + 100 + STEP);
            if (outcome === 'deadline_exceeded') expect(ended).toBeGreaterThanOrEqual(expires);
            return outcome;
          });
          await turns(closes);
          await group.close();
          expect([group.waiting, vi.getTimerCount()]).toEqual([0, 0]);
          const outcomes = await Promise.all(answers);
          const { written, tries } = database;
          for (const { key } of submissions) {
            const ofKey = (value: number) => submissions[value]?.key === key;
            const inOrder = came.filter(ofKey).filter((value) => written.includes(value));
            expect(written.filter(ofKey)).toEqual(inOrder);
          }
          outcomes.forEach((outcome, value) => {
            const { breaks } = submissions[value] as (typeof submissions)[number];
            expect(outcome).toMatch(
              breaks ? /^(?:database_error|gone|deadline_exceeded|unavailable)$/ : /^(?:written|gone|deadline_exceeded|unavailable)$/,
            );
            if (outcome === 'written') expect(written.filter((each) => each === value)).toEqual([value]);
          });
          // Each once with others, once alone, and once more for each time that a row was held.
          expect(tries).toBeLessThanOrEqual(2 * submissions.length + held.reduce((sum, times) => sum + times, 0));
        },
      ),
      // What fails goes on beside the runs that would make it smaller.
      { numRuns: 100, endOnFailure: true },
    );
  });

  test('refuses what its queue cannot hold', async () => {
    const { group, begun } = byHand({ queue: 2 });
    const taken = group.submit(request(0));
    await settled();
    const waiting = [group.submit(request(1)), group.submit(request(2))];
    await expect(group.submit(request(3))).rejects.toMatchObject({ code: 'overloaded', retryAfter: 1 });
    await begun[0]?.end();
    await begun[1]?.end();
    await Promise.all([taken, ...waiting]);
  });

  test('gives up on what waits or works beyond its deadline', async () => {
    const { group, begun } = byHand();
    const inHand = group.submit(request(1, { deadline: 500 }));
    await settled();
    const late = group.submit(request(2, { deadline: 50 }));
    const patient = group.submit(request(3));
    const lateError = expect(late).rejects.toMatchObject({ code: 'deadline_exceeded', status: 503 });
    now = 100;
    vi.advanceTimersByTime(100);
    await lateError;
    expect(begun[0]?.limits.deadline).toBe(500);
    const inHandError = expect(inHand).rejects.toMatchObject({ code: 'deadline_exceeded' });
    now = 600;
    vi.advanceTimersByTime(100);
    await inHandError;
    await begun[0]?.end();
    expect(begun[1]).toMatchObject({ values: [3], limits: { deadline: 9_400 } });
    await begun[1]?.end();
    expect(await patient).toBe(30);
    // With nothing left in hand the sweeping ends.
    vi.advanceTimersByTime(100);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('lets a caller go whose signal aborts', async () => {
    const { group, begun } = byHand();
    const aborted = AbortSignal.abort(new Error('gone'));
    await expect(group.submit(request(1, { signal: aborted }))).rejects.toThrow('gone');
    const first = group.submit(request(1));
    await settled();
    const controller = new AbortController();
    const leaving = group.submit(request(2, { signal: controller.signal }));
    controller.abort(new Error('left'));
    await expect(leaving).rejects.toThrow('left');
    await begun[0]?.end();
    await first;
    expect(begun.length).toBe(1);
  });

  test('finds the request that breaks a transaction, and spares the others', async () => {
    const group = createGroupCommit<Request, number>({
      commit: async (requests) => {
        if (requests.some(({ value }) => value === 2)) throw new SophiaError('database_error', 'It cannot be cast.');
        return requests.map(({ value }) => value);
      },
      clock,
      transactions: 1,
      worthwhile: 1,
      queue: 10,
      batch: 10,
    });
    const [one, two, three] = await Promise.allSettled([1, 2, 3].map((value) => group.submit(request(value))));
    expect(one).toEqual({ status: 'fulfilled', value: 1 });
    expect(two).toMatchObject({ status: 'rejected', reason: { code: 'database_error' } });
    expect(three).toEqual({ status: 'fulfilled', value: 3 });
  });

  test('a transaction that takes long keeps others from beginning no longer', async () => {
    const { group, begun } = byHand({ transactions: 2, worthwhile: 100 });
    const held = group.submit(request(1));
    await settled();
    const others = [group.submit(request(2)), group.submit(request(3)), group.submit(request(4, { key: 'k1' }))];
    now = 200;
    vi.advanceTimersByTime(200);
    await settled();
    expect(begun.map(({ values }) => values)).toEqual([[1]]);
    now = 300;
    vi.advanceTimersByTime(100);
    await settled();
    expect(begun.map(({ values }) => values)).toEqual([[1], [2, 3]]);
    await begun[1]?.end();
    expect(await Promise.all(others.slice(0, 2))).toEqual([20, 30]);
    await begun[0]?.end();
    await begun[2]?.end();
    expect(await Promise.all([held, others[2]])).toEqual([10, 40]);
  });

  test('where a row is held, those who share its transaction run again alone beside the others, in turn, and keep their order', async () => {
    const { group, begun } = byHand();
    const values = () => begun.map((each) => each.values);
    const first = [1, 2, 3].map((value) => group.submit(request(value)));
    await settled();
    const second = group.submit(request(4, { key: 'k1' }));
    await begun[0]?.end(isHeld());
    const other = group.submit(request(5));
    await settled();
    expect(values()).toEqual([[1, 2, 3], [1], [5]]);
    expect(group.waiting).toBe(3);
    await begun[2]?.end();
    expect(await other).toBe(50);
    await begun[1]?.end(isHeld());
    await begun[3]?.end();
    await begun[4]?.end();
    expect(await Promise.all(first.slice(1))).toEqual([20, 30]);
    expect(values().slice(3)).toEqual([[2], [3], [1]]);
    await begun[5]?.end();
    expect(values()[6]).toEqual([4]);
    await begun[6]?.end();
    expect(await Promise.all([first[0], second])).toEqual([10, 40]);
    expect(group.waiting).toBe(0);
    await group.close();
  });

  test('rows that are held, more than there are transactions, are tried for a moment each', async () => {
    const { group, begun } = byHand({ queue: 60, batch: 60 });
    const timeouts = () => begun.map(({ limits }) => limits.lockTimeout);
    const held = Array.from({ length: 60 }, (_, value) => group.submit(request(value)));
    await settled();
    await begun[0]?.end(isHeld());
    await begun[1]?.end(isHeld());
    // Nothing was known to be held by those that came first.
    expect(timeouts()).toEqual([1_000, 20, 20]);
    const other = group.submit(request(60));
    await expect(group.submit(request(61))).rejects.toMatchObject({ code: 'overloaded' });
    await settled();
    for (let index = 2; index < begun.length; index++) await begun[index]?.end();
    expect(await Promise.all([...held, other])).toEqual(Array.from({ length: 61 }, (_, value) => value * 10));
    expect(timeouts()[52]).toBeGreaterThan(20);
    // The only one that is held is waited for longer.
    const last = group.submit(request(1));
    await settled();
    await begun.at(-1)?.end(isHeld());
    await begun.at(-1)?.end(isHeld());
    expect(timeouts().slice(-2)).toEqual([250, 250]);
    const beside = group.submit(request(2));
    await settled();
    expect(begun.at(-1)).toMatchObject({ values: [2], limits: { lockTimeout: 250 } });
    await begun.at(-1)?.end();
    await begun.at(-2)?.end();
    expect(await Promise.all([last, beside])).toEqual([10, 20]);
    await group.close();
  });

  test('the next request of a key that could not be written keeps no other waiting, until one of it is written', async () => {
    const { group, begun } = byHand();
    const controller = new AbortController();
    const gone = group.submit(request(1, { signal: controller.signal }));
    await settled();
    await begun[0]?.end(isHeld());
    controller.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    await begun[1]?.end(isHeld());
    const both = [group.submit(request(1))];
    await settled();
    both.push(group.submit(request(2)));
    await settled();
    expect(begun.slice(2).map(({ values }) => values)).toEqual([[1], [2]]);
    await begun[2]?.end();
    await begun[3]?.end();
    expect(await Promise.all(both)).toEqual([10, 20]);
    const again = [group.submit(request(1)), group.submit(request(2))];
    await settled();
    expect(begun[4]?.values).toEqual([1, 2]);
    await begun[4]?.end();
    expect(await Promise.all(again)).toEqual([10, 20]);
    await group.close();
  });

  test('a key whose row was held keeps no other waiting, also where its request came to its deadline while it was tried', async () => {
    const { group, begun } = byHand();
    const late = group.submit(request(1));
    const lateError = expect(late).rejects.toMatchObject({ code: 'deadline_exceeded' });
    await settled();
    await begun[0]?.end(isHeld());
    await begun[1]?.end(new SophiaError('deadline_exceeded', 'The database did not answer within 80 ms.'));
    await lateError;
    const both = [group.submit(request(1)), group.submit(request(2))];
    await settled();
    expect(begun.slice(2).map(({ values }) => values)).toEqual([[2], [1]]);
    await begun[2]?.end();
    await begun[3]?.end();
    expect(await Promise.all(both)).toEqual([10, 20]);
    await group.close();
  });

  test('remembers a thousand keys that could not be written', async () => {
    const locked = new Set(Array.from({ length: 1_001 }, (_, value) => `k${value}`));
    const alone: string[] = [];
    const group = createGroupCommit<Request, number>({
      commit: async (requests) => {
        await nextTurn();
        if (requests.length === 1) alone.push(...requests.map(({ key }) => key));
        if (requests.some(({ key }) => locked.has(key))) throw isHeld();
        return requests.map(({ value }) => value);
      },
      clock,
      transactions: 1,
      worthwhile: 1,
      queue: 2_000,
      batch: 2_000,
    });
    const controllers = [...locked].map(() => new AbortController());
    const held = [...locked].map((_, value) => group.submit(request(value, { signal: controllers[value]?.signal })));
    const refused = Promise.allSettled(held);
    await vi.waitUntil(() => alone.includes('k1000'));
    for (const controller of controllers) controller.abort(new Error('gone'));
    await refused;
    await vi.waitUntil(() => group.waiting === 0);
    locked.clear();
    alone.length = 0;
    // With two others, so that the one that was forgotten is not alone.
    await Promise.all(Array.from({ length: 1_003 }, (_, value) => group.submit(request(value))));
    expect(alone.length).toBe(1_000);
    await group.close();
  });

  test('tells all of them when the database is gone, and tries none again', async () => {
    const { group, begun } = byHand();
    const all = [1, 2].map((value) => group.submit(request(value)));
    const errors = Promise.all(all.map((each) => expect(each).rejects.toMatchObject({ code: 'unavailable' })));
    await settled();
    await begun[0]?.end(new SophiaError('unavailable', 'The database cannot be reached.'));
    await errors;
    expect(begun.length).toBe(1);
  });

  test('closes when what it took is answered', async () => {
    const { group, begun } = byHand();
    const taken = group.submit(request(1));
    await settled();
    const closed = group.close();
    await expect(group.submit(request(2))).rejects.toMatchObject({ code: 'unavailable' });
    await begun[0]?.end();
    await closed;
    expect(await taken).toBe(10);
  });
});
