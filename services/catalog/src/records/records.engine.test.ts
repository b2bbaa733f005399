import type { JsonObject, JsonValue } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { idOf, row, target } from '../testing/deals.ts';
import { importStream } from '../testing/import-stream.ts';
import { brokenChains } from '../testing/record-chains.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());
const fresh = () => harness.fresh();

describe('one record', () => {
  test('is created, changed, and left alone where it is the same', async () => {
    const { call, records } = await fresh();
    const write = (fields: JsonObject) => records.upsert(call, target, row('D-1', fields));

    expect(await write({ name: 'Big', amount: '10.50' })).toMatchObject({ created: 1, updated: 0, unchanged: 0, rejected: 0, version: 1 });
    expect(await write({ amount: '10.5', name: 'Big' })).toMatchObject({ created: 0, updated: 0, unchanged: 1, version: 1 });
    const changed = await write({ name: 'Big', amount: '11' });
    expect(changed).toMatchObject({ created: 0, updated: 1, unchanged: 0, version: 2 });

    const record = await records.get(call, 'deal', idOf(changed), { after: changed.token });
    expect(record).toMatchObject({ source_id: 'D-1', version: 2, data: { name: 'Big', amount: '11' }, deleted_at: null });
    const history = await records.history(call, 'deal', idOf(changed));
    expect(history.items.map(({ version, kind, previous, actor, cause }) => ({ version, kind, previous, actor, cause }))).toEqual([
      {
        version: 1,
        kind: 'record.created',
        previous: null,
        actor: { principal: 'key:admin', via: 'rest' },
        cause: { request: 'request-1' },
      },
      {
        version: 2,
        kind: 'record.updated',
        previous: { amount: '10.5' },
        actor: { principal: 'key:admin', via: 'rest' },
        cause: { request: 'request-1' },
      },
    ]);
  });

  test('of one workspace shares its moment with those of another, and is seen in its own alone', async () => {
    const [one, other] = [await fresh(), await fresh()];
    const writes = Array.from({ length: 20 }, (_, index) => [
      one.records.upsert(one.call, target, row(`D-${index}`, { name: 'one' })),
      other.records.upsert(other.call, target, row(`D-${index}`, { name: 'other' })),
    ]).flat();
    expect((await Promise.all(writes)).map(({ created }) => created)).toEqual(Array.from({ length: 40 }, () => 1));
    for (const [{ call, records }, name] of [[one, 'one'] as const, [other, 'other'] as const]) {
      const { items } = await records.list(call, 'deal');
      expect(items.map(({ data }) => data.name)).toEqual(Array.from({ length: 20 }, () => name));
    }
  });

  test('names the agent and the proposal that changed it', async () => {
    const { workspace, records } = await fresh();
    const call = harness.callOf(workspace, 'admin', { onBehalfOf: 'user:ada' });
    const answer = await records.upsert(call, target, row('D-1', { name: 'x' }), { proposal: 'P-7' });
    const { items } = await records.history(call, 'deal', idOf(answer));
    expect(items[0]).toMatchObject({ actor: { on_behalf_of: 'user:ada' }, cause: { proposal: 'P-7' } });
  });

  test('changes with its priority alone, and keeps it in its events', async () => {
    const { call, records, workspace } = await fresh();
    await records.upsert(call, target, row('D-1', { name: 'x' }, { business_priority: 'low' }));
    const raised = await records.upsert(call, target, row('D-1', { name: 'x' }, { business_priority: 'critical' }));
    expect(raised).toMatchObject({ updated: 1, version: 2 });
    expect(await records.get(call, 'deal', idOf(raised))).toMatchObject({ business_priority: 'critical' });
    const priorities = await harness.database.select<{ business_priority: string }>([workspace.id], {
      name: 'test_priorities',
      text: 'select business_priority from event where record_id is not null order by position',
    });
    expect(priorities.map(({ business_priority }) => business_priority)).toEqual(['low', 'critical']);
  });

  test('keeps raw values of repaired fields in record and event', async () => {
    const { call, records } = await fresh();
    const answer = await records.upsert(call, target, row('D-1', { product: 'GTX Pro' }, { original: { product: 'GTXPro' } }));
    expect((await records.history(call, 'deal', idOf(answer))).items[0]).toMatchObject({ original: { product: 'GTXPro' } });
  });

  test('that does not fit its type is refused with column and reason, and kept', async () => {
    const { call, records, deadLetters } = await fresh();
    await expect(records.upsert(call, target, row('D-1', { amount: 'much' }))).rejects.toMatchObject({
      code: 'row_rejected',
      status: 422,
      details: { errors: [{ line: 1, code: 'invalid_money', column: 'amount', value: 'much' }] },
    });
    expect((await deadLetters.list(call)).items).toMatchObject([{ state: 'open', row: { source_id: 'D-1', fields: { amount: 'much' } } }]);
  });

  test('of an unknown type, or for no source, is refused', async () => {
    const { call, records } = await fresh();
    await expect(records.upsert(call, { ...target, recordType: 'dael' }, row('1', {}))).rejects.toMatchObject({
      code: 'unknown_record_type',
    });
    for (const sourceSystem of ['', '  ', 'x'.repeat(101), 'a\u0000b', '\ud800']) {
      await expect(records.upsert(call, { ...target, sourceSystem }, row('1', {}))).rejects.toMatchObject({ code: 'invalid_request' });
    }
  });

  test('keys are trimmed and numbers are texts', async () => {
    const { call, records } = await fresh();
    await records.upsert(call, target, row(42, { name: 'x' }));
    expect(await records.upsert(call, { ...target, sourceSystem: ' crm ' }, row(' 42 ', { name: 'x' }))).toMatchObject({ unchanged: 1 });
    expect(await records.getByKey(call, target, '42')).toMatchObject({ source_id: '42', source_system: 'crm' });
  });
});

