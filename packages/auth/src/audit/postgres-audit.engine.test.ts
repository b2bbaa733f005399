import type { Database } from '@sophia/database';
import { createTestObservability } from '@sophia/observability/testing';
import { createGate } from '@sophia/shared/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditedCall, entryOf, followAll, objectsOf } from '../testing/audit-entries.ts';
import { type AuthHarness, callOf, createAuthHarness } from '../testing/auth-harness.ts';
import { intercept } from '../testing/intercept.ts';

describe('the audit', () => {
  let harness: AuthHarness;
  beforeAll(async () => {
    harness = await createAuthHarness();
  });
  afterAll(() => harness.close());

  it('A1: an entry is there exactly if its transaction commits', async () => {
    const call = await auditedCall(harness, 'a1');
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
    const call = await auditedCall(harness, 'fields');
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
    const call = await auditedCall(harness, 'strange');
    await harness.auth.audit.write(entryOf(call, `a\0b\ud800${'x'.repeat(3_000)}`, { details: { text: 'a\0b' } }));
    const [entry] = (await harness.auth.audit.list(call)).entries;
    expect(entry?.object).toMatch(/^ab\ufffdx+…$/);
    expect(entry?.object.length).toBeLessThanOrEqual(2_000);
    expect(entry?.details).toEqual({ text: 'ab' });
  });

  it('keeps details that write an escape out as they are, and what is no character in none', async () => {
    const call = await auditedCall(harness, 'escapes');
    const details = { reason: String.raw`as in C:\u0000x and \ud800`, half: 'a\ud800', none: ['a\0b', String.raw`\u0000b`] };
    await harness.auth.audit.write(entryOf(call, 'record:deal/1', { details }));
    const [entry] = (await harness.auth.audit.list(call)).entries;
    expect(entry?.details).toEqual({ ...details, half: 'a\ufffd', none: ['ab', String.raw`\u0000b`] });
  });

  it('A2: reads are there after a flush, identical ones as one with their number', async () => {
    const call = await auditedCall(harness, 'a2');
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
    const call = await auditedCall(harness, 'soon');
    void harness.auth.audit.read(entryOf(call, 'by itself'));
    await expect.poll(async () => objectsOf((await harness.auth.audit.list(call)).entries)).toEqual(['by itself']);
  });

  it('A2: many reads are written by COPY', async () => {
    const call = await auditedCall(harness, 'many');
    for (let number = 0; number < 1_001; number++) void harness.auth.audit.read(entryOf(call, `record:${number}`));
    await harness.auth.audit.flush();
    const first = await followAll(harness, call);
    const second = await followAll(harness, call, first.cursor);
    expect(new Set([...first.objects, ...second.objects]).size).toBe(1_001);
  });

  it('A2: while the buffer is full reads wait, then fail; when it is written again they go on, and nothing is lost', async () => {
    const call = await auditedCall(harness, 'full');
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
    const { objects } = await followAll(harness, call);
    expect(objects).toHaveLength(201);
    expect(objects).toContain('patient');
  });

  it('A2: a read that may not wait is refused while the buffer is full, and leaves nothing behind', async () => {
    const call = await auditedCall(harness, 'impatient');
    const gate = closedGate(harness.database);
    const { audit } = await harness.another({ database: gate.database, configuration: smallBuffer(1) });
    expect(audit.tryRead(entryOf(call, 'being written'))).toBe(true);
    await gate.reached;
    expect(audit.tryRead(entryOf(call, 'waiting'))).toBe(true);
    expect(audit.tryRead(entryOf(call, 'refused'))).toBe(false);
    expect(audit.tryRead(entryOf(call, 'waiting'))).toBe(true);
    gate.open();
    await audit.flush();
    expect((await followAll(harness, call)).objects.sort()).toEqual(['being written', 'waiting']);
    const { entries } = await harness.auth.audit.list(call, { object: 'waiting' });
    expect(entries.map(({ times }) => times)).toEqual([2]);
  });

  it('A2: reads that could not be written are tried again, and what somebody waits for fails at once', async () => {
    const call = await auditedCall(harness, 'failing');
    const gate = failingGate(harness.database);
    const { audit } = await harness.another({ database: gate.database });
    void audit.read(entryOf(call, 'kept'));
    await expect(audit.write(entryOf(call, 'failed'))).rejects.toThrow('no database');
    await expect.poll(gate.failures).toBeGreaterThan(2);
    // While the next attempt with the reads has its time, what somebody waits for does not wait for it.
    for (let time = 0; time < 3; time++) await expect(audit.write(entryOf(call, 'failed'))).rejects.toThrow('no database');
    gate.heal();
    await expect.poll(async () => (await followAll(harness, call)).objects, { timeout: 10_000 }).toEqual(['kept']);
  });

  it('what is waited for is bounded too', async () => {
    const call = await auditedCall(harness, 'bounded');
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
    const call = await auditedCall(harness, 'lost');
    const gate = failingGate(harness.database);
    const observability = createTestObservability();
    const { audit } = await harness.another({ database: gate.database, observability });
    void audit.read(entryOf(call, 'lost'));
    await audit.close();
    expect(observability.lines()).toContainEqual(expect.objectContaining({ entries: 1, msg: 'entries of reads are lost to the audit' }));
    await observability.close();
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
