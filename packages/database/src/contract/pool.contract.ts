import { afterEach, describe, expect, test } from 'vitest';
import type { Database } from '../database.ts';
import { waitUntil } from '../testing/wait-until.ts';
import type { DatabaseHarness, OpenOptions } from './database-harness.ts';

/** D4: connections are there before they are needed, bounded, and replaced. */
export function poolContract(harness: () => DatabaseHarness): void {
  describe('D4', () => {
    const opened: Database[] = [];
    const open = async (pool: NonNullable<OpenOptions['pool']>, faulty = false): Promise<Database> => {
      const database = await harness().open('log', { pool, faulty, applicationName: NAME });
      opened.push(database);
      return database;
    };
    afterEach(async () => {
      harness().faults.resume();
      await Promise.all(opened.splice(0).map((database) => database.close()));
    });

    const own = { name: 'own_pid', text: 'select pg_backend_pid() as pid' };
    const count = { name: 'connections', text: 'select pid from pg_stat_activity where application_name = $1' };
    const sleep = { name: 'sleep', text: 'select pg_sleep($1)' };
    /** Server processes of the databases that the test opened. */
    const connections = async (looker: Database) => (await looker.select<{ pid: number }>([], count, [NAME])).map(({ pid }) => pid);
    const looker = () => harness().open('app');

    test('D4: the minimum is open before the first call', async () => {
      const look = await looker();
      await open({ minimum: 7, maximum: 10 });
      expect((await connections(look)).length).toBe(7);
    });

    test('D4: a thousand callers at once see no error, over no more than the maximum', async () => {
      const look = await looker();
      const database = await open({ minimum: 2, maximum: 6 });
      const statement = { name: 'twice', text: 'select $1::int * 2 as twice' };
      const callers = Array.from({ length: 1_000 }, async (_, index) => {
        const rows =
          index % 2 === 0
            ? await database.select<{ twice: number }>([], statement, [index])
            : await database.read([], (transaction) => database.query<{ twice: number }>(transaction, statement, [index]));
        return rows[0]?.twice;
      });
      const [answers, most] = await Promise.all([Promise.all(callers), connections(look)]);
      expect(answers).toEqual(Array.from({ length: 1_000 }, (_, index) => index * 2));
      expect(most.length).toBeLessThanOrEqual(6);
    });

    test('D4: beyond the queue callers are turned away at once', async () => {
      const database = await open({ minimum: 1, maximum: 1, queue: 2 });
      const busy = database.read([], (transaction) => database.query(transaction, sleep, [0.3]));
      const waiting = [database.select([], own), database.select([], own)];
      await expect(database.select([], own)).rejects.toMatchObject({ code: 'overloaded', retryAfter: 1 });
      await Promise.all([busy, ...waiting]);
    });

    test('D4: a caller that gets no connection is told at its deadline, or when it gives up', async () => {
      const database = await open({ minimum: 1, maximum: 1 });
      const busy = database.read([], (transaction) => database.query(transaction, sleep, [1]));
      await expect(database.select([], own, [], { deadline: 50 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      const signal = AbortSignal.abort(new Error('gave up'));
      await expect(database.select([], own, [], { signal })).rejects.toThrow('gave up');
      const controller = new AbortController();
      const given = database.select([], own, [], { signal: controller.signal });
      controller.abort(new Error('gave up later'));
      await expect(given).rejects.toThrow('gave up later');
      await busy;
    });

    test('D4: a statement past its deadline ends on the server too', async () => {
      const database = await open({ minimum: 1, maximum: 2 });
      const look = await looker();
      const running = {
        name: 'running',
        text: `select pid from pg_stat_activity where state = 'active' and query like '%pg_sleep%' and pid <> pg_backend_pid()`,
      };
      const long = [
        database.select([], sleep, [30], { deadline: 100 }),
        database.read([], (transaction) => database.query(transaction, sleep, [30]), { deadline: 100 }),
        database.select([], { ...sleep, name: 'quick_sleep', quick: true }, [30], { deadline: 100 }),
      ];
      expect(await Promise.allSettled(long)).toMatchObject(long.map(() => ({ status: 'rejected', reason: { code: 'deadline_exceeded' } })));
      await waitUntil('the server has stopped', async () => (await look.select([], running)).length === 0);
      const signal = AbortSignal.timeout(100);
      await expect(database.write([], (transaction) => database.query(transaction, sleep, [30]), { signal })).rejects.toThrow('timeout');
      await waitUntil('the server has stopped', async () => (await look.select([], running)).length === 0);
    });

    test('D4: work that waits for something else ends at its deadline', async () => {
      const database = await open({ minimum: 1, maximum: 1 });
      const stuck = database.write(
        [],
        async (transaction) => {
          await database.query(transaction, own);
          await new Promise(() => 'never');
        },
        { deadline: 100 },
      );
      await expect(stuck).rejects.toMatchObject({ code: 'deadline_exceeded' });
      expect(await database.select([], own)).toHaveLength(1);
    });

    test('D4: a connection on which a transaction was left open serves nobody else', async () => {
      const database = await open({ minimum: 1, maximum: 1 });
      const [before] = await database.select<{ pid: number }>([], own);
      await database.select([], { name: 'begin', text: 'begin' });
      const [after] = await database.select<{ pid: number }>([], own);
      expect(after?.pid).not.toBe(before?.pid);
    });

    test('D4: connections beyond the minimum close when nobody needs them', async () => {
      const look = await looker();
      const database = await open({ minimum: 2, maximum: 8, idleMs: 300_000 });
      let present = 0;
      const together = () =>
        database.read([], async (transaction) => {
          await database.query(transaction, own);
          present++;
          await waitUntil('eight are there', () => present === 8);
        });
      await Promise.all(Array.from({ length: 8 }, together));
      expect((await connections(look)).length).toBe(8);
      await waitUntil('only the minimum is left', async () => {
        // A connection is idle from the end of its transaction, which comes after the value.
        harness().elapse(300_000);
        return (await connections(look)).length === 2;
      });
    });

    test('D4: a connection that ran its count is replaced', async () => {
      const database = await open({ minimum: 1, maximum: 1, recycleAfterQueries: 20 });
      const pids = new Set<number>();
      for (let index = 0; index < 30; index++) for (const { pid } of await database.select<{ pid: number }>([], own)) pids.add(pid);
      expect(pids.size).toBeGreaterThanOrEqual(3);
      expect(pids.size).toBeLessThanOrEqual(5);
    });

    test('D4: connections that the server ended are replaced before they are missed', async () => {
      const look = await looker();
      const database = await open({ minimum: 3, maximum: 3 });
      const end = { name: 'end_others', text: `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${NAME}'` };
      const owner = await harness().open('owner');
      const old = await connections(look);
      await owner.select([], end);
      await waitUntil('three others are open', async () => {
        const now = await connections(look);
        return now.length === 3 && now.every((pid) => !old.includes(pid));
      });
      expect(await database.select([], own)).toHaveLength(1);
    });

    test('D4: a server that does not answer costs each caller its deadline, and all goes on when it does', async () => {
      const database = await open({ minimum: 2, maximum: 4 }, true);
      harness().faults.stall();
      const calls = Array.from({ length: 20 }, () => database.select([], own, [], { deadline: 300 }));
      const codes = (await Promise.allSettled(calls)).map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'answered'));
      expect(codes.filter((code) => code !== 'deadline_exceeded' && code !== 'unavailable')).toEqual([]);
      harness().faults.resume();
      await waitUntil('it answers again', () =>
        database.select([], own, [], { deadline: 300 }).then(
          () => true,
          () => false,
        ),
      );
    });

    test('D4: a read costs one round trip, a write two', async () => {
      const database = await open({ minimum: 1, maximum: 1 }, true);
      const { sent } = harness().faults;
      const before = sent();
      await database.select([], own);
      await database.select([], { ...own, quick: true });
      expect(sent() - before).toBe(2);
      const { value } = await database.write([], (transaction) =>
        Promise.all([database.query<{ pid: number }>(transaction, own), database.query(transaction, { ...own, name: 'own_pid_too' })]),
      );
      expect(value[0]).toEqual(value[1]);
      expect(sent() - before).toBe(4);
      await database.write([], async () => 'nothing to do');
      expect(sent() - before).toBe(5);
      await database.read([], async () => 'nothing to read');
      expect(sent() - before).toBe(5);
    });

    test('D4: a slow way is no error', async () => {
      const database = await open({ minimum: 1, maximum: 2 }, true);
      harness().faults.slow(20);
      expect(await Promise.all(Array.from({ length: 10 }, () => database.select([], own)))).toHaveLength(10);
      harness().faults.slow(0);
    });

    test('D4: closing turns callers away', async () => {
      const database = await open({ minimum: 1, maximum: 1 });
      const busy = database.read([], (transaction) => database.query(transaction, sleep, [0.2]));
      const waiting = database.select([], own);
      const closed = database.close();
      await expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
      await expect(database.select([], own)).rejects.toMatchObject({ code: 'unavailable' });
      expect(await busy).toHaveLength(1);
      await closed;
    });
  });
}

const NAME = 'pool-contract';
