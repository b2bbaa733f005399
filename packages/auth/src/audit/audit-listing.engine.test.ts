import type { Database } from '@sophia/database';
import type { Call, Transaction } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditedCall, entryOf, followAll, objectsOf } from '../testing/audit-entries.ts';
import { type AuthHarness, callOf, createAuthHarness } from '../testing/auth-harness.ts';
import { PORTION } from './audit-statements.ts';

describe('the audit', () => {
  let harness: AuthHarness;
  beforeAll(async () => {
    harness = await createAuthHarness();
  });
  afterAll(() => harness.close());

  it('A3: list pages newest first and gives each entry once', async () => {
    const call = await auditedCall(harness, 'pages');
    for (let number = 0; number < 7; number++) {
      harness.clock.advance(number % 2);
      await harness.auth.audit.write(entryOf(call, `o${number}`));
    }
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await harness.auth.audit.list(call, { limit: 3, cursor: cursor ?? undefined, action: 'read' });
      seen.push(...objectsOf(page.entries));
      cursor = page.cursor;
    } while (cursor !== null);
    expect(seen).toEqual(['o6', 'o5', 'o4', 'o3', 'o2', 'o1', 'o0']);
  });

  it('list finds by principal, action, object, result and time', async () => {
    const call = await auditedCall(harness, 'filters');
    const from = new Date(harness.clock.now()).toISOString();
    await harness.auth.audit.write(entryOf(call, 'one', { action: 'export' }));
    harness.clock.advance(1_000);
    const to = new Date(harness.clock.now()).toISOString();
    await harness.auth.audit.write(entryOf(call, 'two', { result: 'forbidden' }));
    const found = async (filter: object) => objectsOf((await harness.auth.audit.list(call, filter)).entries);
    expect(await found({ action: 'export' })).toEqual(['one']);
    expect(await found({ object: 'two' })).toEqual(['two']);
    expect(await found({ result: 'forbidden' })).toEqual(['two']);
    expect(await found({ principal: 'nobody' })).toEqual([]);
    expect(await found({ from, to })).toEqual(['one']);
    // An offset that PostgreSQL does not take itself.
    expect(await found({ from: from.replace('Z', '+00:00'), to: '2126-01-01T00:00:00+23:00' })).toEqual(['two', 'one']);
    for (const none of ['yesterday', '0000-01-01T00:00:00Z']) {
      await expect(found({ from: none })).rejects.toMatchObject({ code: 'invalid_request' });
    }
    await expect(found({ limit: 0 })).rejects.toMatchObject({ code: 'invalid_request' });
    const at = '2026-11-30T20:00:00Z';
    for (const cursor of [
      'x',
      `${at}~9999999999999999999`,
      `${at}~x`,
      `${at}~`,
      `${at}~1~1`,
      `${at}1`,
      '2026-13-45T20:00:00Z~1',
      '0000-01-01T00:00:00Z~1',
      '~1',
    ]) {
      await expect(found({ cursor })).rejects.toMatchObject({ code: 'invalid_cursor' });
    }
  });

  it('list looks at a portion of many entries for each page of a few, and says where to go on', async () => {
    const call = await auditedCall(harness, 'rare');
    const { audit } = harness.auth;
    const many = { name: 'test_many_entries', text: MANY_ENTRIES };
    const { workspace } = call.principal;
    await audit.write(entryOf(call, 'rare', { action: 'export' }));
    harness.clock.advance(1_000);
    const at = new Date(harness.clock.now()).toISOString();
    await harness.database.write([workspace], (transaction) => harness.database.query(transaction, many, [workspace, PORTION, at]));
    const first = await audit.list(call, { action: 'export' });
    expect(first.entries).toEqual([]);
    const second = await audit.list(call, { action: 'export', cursor: first.cursor ?? '' });
    expect(objectsOf(second.entries)).toEqual(['rare']);
    expect(second.cursor).toBeNull();
    const [newest] = objectsOf((await audit.list(call, { action: 'read', limit: 1 })).entries);
    expect(newest).toBe(`o${PORTION}`);
  });

  it('A3: follow misses nothing and repeats nothing although transactions commit out of order', async () => {
    const call = await auditedCall(harness, 'a3');
    const { auth, database } = harness;
    const slow = openTransaction(database, call, (transaction) => auth.audit.record(transaction, [entryOf(call, 'slow')]));
    await slow.began;
    await auth.audit.write(entryOf(call, 'quick'));
    const first = await followAll(harness, call);
    expect(first.objects).toEqual(['quick']);
    slow.commit();
    await slow.done;
    await auth.audit.write(entryOf(call, 'later'));
    const second = await followAll(harness, call, first.cursor);
    expect(second.objects).toEqual(['slow', 'later']);
    expect((await followAll(harness, call, second.cursor)).objects).toEqual([]);
  });

  it('A3: follow pages within what was there when it began', async () => {
    const call = await auditedCall(harness, 'follow-pages');
    for (let number = 0; number < 5; number++) await harness.auth.audit.write(entryOf(call, `o${number}`));
    const first = await harness.auth.audit.follow(call, { limit: 3 });
    await harness.auth.audit.write(entryOf(call, 'o5'));
    const second = await harness.auth.audit.follow(call, { limit: 3, cursor: first.cursor ?? '' });
    const third = await harness.auth.audit.follow(call, { limit: 3, cursor: second.cursor ?? '' });
    expect(objectsOf(first.entries)).toEqual(['o0', 'o1', 'o2']);
    expect(objectsOf(second.entries)).toEqual(['o3', 'o4']);
    expect(objectsOf(third.entries)).toEqual(['o5']);
  });

  it('A3: follow holds under many writers at once', async () => {
    const call = await auditedCall(harness, 'writers');
    const { auth, database } = harness;
    const written: string[] = [];
    const write = async (writer: number) => {
      for (let number = 0; number < 25; number++) {
        const object = `w${writer}.${number}`;
        await database.write([call.principal.workspace], async (transaction) => {
          await auth.audit.record(transaction, [entryOf(call, object)]);
          // Some commit later than others that began after them.
          if (number % 3 === writer % 3) await database.query(transaction, { name: 'test_pause', text: 'select pg_sleep(0.01)' });
        });
        written.push(object);
      }
    };
    const writers = Promise.all(Array.from({ length: 4 }, (_, index) => write(index)));
    const seen: string[] = [];
    let cursor: string | null = null;
    let running = true;
    void writers.finally(() => {
      running = false;
    });
    for (let again = true; again; ) {
      again = running;
      const page = await followAll(harness, call, cursor);
      seen.push(...page.objects);
      cursor = page.cursor;
    }
    await writers;
    expect(seen.toSorted()).toEqual(written.toSorted());
  });

  it('A3: a cursor whose tick is kept no longer, or that is none, is refused', async () => {
    const call = await auditedCall(harness, 'old-cursor');
    const { cursor } = await harness.auth.audit.follow(call);
    await harness.database.write([], (transaction) =>
      harness.database.query(transaction, { name: 'test_expire', text: `select sophia_audit_expire((now() + interval '1 day')::date)` }),
    );
    await expect(harness.auth.audit.follow(call, { cursor: cursor ?? '' })).rejects.toMatchObject({ code: 'invalid_cursor' });
    await expect(harness.auth.audit.follow(call, { cursor: 'none' })).rejects.toMatchObject({ code: 'invalid_cursor' });
    await expect(harness.auth.audit.follow(call, { limit: 1_001 })).rejects.toMatchObject({ code: 'invalid_request' });
    await harness.database.write([], (transaction) =>
      harness.database.query(transaction, {
        name: 'test_prepare',
        text: `select sophia_audit_prepare((now() - interval '1 day')::date, 9)`,
      }),
    );
  });

  it('A4: only administrators list, and each listing is an entry', async () => {
    const call = await auditedCall(harness, 'a4');
    const { audit } = harness.auth;
    const manager = callOf({ ...call.principal, id: 'user:m@example.org', role: 'manager' });
    await expect(audit.list(manager)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(audit.follow(manager)).rejects.toMatchObject({ code: 'forbidden' });
    await audit.list(call);
    const { entries } = await audit.list(call);
    expect(entries.map(({ action, result, rows }) => [action, result, rows])).toEqual([
      ['audit.list', 'ok', 2],
      ['audit.follow', 'forbidden', 0],
      ['audit.list', 'forbidden', 0],
    ]);
  });

  it('shows nothing of another workspace', async () => {
    const one = await auditedCall(harness, 'one');
    const other = await auditedCall(harness, 'other-audit');
    await harness.auth.audit.write(entryOf(one, 'private'));
    expect(objectsOf((await harness.auth.audit.list(other)).entries)).toEqual([]);
    expect((await followAll(harness, other)).objects).toEqual([]);
  });
});

const MANY_ENTRIES = `insert into audit_entry (workspace, at, principal, via, action, object, result, rows, milliseconds, times)
  select $1::int4, $3::timestamptz, 'test', 'system', 'read', 'o' || number, 'ok', 1, 1, 1 from generate_series(1, $2::int4) as number`;

/** A transaction that stays open after its work until it is told to commit. */
function openTransaction(database: Database, call: Call, work: (transaction: Transaction) => Promise<void>) {
  const began = Promise.withResolvers<void>();
  const mayCommit = Promise.withResolvers<void>();
  const done = database.write([call.principal.workspace], async (transaction) => {
    await work(transaction);
    began.resolve();
    await mayCommit.promise;
  });
  return { began: began.promise, commit: () => mayCommit.resolve(), done };
}
