import type { IncomingRow, JsonObject, JsonValue, RecordId } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecordWriteAnswer } from '../catalog.ts';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { brokenChains } from '../testing/record-chains.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

const target = { recordType: 'deal', sourceSystem: 'crm' };
const row = (id: JsonValue, fields: JsonObject, more: object = {}) => ({ line: 1, source_id: id, fields, ...more });
const idOf = ({ id }: RecordWriteAnswer): RecordId => {
  if (id === null) throw new Error('The answer names no record.');
  return id;
};

async function fresh() {
  const workspace = await harness.workspace();
  const call = harness.callOf(workspace);
  const { records } = harness.catalog;
  return { workspace, call, records, deadLetters: harness.catalog.deadLetters };
}

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

  test('a deletion that comes before its record holds against what it deleted', async () => {
    const { call, records } = await fresh();
    const gone = await records.upsert(call, target, row('D-1', {}, { source_version: 5, deleted: true }));
    expect(gone).toMatchObject({ unchanged: 1, updated: 0, version: null });
    expect(await records.upsert(call, target, row('D-1', { name: 'x' }, { source_version: 3 }))).toMatchObject({ stale: 1 });
    await expect(records.getByKey(call, target, 'D-1')).rejects.toMatchObject({ code: 'not_found' });
    const { items } = await records.list(call, 'deal', { deleted: 'include' });
    expect(items).toEqual([]);
    expect(await records.upsert(call, target, row('D-1', { name: 'x' }, { source_version: 6 }))).toMatchObject({ created: 1, version: 1 });
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

describe('by id', () => {
  test('a patch sets fields of the current state, and null clears one', async () => {
    const { call, records } = await fresh();
    const id = idOf(
      await records.upsert(call, target, row('D-1', { name: 'x', amount: '5', note: 'kept', stage: 'new' }, { business_priority: 'low' })),
    );
    const answer = await records.patch(call, 'deal', id, { amount: '6', stage: null, other: true });
    expect(answer).toMatchObject({ updated: 1, version: 2, id });
    const record = await records.get(call, 'deal', id);
    expect(record.data).toEqual({ name: 'x', amount: '6', extra: { note: 'kept', other: true } });
    expect(record.business_priority).toBe('low');
    expect(await records.patch(call, 'deal', id, { amount: '6.00' })).toMatchObject({ unchanged: 1, version: 2 });
    expect(await records.patch(call, 'deal', id, { business_priority: 'high' })).toMatchObject({ updated: 1, version: 3 });
    expect((await records.history(call, 'deal', id)).items.at(1)?.previous).toEqual({ amount: '5', stage: 'new', extra: { note: 'kept' } });
  });

  test('a patch sets and clears what the type does not know, member by member or all of it', async () => {
    const { call, records } = await fresh();
    const id = idOf(
      await records.upsert(call, target, row('D-1', { name: 'x', a: 1, b: 1, c: 1, constructor: 'kept', extra: { name: 'inner' } })),
    );
    const extraAfter = async (fields: JsonObject) => {
      await records.patch(call, 'deal', id, fields);
      const { data } = await records.get(call, 'deal', id);
      expect(data.name).toBe('x');
      return data.extra;
    };
    expect(await extraAfter({ extra: { a: 2, b: null } })).toEqual({ a: 2, c: 1, constructor: 'kept', name: 'inner' });
    expect(await extraAfter({ extra: { a: 3 }, a: 4, c: null })).toEqual({ a: 4, constructor: 'kept', name: 'inner' });
    expect(await extraAfter({ extra: 'text' })).toEqual({ a: 4, constructor: 'kept', name: 'inner', extra: 'text' });
    expect(await extraAfter({ extra: null, d: 1 })).toEqual({ d: 1 });
    expect(await extraAfter({ extra: null })).toBeUndefined();
    expect(await extraAfter({ extra: { e: 1 } })).toEqual({ e: 1 });
  });

  test('a patch of what is no field is refused, and changes nothing', async () => {
    const { call, records } = await fresh();
    const id = idOf(await records.upsert(call, target, row('D-1', { name: 'x' })));
    for (const [field, value] of Object.entries({ source_id: 'D-2', deleted: true, version: 3, id: null, data: { name: 'y' } })) {
      await expect(records.patch(call, 'deal', id, { name: 'y', [field]: value })).rejects.toMatchObject({
        code: 'not_a_field',
        status: 422,
        message: expect.stringContaining(field === 'deleted' ? 'DELETE' : 'inside extra'),
        details: { field },
      });
    }
    expect(await records.get(call, 'deal', id)).toMatchObject({ version: 1, data: { name: 'x' } });
    expect(await records.patch(call, 'deal', id, { extra: { version: 3 } })).toMatchObject({ updated: 1 });
  });

  test('a patch that does not fit, of another version, or of nothing is refused', async () => {
    const { call, records } = await fresh();
    const id = idOf(await records.upsert(call, target, row('D-1', { name: 'x' })));
    const rejected = async () => /rows_total\{outcome="rejected"\} (\d+)/.exec(await harness.observability.metrics.render())?.[1];
    const before = Number(await rejected());
    await expect(records.patch(call, 'deal', id, { amount: 'much' })).rejects.toMatchObject({ code: 'row_rejected' });
    expect(Number(await rejected())).toBe(before + 1);
    const { entries } = await harness.auth.audit.list(call, { result: 'row_rejected' });
    expect(entries).toMatchObject([{ action: 'write', object: `record:deal/${id}`, rows: 1 }]);
    await expect(records.patch(call, 'deal', id, { name: 'y' }, { ifVersion: 2 })).rejects.toMatchObject({
      code: 'version_conflict',
      details: { version: 1, expected: 2 },
    });
    for (const wrong of ['0', '-1', 'x', '999999', '99999999999999999999']) {
      await expect(records.patch(call, 'deal', wrong as RecordId, {})).rejects.toMatchObject({ code: 'not_found' });
    }
    await expect(records.patch(call, 'company', id, {})).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a deletion keeps the data, and a later arrival revives the same id', async () => {
    const { call, records } = await fresh();
    const id = idOf(await records.upsert(call, target, row('D-1', { name: 'x' })));
    await expect(records.delete(call, 'deal', id, { ifVersion: 7 })).rejects.toMatchObject({ code: 'version_conflict' });
    const gone = await records.delete(call, 'deal', id, { ifVersion: 1 });
    expect(gone).toMatchObject({ updated: 1, version: 2, id });
    await expect(records.delete(call, 'deal', id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(records.get(call, 'deal', id)).rejects.toMatchObject({ code: 'not_found' });

    const { items } = await records.list(call, 'deal', { deleted: 'only' });
    expect(items).toMatchObject([{ id, version: 2, data: { name: 'x' }, content_hash: null }]);
    expect((await records.history(call, 'deal', id)).items.at(-1)).toMatchObject({
      kind: 'record.deleted',
      data: { name: 'x' },
      previous: {},
    });
    expect(await records.upsert(call, target, row('D-1', { name: 'x' }))).toMatchObject({ created: 1, id, version: 3 });
    expect((await records.history(call, 'deal', id)).items.at(-1)).toMatchObject({ kind: 'record.created', previous: null });
  });

  test('an erasure blanks record, history and dead letters, and says why', async () => {
    const { call, records, deadLetters, workspace } = await fresh();
    const id = idOf(await records.upsert(call, target, row('D-1', { name: 'secret one' })));
    await records.patch(call, 'deal', id, { name: 'secret two' });
    await expect(records.upsert(call, target, row('D-1', { name: 'secret three', amount: 'much' }))).rejects.toThrow();
    await expect(records.erase(call, 'deal', id, ' ')).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(records.erase(call, 'deal', '77777' as RecordId, 'asked')).rejects.toMatchObject({ code: 'not_found' });
    await expect(records.erase(call, 'deal', 'x' as RecordId, 'asked')).rejects.toMatchObject({ code: 'not_found' });
    await records.erase(call, 'deal', id, 'asked by the person');

    const [left] = await harness.database.select<{ found: string }>([workspace.id], {
      name: 'test_secrets',
      text: `select (select count(*) from record where record::text like '%secret%')
        + (select count(*) from event where event::text like '%secret%')
        + (select count(*) from dead_letter where dead_letter::text like '%secret%') as found`,
    });
    expect(left?.found).toBe('0');
    const { items } = await records.history(call, 'deal', id);
    expect(items.map(({ kind, version, data }) => ({ kind, version, data }))).toEqual([
      { kind: 'record.created', version: 1, data: null },
      { kind: 'record.updated', version: 2, data: null },
      { kind: 'record.erased', version: 3, data: null },
    ]);
    expect((await deadLetters.list(call, { state: 'discarded' })).items).toMatchObject([{ errors: [] }]);
    expect(await records.upsert(call, target, row('D-1', { name: 'new' }))).toMatchObject({ created: 1, id, version: 4 });
    const { entries } = await harness.auth.audit.list(call, { action: 'record.erase' });
    expect(entries).toMatchObject([{ object: `record:deal/${id}`, details: { reason: 'asked by the person' } }]);
  });
});

test('an erasure takes the rejected rows that name its record as they were repaired, and those of no other', async () => {
  const { call, records, deadLetters } = await fresh();
  const id = idOf(await records.upsert(call, target, row('D-2', { name: 'secret' })));
  const repair = async (before: Omit<IncomingRow, 'line'>, after: Omit<IncomingRow, 'line'>): Promise<string> => {
    await records.upsertMany(call, target, [{ ...before, line: 1 }]);
    const [{ id = '' } = {}] = (await deadLetters.list(call, { state: 'open' })).items;
    await deadLetters.repair(call, id, after);
    return id;
  };
  const wrong = { name: 'secret', amount: 'much' };
  const mended = { name: 'secret', amount: '1' };
  const erased = [
    await repair({ source_id: 'D-1', fields: wrong }, { source_id: ' D-2', fields: mended }),
    await repair({ fields: wrong }, { source_id: 'D-2', fields: mended }),
    await repair({ source_id: 'D-2', fields: { ...wrong, stage: 'x' } }, { fields: mended }),
  ];
  const other = await repair({ source_id: 'D-2', fields: { amount: 'of three' } }, { source_id: 'D-3', fields: { amount: '3' } });
  await records.erase(call, 'deal', id, 'asked by the person');

  for (const letter of erased) expect(await deadLetters.get(call, letter)).toMatchObject({ state: 'discarded', row: { fields: {} } });
  expect(await deadLetters.get(call, other)).toMatchObject({ state: 'repaired', row: { source_id: 'D-3' } });
  expect(await deadLetters.replay(call, {})).toMatchObject({ created: 1, rejected: 0 });
  await expect(records.getByKey(call, target, 'D-2')).rejects.toMatchObject({ code: 'not_found' });
});

test('an erasure takes the errors of its rows out of the answers that are kept with idempotency keys', async () => {
  const { call, records, workspace } = await fresh();
  const id = idOf(await records.upsert(call, target, row('D-1', { name: 'x' })));
  const send = (key: string, ids: readonly string[]) =>
    records.upsertMany(
      call,
      target,
      ids.map((each, index) => ({ ...row(each, { amount: `secret of ${each}`, close_date: 'secret too' }), line: index + 1 })),
      { idempotency: { route: 'POST /records/deal', key } },
    );
  await send('alone', ['D-1']);
  const { token: _, ...others } = await send('others', ['D-2', 'D-3']);
  await send('among', ['D-2', 'D-1', 'D-3']);
  await records.erase(call, 'deal', id, 'asked by the person');

  const [left] = await harness.database.select<{ found: string }>([workspace.id], {
    name: 'test_kept_secrets',
    text: `select count(*) as found from idempotency_key where answer::text like '%D-1%'`,
  });
  expect(left?.found).toBe('0');
  expect(await send('alone', ['D-1'])).toMatchObject({ rejected: 1, errors: [] });
  expect(await send('others', ['D-2', 'D-3'])).toMatchObject(others);
  const { rejected, errors } = await send('among', ['D-2', 'D-1', 'D-3']);
  expect(rejected).toBe(3);
  expect(errors.map(({ line, column }) => [line, column])).toEqual([
    [1, 'amount'],
    [1, 'close_date'],
    [3, 'amount'],
    [3, 'close_date'],
  ]);
});

describe('lists', () => {
  test('go through all records by key, page by page', async () => {
    const { call, records } = await fresh();
    await records.upsertMany(
      call,
      target,
      ['c', 'a', 'e', 'b', 'd'].map((id) => row(id, { name: id })),
    );
    await records.upsert(call, { ...target, sourceSystem: 'other' }, row('a', { name: 'z' }));
    const ids: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await records.list(call, 'deal', { limit: 2, cursor: cursor ?? undefined });
      ids.push(...page.items.map(({ source_system, source_id }) => `${source_system}/${source_id}`));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(ids).toEqual(['crm/a', 'crm/b', 'crm/c', 'crm/d', 'crm/e', 'other/a']);
    expect((await records.list(call, 'deal', { sourceSystem: 'other' })).items.length).toBe(1);
    expect((await records.list(call, 'deal', { sourceSystem: 'crm', sourceId: 'c' })).items).toMatchObject([{ source_id: 'c' }]);
  });

  test('filter by fields, and say what is wrong with a filter, cursor or limit', async () => {
    const { call, records } = await fresh();
    await records.upsertMany(call, target, [row('a', { amount: '5' }), row('b', { amount: '50' }), row('c', {})]);
    const ids = async (filter: object) =>
      (await records.list(call, 'deal', { filter: filter as never })).items.map(({ source_id }) => source_id);
    expect(await ids({ field: 'amount', operator: 'gt', values: [9] })).toEqual(['b']);
    expect(await ids({ not: { field: 'amount', operator: 'is_null' } })).toEqual(['a', 'b']);
    expect(await ids({ field: 'source_id', operator: 'in', values: ['a', 'c'] })).toEqual(['a', 'c']);
    await expect(ids({ field: 'amuont', operator: 'is_null' })).rejects.toMatchObject({ code: 'invalid_filter' });
    await expect(records.list(call, 'deal', { cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_cursor' });
    await expect(records.list(call, 'deal', { limit: 0 })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(records.list(call, 'dael')).rejects.toMatchObject({ code: 'unknown_record_type' });
  });

  test('a history goes page by page too', async () => {
    const { call, records } = await fresh();
    const versions = ['a', 'b', 'c', 'd', 'e'].map((name) => row('D-1', { name }));
    await records.upsertMany(call, target, versions);
    const { id } = await records.getByKey(call, target, 'D-1');
    const first = await records.history(call, 'deal', id, { limit: 2 });
    expect(first.items.map(({ version }) => version)).toEqual([1, 2]);
    const second = await records.history(call, 'deal', id, { limit: 3, cursor: first.nextCursor ?? undefined });
    expect(second.items.map(({ version }) => version)).toEqual([3, 4, 5]);
    expect(second.nextCursor).toBeNull();
    await expect(records.history(call, 'deal', id, { cursor: 'WyJ4Il0' })).rejects.toMatchObject({ code: 'invalid_cursor' });
    await expect(records.history(call, 'deal', 'x' as RecordId)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('another workspace', () => {
  test('sees, changes and finds nothing of it, through the catalog or by SQL', async () => {
    const { call, records, workspace } = await fresh();
    const id = idOf(await records.upsert(call, target, row('D-1', { name: 'x' })));
    await expect(records.upsert(call, target, row('D-2', { amount: 'much' }))).rejects.toThrow();
    await harness.catalog.imports.start(call, { name: 'x', kind: 'file' }, (async function* () {})()).then(({ finished }) => finished);
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
