import type { Database } from '@sophia/database';
import { createTestObservability } from '@sophia/observability/testing';
import { createGate } from '@sophia/shared/testing';
import type { Transaction } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemPrincipal } from '../system-principal.ts';
import { type AuthHarness, callOf, createAuthHarness } from '../testing/auth-harness.ts';
import { intercept } from '../testing/intercept.ts';
import type { AuditEntry, AuditRecord } from './audit.ts';

describe('the audit', () => {
  let harness: AuthHarness;
  beforeAll(async () => {
    harness = await createAuthHarness();
  });
  afterAll(() => harness.close());

  /** A workspace of the test's own, whose audit holds nothing else. */
  const freshCall = async (name: string) => callOf(systemPrincipal('test', await harness.auth.workspaces.ensure(name)));
  const entryOf = (call: AuditEntry['call'], object: string, other: Partial<AuditEntry> = {}): AuditEntry => ({
    call,
    action: 'read',
    object,
    milliseconds: 2,
    ...other,
  });
  const followAll = async (call: AuditEntry['call'], cursor?: string | null) => {
    const page = await harness.auth.audit.follow(call, { limit: 1_000, cursor: cursor ?? undefined });
    return { objects: objectsOf(page.entries), cursor: page.cursor };
  };
  const objectsOf = (entries: readonly AuditRecord[]) => entries.filter(({ object }) => object !== 'audit').map(({ object }) => object);

  it('A1: an entry is there exactly if its transaction commits', async () => {
    const call = await freshCall('a1');
    const { database, auth } = harness;
    await database.write([call.principal.workspace], (transaction) =>
      auth.audit.record(transaction, [entryOf(call, 'kept'), entryOf(call, 'kept too')]),
    );
    const failed = database.write([call.principal.workspace], async (transaction) => {
      await auth.audit.record(transaction, [entryOf(call, 'lost')]);
      throw new Error('the write fails');
    });
    await expect(failed).rejects.toThrow('the write fails');
    await auth.audit.write(entryOf(call, 'denied', { result: 'forbidden' }));
    expect(objectsOf((await auth.audit.list(call)).entries).sort()).toEqual(['denied', 'kept', 'kept too']);
  });

  it('keeps who, what, how much, how long, from where and in which request', async () => {
    const call = await freshCall('fields');
    const by = callOf(
      { ...call.principal, id: 'user:ann@example.org', onBehalfOf: 'agent:7' },
      { via: 'rest', request: 'r-1', address: '2001:db8::1' },
    );
    await harness.auth.audit.write(
      entryOf(by, 'record:deal/1', { action: 'write', rows: 3, milliseconds: 1.500_04, details: { version: 2 } }),
    );
    const { entries } = await harness.auth.audit.list(call, { action: 'write' });
    expect(entries).toEqual([
      {
        id: expect.stringMatching(/^\d+$/),
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
        principal: 'user:ann@example.org',
        on_behalf_of: 'agent:7',
        via: 'rest',
        action: 'write',
        object: 'record:deal/1',
        result: 'ok',
        rows: 3,
        milliseconds: 1.5,
        times: 1,
        address: '2001:db8::1',
        request: 'r-1',
        details: { version: 2 },
      },
    ]);
  });

  it('stores what PostgreSQL cannot hold as far as it can, so that no entry holds up others', async () => {
    const call = await freshCall('strange');
    await harness.auth.audit.write(entryOf(call, `a\0b\ud800${'x'.repeat(3_000)}`, { details: { text: 'a\0b' } }));
    const [entry] = (await harness.auth.audit.list(call)).entries;
    expect(entry?.object).toMatch(/^ab\ufffdx+…$/);
    expect(entry?.object.length).toBeLessThanOrEqual(2_000);
    expect(entry?.details).toEqual({ text: 'ab' });
  });

  it('A2: reads are there after a flush, identical ones as one with their number', async () => {
    const call = await freshCall('a2');
    const { audit } = harness.auth;
    for (let time = 0; time < 5; time++)
      expect(audit.read(entryOf(call, 'metrics:revenue', { rows: 10, milliseconds: 0.5 }))).toBeUndefined();
    void audit.read(entryOf(call, 'metrics:win_rate'));
    void audit.read(entryOf(call, 'metrics:win_rate'));
    void audit.read(
      entryOf(callOf({ ...call.principal, onBehalfOf: 'agent:7' }, { address: undefined, via: 'system' }), 'metrics:win_rate'),
    );
    void audit.read(entryOf(callOf(call.principal, { address: '192.0.2.9' }), 'metrics:revenue'));
    void audit.read(entryOf(call, 'metrics:revenue', { result: 'not_applied_yet' }));
    void audit.read(entryOf(call, 'metrics:revenue', { details: { as_of: '2026-01-01' } }));
    await audit.flush();
    const { entries } = await audit.list(call);
    expect(entries).toHaveLength(6);
    expect(entries.find(({ times }) => times === 2)).toMatchObject({ object: 'metrics:win_rate', rows: 0, milliseconds: 4 });
    expect(entries.find(({ times }) => times === 5)).toMatchObject({ object: 'metrics:revenue', rows: 50, milliseconds: 2.5 });
  });

  it('A2: reads are written by themselves', async () => {
    const call = await freshCall('soon');
    void harness.auth.audit.read(entryOf(call, 'by itself'));
    await expect.poll(async () => objectsOf((await harness.auth.audit.list(call)).entries)).toEqual(['by itself']);
  });

  it('A2: many reads are written by COPY', async () => {
    const call = await freshCall('many');
    for (let number = 0; number < 1_001; number++) void harness.auth.audit.read(entryOf(call, `record:${number}`));
    await harness.auth.audit.flush();
    const first = await followAll(call);
    const second = await followAll(call, first.cursor);
    expect(new Set([...first.objects, ...second.objects]).size).toBe(1_001);
  });

  it('A2: while the buffer is full reads wait, then fail; when it is written again they go on, and nothing is lost', async () => {
    const call = await freshCall('full');
    const gate = closedGate(harness.database);
    const observability = createTestObservability();
    const { audit } = await harness.another({ database: gate.database, observability, configuration: smallBuffer(100) });
    // The first hundred are taken to be written and held there; the next hundred fill the buffer.
    for (let number = 0; number < 100; number++) void audit.read(entryOf(call, `first:${number}`));
    await gate.reached;
    for (let number = 0; number < 100; number++) expect(audit.read(entryOf(call, `second:${number}`))).toBeUndefined();
    expect(await observability.metrics.render()).toContain('sophia_audit_buffer_entries 100');
    await expect(audit.read(entryOf(call, 'too much'))).rejects.toMatchObject({ code: 'overloaded', status: 503 });
    const waiting = audit.read(entryOf(call, 'patient'));
    expect(waiting).toBeInstanceOf(Promise);
    gate.open();
    await waiting;
    await audit.flush();
    const { objects } = await followAll(call);
    expect(objects).toHaveLength(201);
    expect(objects).toContain('patient');
  });

  it('A2: a read that may not wait is refused while the buffer is full, and leaves nothing behind', async () => {
    const call = await freshCall('impatient');
    const gate = closedGate(harness.database);
    const { audit } = await harness.another({ database: gate.database, configuration: smallBuffer(1) });
    expect(audit.tryRead(entryOf(call, 'being written'))).toBe(true);
    await gate.reached;
    expect(audit.tryRead(entryOf(call, 'waiting'))).toBe(true);
    expect(audit.tryRead(entryOf(call, 'refused'))).toBe(false);
    expect(audit.tryRead(entryOf(call, 'waiting'))).toBe(true);
    gate.open();
    await audit.flush();
    expect((await followAll(call)).objects.sort()).toEqual(['being written', 'waiting']);
    const { entries } = await harness.auth.audit.list(call, { object: 'waiting' });
    expect(entries.map(({ times }) => times)).toEqual([2]);
  });

  it('A2: reads that could not be written are tried again, and what somebody waits for fails at once', async () => {
    const call = await freshCall('failing');
    const gate = failingGate(harness.database);
    const { audit } = await harness.another({ database: gate.database });
    void audit.read(entryOf(call, 'kept'));
    await expect(audit.write(entryOf(call, 'failed'))).rejects.toThrow('no database');
    await expect.poll(gate.failures).toBeGreaterThan(2);
    // While the next attempt with the reads has its time, what somebody waits for does not wait for it.
    for (let time = 0; time < 3; time++) await expect(audit.write(entryOf(call, 'failed'))).rejects.toThrow('no database');
    gate.heal();
    await expect.poll(async () => (await followAll(call)).objects, { timeout: 10_000 }).toEqual(['kept']);
  });

  it('what is waited for is bounded too', async () => {
    const call = await freshCall('bounded');
    const gate = closedGate(harness.database);
    const { audit } = await harness.another({ database: gate.database });
    const first = audit.write(entryOf(call, 'first'));
    await gate.reached;
    const waiting = Array.from({ length: 10_000 }, (_, number) => audit.write(entryOf(call, `w${number}`)));
    await expect(audit.write(entryOf(call, 'too much'))).rejects.toMatchObject({ code: 'overloaded' });
    gate.open();
    await Promise.all([first, ...waiting]);
  });

  it('a process that ends while nothing can be written says what is lost', async () => {
    const call = await freshCall('lost');
    const gate = failingGate(harness.database);
    const observability = createTestObservability();
    const { audit } = await harness.another({ database: gate.database, observability });
    void audit.read(entryOf(call, 'lost'));
    await audit.close();
    expect(observability.lines()).toContainEqual(expect.objectContaining({ entries: 1, msg: 'entries of reads are lost to the audit' }));
    await observability.close();
  });

  it('A3: list pages newest first and gives each entry once', async () => {
    const call = await freshCall('pages');
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
    const call = await freshCall('filters');
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
    await expect(found({ from: 'yesterday' })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(found({ limit: 0 })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(found({ cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_cursor' });
  });

  it('A3: follow misses nothing and repeats nothing although transactions commit out of order', async () => {
    const call = await freshCall('a3');
    const { auth, database } = harness;
    const slow = openTransaction(database, call, (transaction) => auth.audit.record(transaction, [entryOf(call, 'slow')]));
    await slow.began;
    await auth.audit.write(entryOf(call, 'quick'));
    const first = await followAll(call);
    expect(first.objects).toEqual(['quick']);
    slow.commit();
    await slow.done;
    await auth.audit.write(entryOf(call, 'later'));
    const second = await followAll(call, first.cursor);
    expect(second.objects).toEqual(['slow', 'later']);
    expect((await followAll(call, second.cursor)).objects).toEqual([]);
  });

  it('A3: follow pages within what was there when it began', async () => {
    const call = await freshCall('follow-pages');
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
    const call = await freshCall('writers');
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
      const page = await followAll(call, cursor);
      seen.push(...page.objects);
      cursor = page.cursor;
    }
    await writers;
    expect(seen.toSorted()).toEqual(written.toSorted());
  });

  it('A3: a cursor whose tick is kept no longer, or that is none, is refused', async () => {
    const call = await freshCall('old-cursor');
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
    const call = await freshCall('a4');
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
    const one = await freshCall('one');
    const other = await freshCall('other-audit');
    await harness.auth.audit.write(entryOf(one, 'private'));
    expect(objectsOf((await harness.auth.audit.list(other)).entries)).toEqual([]);
    expect((await followAll(other)).objects).toEqual([]);
  });
});

const smallBuffer = (bufferEntries: number) => ({
  issuers: [],
  rateLimit: { requestsPerSecond: 10, burst: 20 },
  audit: { retentionDays: 30, bufferEntries },
  workspace: 'main',
});

/** Holds writes of entries until it is opened; preparing days goes through. */
function closedGate(database: Database) {
  const gate = createGate();
  const write: Database['write'] = async (workspaces, work, options) => {
    if (workspaces.length > 0) await gate.pass();
    return database.write(workspaces, work, options);
  };
  return { database: intercept(database, { write }), reached: gate.reached, open: gate.open };
}

/** Fails every write of entries until it is healed. */
function failingGate(database: Database) {
  const state = { failures: 0, failing: true };
  const write: Database['write'] = async (workspaces, work, options) => {
    if (workspaces.length > 0 && state.failing) {
      state.failures++;
      throw new Error('no database');
    }
    return database.write(workspaces, work, options);
  };
  return {
    database: intercept(database, { write }),
    failures: () => state.failures,
    heal: () => {
      state.failing = false;
    },
  };
}

/** A transaction that stays open after its work until it is told to commit. */
function openTransaction(database: Database, call: AuditEntry['call'], work: (transaction: Transaction) => Promise<void>) {
  const began = Promise.withResolvers<void>();
  const mayCommit = Promise.withResolvers<void>();
  const done = database.write([call.principal.workspace], async (transaction) => {
    await work(transaction);
    began.resolve();
    await mayCommit.promise;
  });
  return { began: began.promise, commit: () => mayCommit.resolve(), done };
}
