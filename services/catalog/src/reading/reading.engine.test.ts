import { webcrypto } from 'node:crypto';
import { whileLocked } from '@sophia/database/testing';
import type { Principal, RecordId } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDirectory } from '../directory.ts';
import { createRecordTypeBook } from '../record-types/record-type-book.ts';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { row, target } from '../testing/deals.ts';
import { importStream } from '../testing/import-stream.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

const fresh = () => harness.fresh();

describe('a history', () => {
  test('waits for the version that the log does not show yet, and not for ever', async () => {
    const { call, records } = await fresh();
    const { id } = await records.upsert(call, target, row('D-1', { name: 'a' }));
    let hidden = 2;
    const eventLog = Object.assign(Object.create(harness.eventLog) as typeof harness.eventLog, {
      history: async (...of: Parameters<typeof harness.eventLog.history>) =>
        hidden-- > 0 ? { changes: [], isCut: false } : harness.eventLog.history(...of),
    });
    let [now, step] = [0, 1];
    const clock = {
      now: () => Date.now(),
      monotonic: () => {
        now += step;
        return now;
      },
    };
    const catalog = await harness.another({ eventLog, clock });
    expect((await catalog.records.history(call, 'deal', id as RecordId)).items.length).toBe(1);
    hidden = Number.POSITIVE_INFINITY;
    step = 1_500;
    await expect(catalog.records.history(call, 'deal', id as RecordId)).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });

  test('is as long as it was asked for, also where the next tick comes between two looks', async () => {
    const { call, records } = await fresh();
    await records.upsertMany(call, target, [row('D-1', { name: 'a' }), row('D-1', { name: 'b' }), row('D-1', { name: 'c' })]);
    const { id } = await records.getByKey(call, target, 'D-1');
    let looks = 0;
    const eventLog = Object.assign(Object.create(harness.eventLog) as typeof harness.eventLog, {
      async history(...of: Parameters<typeof harness.eventLog.history>) {
        const page = await harness.eventLog.history(...of);
        return looks++ === 0 ? { ...page, changes: page.changes.slice(0, 1) } : page;
      },
    });
    await expect.poll(async () => (await records.history(call, 'deal', id)).items.length).toBe(3);
    const { items } = await (await harness.another({ eventLog })).records.history(call, 'deal', id);
    expect(items.map(({ version }) => version)).toEqual([1, 2, 3]);
  });

  test('is empty behind its end', async () => {
    const { call, records } = await fresh();
    await records.upsertMany(call, target, [row('D-1', { name: 'a' }), row('D-1', { name: 'b' })]);
    const { id } = await records.getByKey(call, target, 'D-1');
    const { nextCursor } = await records.history(call, 'deal', id, { limit: 1 });
    await records.erase(call, 'deal', id, 'test');
    const rest = await records.history(call, 'deal', id, { cursor: nextCursor ?? '' });
    expect(rest.items.map(({ version }) => version)).toEqual([2, 3]);
    const beyond = Buffer.from(`["history/${id}","9"]`).toString('base64url');
    expect(await records.history(call, 'deal', id, { cursor: beyond })).toEqual({ items: [], nextCursor: null });
    const tooFar = Buffer.from(`["history/${id}","2147483648"]`).toString('base64url');
    await expect(records.history(call, 'deal', id, { cursor: tooFar })).rejects.toMatchObject({ code: 'invalid_cursor' });
  });
});

describe('a key', () => {
  test('is found as it was sent', async () => {
    const { call, records } = await fresh();
    const sent = { ...target, sourceSystem: 'Zu\u0308rich' };
    await records.upsertMany(call, sent, [row(' e\u0301 ', { name: 'a' })]);
    const { id } = await records.getByKey(call, sent, ' e\u0301 ');
    expect(await records.getByKey(call, { ...target, sourceSystem: 'Z\u00fcrich' }, '\u00e9')).toMatchObject({ id });
    const { items } = await records.list(call, 'deal', { sourceSystem: 'Zu\u0308rich', sourceId: ' e\u0301' });
    expect(items).toMatchObject([{ id }]);
  });
});

describe('listings by filters', () => {
  test('leave the database with the statements of a few of them, however many there were', async () => {
    const { call, records } = await fresh();
    await records.upsert(call, target, row('D-1', { name: 'a', stage: 'b' }));
    const part = (bit: number, shape: number) => ({
      field: 'name',
      operator: ((shape >> bit) & 1) === 0 ? ('eq' as const) : ('ne' as const),
      values: ['x'],
    });
    for (let shape = 0; shape < 2 ** 7; shape++) {
      const filter = { or: Array.from({ length: 50 }, (_, index) => part(index % 7, shape)) };
      expect((await records.list(call, 'deal', { filter })).items).toHaveLength(shape === 0 ? 0 : 1);
    }
    const [kept] = await harness.database.select<{ readonly characters: number }>([], {
      name: 'test_kept_statements',
      text: `select sum(length(statement))::int as characters from pg_prepared_statements where name like 'catalog_read%'`,
    });
    expect(kept?.characters).toBeLessThan(100_000);
  });
});

