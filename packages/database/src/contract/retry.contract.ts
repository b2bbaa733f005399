import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '@sophia/shared';
import type { Transaction } from '@sophia/types';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../database.ts';
import type { Verdict } from '../testing/fault-proxy.ts';
import { waitUntil } from '../testing/wait-until.ts';
import type { DatabaseHarness } from './database-harness.ts';
import { insertThing, labelsOf, makeThings, type Things, workspace } from './things.ts';

/** D3: what can be tried again is, and no commit is ever repeated or forgotten. */
export function retryContract(harness: () => DatabaseHarness): void {
  describe('D3', () => {
    let app: Database;
    /** Not through the faults. */
    let sure: Database;
    let things: Things;
    const raise = { name: 'raise_state', text: 'select raise_state($1)' };
    const open = {
      name: 'open_writers',
      text: `select pid from pg_stat_activity where state like 'idle in transaction%' and pid <> pg_backend_pid()`,
    };

    beforeAll(async () => {
      app = await harness().open('app', { faulty: true });
      sure = await harness().open('app');
      const owner = await harness().open('owner');
      things = await makeThings(owner);
      const text = `create function raise_state(state text) returns void language plpgsql as $$
        begin raise exception 'raised' using errcode = state; end $$`;
      await owner.write([], (transaction) => owner.query(transaction, { name: 'create_raise_state', text }));
    });
    afterEach(() => {
      harness().faults.commits('pass');
      harness().faults.slow(0);
      harness().faults.resume();
      harness().faults.refuse(false);
    });

    /** Runs work that fails so at its first attempts; tells how often it ran. */
    const failAtFirst = async (times: number, state: string, options?: Parameters<Database['write']>[2]): Promise<number> => {
      let attempts = 0;
      const work: Parameters<Database['write']>[1] = async (transaction) => {
        attempts++;
        if (attempts <= times) await app.query(transaction, raise, [state]);
      };
      await app.write([], work, options).catch((error: unknown) => {
        if (attempts > times) throw error;
      });
      return attempts;
    };

    test.each(['40001', '40P01', '57P01'])('D3: work that failed with %s is run again', async (state) => {
      expect(await failAtFirst(3, state)).toBe(4);
    });

    test('D3: work that failed for a reason of its own, or may not be repeated, runs once', async () => {
      expect(await failAtFirst(1, '22012')).toBe(1);
      expect(await failAtFirst(1, '40001', { idempotent: false })).toBe(1);
    });

    test('D3: work that keeps failing is given up', async () => {
      const always = app.write([], (transaction) => app.query(transaction, raise, ['40001']));
      await expect(always).rejects.toMatchObject({ code: 'unavailable', retryAfter: 1 });
    });

    test('D3: between two attempts work can be given up', async () => {
      const giving = new AbortController();
      let attempts = 0;
      const work = async (transaction: Transaction) => {
        attempts++;
        await app.query(transaction, raise, ['40001']).finally(() => giving.abort(new Error('given up')));
      };
      await expect(app.write([], work, { signal: giving.signal })).rejects.toThrow('given up');
      expect(attempts).toBe(1);
      const late = app.write([], (transaction) => app.query(transaction, raise, ['40001']), { deadline: 100 });
      await expect(late).rejects.toMatchObject({ code: expect.stringMatching(/deadline_exceeded|unavailable/) });
    });

    test('D3: two writers that lock each other out both succeed', async () => {
      await insertThing(sure, things, 'left');
      await insertThing(sure, things, 'right');
      const lock = { name: 'lock_thing', text: `select from ${things.table} where label = $1 for update` };
      let waiting = 0;
      const both = async (first: string, second: string) => {
        let attempts = 0;
        await app.write([workspace(1)], async (transaction) => {
          attempts++;
          await app.query(transaction, lock, [first]);
          waiting++;
          await waitUntil('the other holds its lock', () => waiting >= 2);
          await app.query(transaction, lock, [second]);
        });
        return attempts;
      };
      const attempts = await Promise.all([both('left', 'right'), both('right', 'left')]);
      // The server may end one of them or, where it is slow, both.
      expect(Math.max(...attempts)).toBeGreaterThanOrEqual(2);
    });

    test('D3: a unique violation by a statement with a fallback: the work is run again with that in its place', async () => {
      await insertThing(sure, things, 'taken');
      const fallback = { name: 'insert_otherwise', text: `insert into ${things.table} (workspace, label) values ($1, $2 || ' otherwise')` };
      const insert = { ...things.insert, name: 'insert_with_fallback', fallback };
      let runs = 0;
      const write = (label: string) =>
        app.write([workspace(1)], async (transaction) => {
          runs++;
          await app.query(transaction, insert, [1, label]);
        });
      await write('not taken');
      expect(runs).toBe(1);
      await write('taken');
      expect(runs).toBe(3);
      expect(await labelsOf(sure, [1], things)).toEqual(expect.arrayContaining(['not taken', 'taken', 'taken otherwise']));
      // Nothing is left to fall back on: once is enough to know.
      await insertThing(sure, things, 'both');
      await insertThing(sure, things, 'both otherwise');
      await expect(write('both')).rejects.toMatchObject({ code: 'database_error', details: { sql_state: '23505' } });
      expect(runs).toBe(5);
      const others = app.write([workspace(1)], async (transaction) => {
        await app.query(transaction, insert, [1, 'another']);
        await app.query(transaction, things.insert, [1, 'taken']);
      });
      await expect(others).rejects.toMatchObject({ code: 'database_error', details: { sql_state: '23505' } });
    });

    test('D3: a failure that the work passes over still undoes the transaction', async () => {
      const swallowing = app.write([workspace(1)], async (transaction) => {
        await app.query(transaction, things.insert, [1, 'half']);
        await app.query(transaction, raise, ['22012']).catch(() => 'passed over');
      });
      await expect(swallowing).rejects.toMatchObject({ code: 'database_error', details: { sql_state: '22012' } });
      expect(await labelsOf(sure, [1], things)).not.toContain('half');
    });

    test('D3: a rule that is checked at the commit is told like any other', async () => {
      await insertThing(sure, things, 'only once');
      const defer = { name: 'defer', text: 'set constraints all deferred' };
      const twice = app.write([workspace(1)], async (transaction) => {
        await app.query(transaction, defer);
        await app.query(transaction, things.insert, [1, 'only once']);
      });
      await expect(twice).rejects.toMatchObject({ code: 'database_error', details: { sql_state: '23505' } });
    });

    test('D3: a connection cut before the commit: the work is run again', async () => {
      let attempts = 0;
      const { value } = await app.write([workspace(1)], async (transaction) => {
        attempts++;
        await app.query(transaction, things.insert, [1, 'cut once']);
        if (attempts === 1) harness().faults.cut();
        return (await app.query(transaction, things.labels)).length;
      });
      expect(value).toBeGreaterThan(0);
      // Other connections of the pool were cut too, and may be tried before that is noticed.
      expect(attempts).toBeGreaterThanOrEqual(2);
      expect((await labelsOf(sure, [1], things)).filter((label) => label === 'cut once')).toHaveLength(1);
    });

    test('D3: a connection cut after the last statement: the COMMIT was never sent, so the work is run again', async () => {
      let attempts = 0;
      await app.write([workspace(1)], async (transaction) => {
        attempts++;
        await app.query(transaction, things.insert, [1, 'cut at the end']);
        if (attempts > 1) return;
        harness().faults.cut();
        await waitUntil('it is noticed', async () => (await sure.select([], open)).length === 0);
      });
      expect(attempts).toBeGreaterThanOrEqual(2);
      expect((await labelsOf(sure, [1], things)).filter((label) => label === 'cut at the end')).toHaveLength(1);
    });

    test('D3: reads are repeated when their connection is cut', async () => {
      const slow = { name: 'slow_read', text: 'select pg_sleep(2)::text as done' };
      const inTransaction = app.read([], (transaction) => app.query(transaction, slow));
      const alone = app.select([], slow);
      const shared = app.select([], { ...slow, name: 'slow_quick_read', quick: true });
      await waitUntil('they are under way', async () => {
        const active = {
          name: 'active',
          text: `select pid from pg_stat_activity where state = 'active' and query like '%pg_sleep%' and pid <> pg_backend_pid()`,
        };
        return (await sure.select([], active)).length === 3;
      });
      harness().faults.cut();
      expect(await Promise.all([inTransaction, alone, shared])).toEqual([[{ done: '' }], [{ done: '' }], [{ done: '' }]]);
    });

    test('D3: a COMMIT that happened although its answer was lost counts, once', async () => {
      harness().faults.commits('lose_answer');
      let attempts = 0;
      const { value, token } = await app.write([workspace(1)], async (transaction) => {
        await app.query(transaction, things.insert, [1, 'answer lost']);
        attempts++;
        return 'done';
      });
      expect({ value, attempts }).toEqual({ value: 'done', attempts: 1 });
      expect(token).toEqual({
        transactionId: expect.stringMatching(/^\d+$/),
        walPosition: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/),
      });
      expect(await labelsOf(sure, [1], things)).toContain('answer lost');
    });

    test('D3: a COMMIT that never arrived is found out, and the work run again', async () => {
      harness().faults.commits('lose');
      let attempts = 0;
      await app.write([workspace(1)], async (transaction) => {
        await app.query(transaction, things.insert, [1, 'commit lost']);
        attempts++;
        if (attempts === 2) harness().faults.commits('pass');
      });
      expect(attempts).toBe(2);
      expect((await labelsOf(sure, [1], things)).filter((label) => label === 'commit lost')).toHaveLength(1);
      await waitUntil('none is left open', async () => (await sure.select([], open)).length === 0);
    });

    test('D3: a COMMIT that never arrived of work that may not be repeated fails, and nothing happened', async () => {
      harness().faults.commits('lose');
      await expect(insertThing(app, things, 'not repeated', { idempotent: false })).rejects.toMatchObject({ code: 'unavailable' });
      expect(await labelsOf(sure, [1], things)).not.toContain('not repeated');
    });

    test('D3: where nobody can be asked about a COMMIT, its caller is told so', async () => {
      harness().faults.commits('lose_answer');
      const writing = app.write(
        [workspace(1)],
        async (transaction) => {
          await app.query(transaction, things.insert, [1, 'unknown']);
          // The pool has no other connection, and gets none.
          harness().faults.refuse(true);
        },
        { deadline: 1_000 },
      );
      await expect(writing).rejects.toMatchObject({ code: 'commit_unknown', retryAfter: 1 });
      harness().faults.refuse(false);
      expect(await labelsOf(sure, [1], things)).toContain('unknown');
    });

    test('D3: under cuts at any moment every acknowledged row is there, and none twice', async () => {
      const random = seededRandom(7);
      const verdicts: Verdict[] = ['pass', 'pass', 'lose', 'lose_answer'];
      const ledger = await makeThings(await harness().open('owner'));
      const acknowledged: string[] = [];
      const refused: string[] = [];
      const write = async (writer: number) => {
        for (let count = 0; count < 15; count++) {
          const label = `${writer}-${count}`;
          harness().faults.commits(verdicts[Math.floor(random() * verdicts.length)] ?? 'pass');
          if (random() < 0.05) harness().faults.cut();
          await insertThing(app, ledger, label).then(
            () => acknowledged.push(label),
            () => refused.push(label),
          );
        }
      };
      await Promise.all(Array.from({ length: 10 }, (_, writer) => write(writer)));
      const found = await labelsOf(sure, [1], ledger);
      expect(acknowledged.filter((label) => !found.includes(label))).toEqual([]);
      expect(new Set(found).size).toBe(found.length);
      expect(acknowledged.length + refused.length).toBe(150);
      expect(acknowledged.length).toBeGreaterThan(100);
    });

    test('D3: when the server is killed, every acknowledged row is there, and none twice', async () => {
      const ledger = await makeThings(await harness().open('owner'));
      const acknowledged: string[] = [];
      const failures: unknown[] = [];
      let writing = true;
      const write = async (writer: number) => {
        for (let count = 0; writing; count++) {
          const label = `${writer}-${count}`;
          try {
            await insertThing(app, ledger, label);
            acknowledged.push(label);
          } catch (error) {
            failures.push(error);
            await delay(50);
          }
        }
      };
      const writers = Promise.all(Array.from({ length: 10 }, (_, writer) => write(writer)));
      for (let round = 0; round < 3; round++) {
        const before = acknowledged.length;
        await waitUntil('writes go through', () => acknowledged.length > before + 50);
        await harness().faults.kill();
      }
      const before = acknowledged.length;
      await waitUntil('writes go through again', () => acknowledged.length > before + 50);
      writing = false;
      await writers;
      await waitUntil('the other instance is back too', () =>
        sure.ping().then(
          () => true,
          () => false,
        ),
      );
      const found = new Set(await labelsOf(sure, [1], ledger));
      expect(acknowledged.filter((label) => !found.has(label))).toEqual([]);
      // The unique constraint holds every label to one row; what failed says whether it may have happened.
      const unclear = failures.filter(
        (error) => !(error instanceof Error && 'code' in error && ['commit_unknown', 'unavailable'].includes(String(error.code))),
      );
      expect(unclear).toEqual([]);
      const unexplained = found.size - acknowledged.length;
      expect(unexplained).toBeLessThanOrEqual(
        failures.filter((error) => error instanceof Error && 'code' in error && error.code === 'commit_unknown').length,
      );
    });

    test('D3: a plan that no longer fits its table is made anew', async () => {
      const owner = await harness().open('owner');
      const changing = await makeThings(owner);
      const all = { name: 'all_columns', text: `select * from ${changing.table}` };
      await insertThing(sure, changing, 'one');
      expect(Object.keys((await sure.select([workspace(1)], all))[0] ?? {})).toEqual(['id', 'workspace', 'label']);
      await owner.write([], (transaction) =>
        owner.query(transaction, { name: 'widen', text: `alter table ${changing.table} add column more int` }),
      );
      for (let count = 0; count < 10; count++) {
        expect(Object.keys((await sure.select([workspace(1)], all))[0] ?? {})).toEqual(['id', 'workspace', 'label', 'more']);
      }
    });
  });
}