describe('older arrivals', () => {
  test('change nothing, by version before time, and against a tombstone too', async () => {
    const { call, records } = await fresh();
    const write = (version: JsonValue, occurred: string | null, name: string, deleted = false) =>
      records.upsert(call, target, row('D-1', { name }, { source_version: version, occurred_at: occurred, deleted }));

    await write(5, '2017-01-05T00:00:00Z', 'five');
    expect(await write(4, '2017-01-09T00:00:00Z', 'four')).toMatchObject({ unchanged: 1, stale: 1, version: 1 });
    expect(await write(null, '2017-01-04T00:00:00Z', 'before')).toMatchObject({ unchanged: 1, stale: 1 });
    // The same content moves its place: what comes between is old.
    expect(await write(8, null, 'five')).toMatchObject({ unchanged: 1, stale: 0, version: 1 });
    expect(await write(7, null, 'seven')).toMatchObject({ stale: 1 });
    expect(await write(9, null, '', true)).toMatchObject({ updated: 1, version: 2 });
    expect(await write(8, null, 'eight')).toMatchObject({ stale: 1 });
    expect(await write(10, null, 'ten')).toMatchObject({ created: 1, version: 3 });
  });

  test('that are none, and say no place, leave the one of their record', async () => {
    const { call, records } = await fresh();
    const place = { source_version: '5', occurred_at: '2017-01-05T00:00:00.000000Z' };
    await records.upsert(call, target, row('D-1', { name: 'a' }, place));
    const id = idOf(await records.upsert(call, target, row('D-1', { name: 'b' })));
    expect(await records.get(call, 'deal', id)).toMatchObject({ version: 2, ...place });
    expect((await records.history(call, 'deal', id)).items).toMatchObject([place, place]);
  });

  test('a deletion that comes before its record holds against what it deleted', async () => {
    const { call, records } = await fresh();
    const gone = await records.upsert(call, target, row('D-1', {}, { source_version: 5, deleted: true }));
    expect(gone).toMatchObject({ unchanged: 1, updated: 0, version: null });
    expect(await records.upsert(call, target, row('D-1', { name: 'x' }, { source_version: 3 }))).toMatchObject({ stale: 1 });
    await expect(records.getByKey(call, target, 'D-1')).rejects.toMatchObject({ code: 'not_found' });
    for (const deleted of ['include', 'only'] as const) expect((await records.list(call, 'deal', { deleted })).items).toEqual([]);
    await expect(records.history(call, 'deal', idOf(gone))).rejects.toMatchObject({ code: 'not_found' });
    expect(await records.upsert(call, target, row('D-1', { name: 'x' }, { source_version: 6 }))).toMatchObject({ created: 1, version: 1 });
    const record = await records.getByKey(call, target, 'D-1');
    expect(record.created_at).toBe(record.updated_at);
  });

  test('a deletion of what nobody knows changes nothing', async () => {
    const { call, records } = await fresh();
    expect(await records.upsert(call, target, row('D-1', {}, { deleted: true }))).toMatchObject({ unchanged: 1, id: null, version: null });
  });
});