/** A text that the database stores as it is. */
const incompressible = async (length: number): Promise<string> => {
  const key = await webcrypto.subtle.importKey('raw', Buffer.alloc(16), 'AES-CTR', false, ['encrypt']);
  const bytes = await webcrypto.subtle.encrypt({ name: 'AES-CTR', counter: Buffer.alloc(16), length: 64 }, key, Buffer.alloc(length));
  return Buffer.from(bytes).toString('base64').slice(0, length);
};

describe('large records', () => {
  test('make pages shorter, each of which says where the next begins', async () => {
    const { call, records } = await fresh();
    const body = 'x'.repeat(990_000);
    const into = { recordType: 'document', sourceSystem: 'files' };
    const ids = Array.from({ length: 20 }, (_, index) => `F-${10 + index}`);
    for (const id of ids) await records.upsert(call, into, row(id, { body }));
    const pages: string[][] = [];
    for (let cursor: string | undefined; ; ) {
      const { items, nextCursor } = await records.list(call, 'document', { limit: 12, cursor });
      pages.push(items.map(({ source_id: id }) => id));
      if (nextCursor === null) break;
      cursor = nextCursor;
    }
    expect(pages.map(({ length }) => length)).toEqual([9, 9, 2]);
    expect(pages.flat()).toEqual(ids);
    expect((await records.list(call, 'document', { limit: 1 })).items).toHaveLength(1);
  });

  test('come through the feed in pages that are shorter, whether they were written one by one or at once', async () => {
    const { call, records } = await fresh();
    const into = { recordType: 'document', sourceSystem: 'files' };
    const { cursor } = await harness.catalog.events(call);
    const ids = Array.from({ length: 20 }, (_, index) => `F-${10 + index}`);
    const body = await incompressible(990_000);
    for (const id of ids.slice(0, 10)) await records.upsert(call, into, row(id, { body }));
    await records.upsertMany(
      call,
      into,
      ids.slice(10).map((id) => row(id, { body })),
    );
    const read = async (recordTypes: readonly string[]) => {
      const pages: (string | undefined)[][] = [];
      for (let after = cursor, more = true; more; ) {
        const page = await harness.catalog.events(call, { after, recordTypes });
        pages.push(page.events.map(({ record }) => record?.source_id));
        ({ cursor: after, more } = page);
      }
      return pages;
    };
    await expect.poll(async () => (await read(['document'])).flat()).toEqual(ids);
    expect((await read(['document'])).every(({ length }) => length <= 17)).toBe(true);
    // What is passed over is looked at.
    expect((await read(['deal'])).length).toBeGreaterThan(1);
  });

  test('have a history in pages that are shorter', async () => {
    const { call, records } = await fresh();
    const into = { recordType: 'document', sourceSystem: 'files' };
    for (const letter of 'abcdefg') await records.upsert(call, into, row('F-1', { body: letter.repeat(990_000) }));
    const { id } = await records.getByKey(call, into, 'F-1');
    const first = await records.history(call, 'document', id);
    const second = await records.history(call, 'document', id, { cursor: first.nextCursor ?? '' });
    expect([first, second].map(({ items }) => items.map(({ version }) => version))).toEqual([
      [1, 2, 3, 4, 5],
      [6, 7],
    ]);
    expect(second.nextCursor).toBeNull();
  });
});

describe('the feed', () => {
  test('goes on from its cursor, and shows viewers nothing, also not what concerns no record', async () => {
    const { call, records, workspace } = await fresh();
    const { cursor } = await harness.catalog.events(call);
    await records.upsert(call, target, row('D-1', { name: 'a' }));
    await harness.catalog.recordTypes
      .define(call, 'gauge', { type: 'object', properties: { size: { type: 'integer' } }, 'x-owner': ['keeper'] })
      .catch(() => undefined);
    await harness.catalog.recordTypes.define(call, 'gauge', { type: 'object', properties: { size: { type: 'integer' } } });
    const follow = async (of: typeof call) => {
      const kinds: string[] = [];
      for (let after = cursor; ; ) {
        const page = await harness.catalog.events(of, { after, limit: 1 });
        kinds.push(...page.events.map(({ kind }) => kind));
        if (page.cursor === after) return kinds;
        after = page.cursor;
      }
    };
    await expect.poll(() => follow(call)).toEqual(['record.created', 'record_type.changed']);
    expect(await follow(harness.callOf(workspace, 'viewer'))).toEqual([]);
    await expect(harness.catalog.events(call, { after: 'x' as never })).rejects.toMatchObject({ code: 'invalid_cursor' });
  });
});

