import { beforeAll, describe, expect, test } from 'vitest';
import type { Database, Session } from '../database.ts';
import { waitUntil } from '../testing/wait-until.ts';
import type { DatabaseHarness } from './database-harness.ts';

/** A connection of one's own. */
export function sessionContract(harness: () => DatabaseHarness): void {
  describe('sessions', () => {
    let app: Database;
    const lock = { name: 'try_lock', text: 'select pg_try_advisory_lock($1) as held' };
    const notify = { name: 'notify', text: 'select pg_notify($1, $2)' };
    const held = async (session: Session, key: number) => (await session.query<{ held: boolean }>(lock, [key]))[0]?.held;

    beforeAll(async () => {
      app = await harness().open('app', { faulty: true });
    });

    test('a lock lives as long as its session', async () => {
      const [first, second] = [await app.openSession(), await app.openSession()];
      expect(await held(first, 1)).toBe(true);
      expect(await held(second, 1)).toBe(false);
      await first.close();
      await first.closed;
      await waitUntil('the lock is free', async () => (await held(second, 1)) === true);
      await second.close();
    });

    test('notifications of its channels arrive in order, of others not', async () => {
      const session = await app.openSession();
      const received: string[] = [];
      const too: string[] = [];
      await session.listen('Odd "channel"', (payload) => received.push(payload));
      await session.listen('Odd "channel"', (payload) => too.push(payload));
      await session.listen('other', (payload) => received.push(payload));
      for (const [channel, payload] of [
        ['Odd "channel"', 'one'],
        ['elsewhere', 'none'],
        ['other', 'two'],
        ['Odd "channel"', ''],
      ]) {
        await app.write([], (transaction) => app.query(transaction, notify, [channel, payload]));
      }
      await waitUntil('they have come', () => received.length === 3);
      expect([received, too]).toEqual([
        ['one', 'two', ''],
        ['one', ''],
      ]);
      await session.close();
    });

    test('statements run one after the other, and a failed one harms no other', async () => {
      const session = await app.openSession();
      const divide = { name: 'session_divide', text: 'select 10 / $1::int as value' };
      const answers = await Promise.allSettled([session.query(divide, [5]), session.query(divide, [0]), session.query(divide, [2])]);
      expect(answers).toMatchObject([
        { status: 'fulfilled', value: [{ value: 2 }] },
        { status: 'rejected', reason: { code: 'database_error' } },
        { status: 'fulfilled', value: [{ value: 5 }] },
      ]);
      await session.close();
    });

    test('one that is lost says so, and fails what is asked of it', async () => {
      const session = await app.openSession();
      expect(await held(session, 2)).toBe(true);
      harness().faults.cut();
      await session.closed;
      await expect(session.query(lock, [2])).rejects.toMatchObject({ code: 'unavailable' });
      await session.close();
    });

    test('a statement past its deadline, or given up, ends the session', async () => {
      const sleep = { name: 'session_sleep', text: 'select pg_sleep(30)' };
      const late = await app.openSession();
      await expect(late.query(sleep, [], { deadline: 50 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      await late.closed;
      const given = await app.openSession();
      await expect(given.query(sleep, [], { signal: AbortSignal.timeout(50) })).rejects.toThrow('timeout');
      await given.closed;
      const never = await app.openSession();
      await expect(never.query(sleep, [], { signal: AbortSignal.abort(new Error('gave up')) })).rejects.toThrow('gave up');
      await never.close();
    });

    test('one that is given up while it is opened, or before, is not opened', async () => {
      await expect(app.openSession({ signal: AbortSignal.abort(new Error('gave up')) })).rejects.toThrow('gave up');
      harness().faults.stall();
      await expect(app.openSession({ signal: AbortSignal.timeout(50) })).rejects.toThrow('timeout');
      harness().faults.resume();
      const opened = new AbortController();
      const session = await app.openSession({ signal: opened.signal });
      opened.abort();
      expect(await held(session, 3)).toBe(true);
      await session.close();
    });

    test('ping tells the milliseconds to the primary', async () => {
      expect(await app.ping()).toBeGreaterThan(0);
      harness().faults.stall();
      await expect(app.ping({ deadline: 100 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      await expect(app.openSession({ deadline: 100 })).rejects.toMatchObject({ code: 'unavailable' });
      harness().faults.resume();
    });
  });
}
