import { isSophiaError } from '@sophia/shared';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  clock,
  ended,
  isHeld,
  nextTurn,
  type Request,
  request,
  STEP,
  simulatedDatabase,
  simulateTime,
  time,
} from '../testing/grouped-requests.ts';
import { createGroupCommit } from './group-commit.ts';

simulateTime();

describe('group commit', () => {
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
          await ended(Promise.all(answers));
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
            const expires = time.now + deadline;
            const answer = group
              .submit({ ...request(value, { key: `k${key}`, deadline, signal: controller.signal }), breaks })
              .then(
                () => 'written',
                (error: unknown) => (isSophiaError(error) ? error.code : 'gone'),
              )
              .then((outcome) => ({ outcome, at: time.now }));
            if (leaves !== undefined) void turns(leaves).then(() => controller.abort(new Error('gone')));
            const { outcome, at } = await answer;
            // Callers who have waited too long are looked for every 100 ms.
            expect(at).toBeLessThanOrEqual(expires + 100 + STEP);
            if (outcome === 'deadline_exceeded') expect(at).toBeGreaterThanOrEqual(expires);
            return outcome;
          });
          await turns(closes);
          await ended(group.close());
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
});