describe('some records at once', () => {
  test('are counted row by row, a key again and again, the rejected among them kept', async () => {
    const { call, records, workspace, deadLetters } = await fresh();
    const rows = [
      row('A', { name: 'a1' }),
      row('B', { name: 'b1' }),
      row('A', { name: 'a2' }),
      row('C', { amount: 'much' }),
      row('A', { name: 'a2' }),
      row('B', {}, { deleted: true }),
      row('B', { name: 'b2' }),
      row(null, { name: 'nobody' }),
    ].map((each, index) => ({ ...each, line: index + 1 }));
    const answer = await records.upsertMany(call, target, rows);
    expect(answer).toMatchObject({ created: 3, updated: 2, unchanged: 1, stale: 0, rejected: 2 });
    expect(answer.errors.map(({ line, code }) => ({ line, code }))).toEqual([
      { line: 4, code: 'invalid_money' },
      { line: 8, code: 'missing_source_id' },
    ]);
    expect(await brokenChains(harness.database, workspace.id)).toEqual([]);
    expect((await deadLetters.list(call)).items.map(({ line }) => line)).toEqual([4, 8]);
    const { items } = await records.history(call, 'deal', (await records.getByKey(call, target, 'A')).id);
    expect(items.map(({ cause }) => cause)).toEqual([
      { request: 'request-1', line: 1 },
      { request: 'request-1', line: 3 },
    ]);
  });

  test('none of them is an answer too, and more than 2,500 are for a stream', async () => {
    const { call, records } = await fresh();
    expect(await records.upsertMany(call, target, [])).toMatchObject({ created: 0, updated: 0, unchanged: 0, rejected: 0, errors: [] });
    const many = Array.from({ length: 2_501 }, (_, index) => row(index, {}));
    await expect(records.upsertMany(call, target, many)).rejects.toMatchObject({ code: 'too_many_rows', status: 413 });
  });

  test('answer at most a hundred errors', async () => {
    const { call, records, deadLetters } = await fresh();
    const answer = await records.upsertMany(
      call,
      target,
      Array.from({ length: 150 }, (_, index) => ({ ...row(`D-${index}`, { amount: 'x', currency: 'much' }), line: index + 1 })),
    );
    expect(answer.rejected).toBe(150);
    expect(answer.errors.length).toBe(100);
    expect((await deadLetters.list(call, { limit: 1_000 })).items.length).toBe(150);
  });
});

describe('another workspace', () => {
  test('sees, changes and finds nothing of it, through the catalog or by SQL', async () => {
    const { call, records, workspace } = await fresh();
    const id = idOf(await records.upsert(call, target, row('D-1', { name: 'x' })));
    await expect(records.upsert(call, target, row('D-2', { amount: 'much' }))).rejects.toThrow();
    await harness.catalog.imports.start(call, { name: 'x', kind: 'file' }, importStream()).then(({ finished }) => finished);
    const other = await harness.workspace();
    const stranger = harness.callOf(other);
    await expect(records.get(stranger, 'deal', id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(records.patch(stranger, 'deal', id, { name: 'y' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(records.delete(stranger, 'deal', id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(records.erase(stranger, 'deal', id, 'because')).rejects.toMatchObject({ code: 'not_found' });
    expect((await records.list(stranger, 'deal')).items).toEqual([]);
    expect((await harness.catalog.deadLetters.list(stranger)).items).toEqual([]);
    expect((await harness.catalog.imports.list(stranger)).items).toEqual([]);

    const tables = ['record', 'source_activity', 'record_type', 'import_run', 'import_lane', 'dead_letter', 'idempotency_key', 'event'];
    for (const table of tables) {
      const count = async (workspaces: readonly (typeof workspace.id)[]) =>
        (
          await harness.database.select<{ rows: string }>(workspaces, {
            name: `test_count_${table}`,
            text: `select count(*) as rows from ${table}`,
          })
        )[0]?.rows;
      expect([table, await count([other.id]), await count([])]).toEqual([table, '0', '0']);
    }
    expect((await records.get(call, 'deal', id)).version).toBe(1);
    await expect(
      harness.database.write([other.id], (transaction) =>
        harness.database.query(
          transaction,
          { name: 'test_smuggle', text: 'update record set workspace = workspace where workspace = $1' },
          [workspace.id],
        ),
      ),
    ).resolves.toBeDefined();
    await expect(
      harness.database.write([other.id], (transaction) =>
        harness.database.query(
          transaction,
          {
            name: 'test_smuggle_in',
            text: `insert into record_type (workspace, name, revision, definition) values ($1, 'x', 1, '{}')`,
          },
          [workspace.id],
        ),
      ),
    ).rejects.toThrow(/row-level security/);
  });
});

describe('closing', () => {
  test('answers what waits and refuses what comes', async () => {
    const { call } = await fresh();
    const catalog = await harness.another();
    const waiting = Array.from({ length: 20 }, (_, index) => catalog.records.upsert(call, target, row(`D-${index}`, { name: 'x' })));
    await Promise.all(waiting.slice(0, 1));
    const closed = catalog.close();
    expect((await Promise.all(waiting)).every(({ created }) => created === 1)).toBe(true);
    await closed;
    await expect(catalog.records.upsert(call, target, row('D-99', {}))).rejects.toMatchObject({ code: 'unavailable' });
  });
});