describe('one record', () => {
  test('that is none, or no longer, is not found', async () => {
    const { call, records } = await fresh();
    for (const id of ['x', '0', '123456789']) {
      await expect(records.get(call, 'deal', id as RecordId)).rejects.toMatchObject({ code: 'not_found', details: { id } });
    }
    await expect(records.getByKey(call, target, 'nobody')).rejects.toMatchObject({ code: 'not_found' });
    const { id } = await records.upsert(call, target, row('D-1', {}));
    await records.history(call, 'deal', id as RecordId);
    await expect(records.history(call, 'deal', '123456789' as RecordId)).rejects.toMatchObject({ code: 'not_found' });
    await harness.auth.audit.flush();
    const { entries } = await harness.auth.audit.list(call, { action: 'history' });
    expect(entries.map(({ object, result, rows }) => [object, result, rows])).toEqual([
      ['record:deal/123456789', 'not_found', 0],
      [`record:deal/${id}`, 'ok', 1],
    ]);
  });

  test('is read behind the write that a token names, and tokens that are none are refused', async () => {
    const { call, records } = await fresh();
    const { id, token } = await records.upsert(call, target, row('D-1', { name: 'a' }));
    expect((await records.get(call, 'deal', id as RecordId, { after: token })).version).toBe(1);
    await expect(records.get(call, 'deal', id as RecordId, { after: 'x' })).rejects.toMatchObject({ code: 'invalid_token' });
  });

  test('is judged by what the write that a token names left, which is read anew once for each user', async () => {
    const { call, records, workspace } = await fresh();
    const { id, token } = await records.upsert(call, target, row('D-1', { name: 'a' }));
    const renewed: (string | undefined)[] = [];
    const policy = Object.assign(Object.create(harness.auth.policies) as typeof harness.auth.policies, {
      renew: async ({ userRecord }: Principal) => void renewed.push(userRecord?.source_id),
    });
    const catalog = await harness.another({ policy, isAlone: false });
    for (const user of ['ada', 'bob', 'ada']) {
      const reader = harness.callOf(workspace, 'employee', { userRecord: { source_system: 'crm', source_id: user } });
      await catalog.records.get(reader, 'deal', id as RecordId, { after: token });
    }
    expect(renewed).toEqual(['ada', 'bob']);
  });
});

describe('for others', () => {
  test('policies find the types and the user that they are judged by', async () => {
    const { call, records, workspace } = await fresh();
    const { database } = harness;
    const clock = { now: () => 0, monotonic: () => 0 };
    const directory = createDirectory(database, createRecordTypeBook({ database, clock }));
    await records.upsert(call, { recordType: 'user', sourceSystem: 'crm' }, row('ada', { team: 'East' }));
    expect(await directory.user(workspace.id, { source_system: 'crm', source_id: 'ada' })).toEqual({
      team: 'East',
      source_system: 'crm',
      source_id: 'ada',
    });
    expect(await directory.user(workspace.id, { source_system: 'crm', source_id: 'bob' })).toBeNull();
    expect((await directory.recordTypes(workspace.id)).some(({ name }) => name === 'deal')).toBe(true);
  });

  test('metrics tell of rows, of group commits and of chunks', async () => {
    const { call, records } = await fresh();
    await records.upsert(call, target, row('D-1', { name: 'a' }));
    const items = importStream({ kind: 'rows', target, rows: [row('D-2', {})] });
    await (await harness.catalog.imports.start(call, { name: 'crm', kind: 'file' }, items)).finished;
    const text = await harness.observability.metrics.render();
    expect(text).toMatch(/sophia_catalog_rows_total\{outcome="created"\} [1-9]/);
    expect(text).toMatch(/sophia_catalog_group_commit_requests_count [1-9]/);
    expect(text).toMatch(/sophia_catalog_chunk_seconds_count [1-9]/);
    expect(text).toContain('sophia_catalog_waiting_writes 0');
  });
});

test.each(['record', 'event'])('history and events are read no longer than their caller may wait (%s)', async (table) => {
  const { call, records } = await fresh();
  // From there on: a look at a longer log may end before it comes to a record.
  const { position: after } = await harness.eventLog.head();
  const { id } = await records.upsert(call, target, row('D-1', { name: 'a' }));
  // Waits until the log's readers see it.
  await records.history(call, 'deal', id as RecordId);
  const brief = { ...call, deadline: 200 };
  const ends = await whileLocked(harness, table, () => [
    records.history(brief, 'deal', id as RecordId),
    harness.catalog.events(brief, { after }),
  ]);
  for (const end of ends) expect(end).toMatchObject({ code: 'deadline_exceeded' });
});
