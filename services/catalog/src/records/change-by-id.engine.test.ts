import type { JsonObject, RecordId } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { idOf, row, target } from '../testing/deals.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());
const fresh = () => harness.fresh();

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
    expect(await records.patch(call, 'deal', id, { business_priority: null })).toMatchObject({ updated: 1, version: 4 });
    expect(await records.get(call, 'deal', id)).toMatchObject({ business_priority: null });
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
    expect(await extraAfter({ extra: { e: 2 } })).toEqual({ e: 2 });
    expect(await extraAfter({ e: null })).toBeUndefined();
  });

  test('patches at once lose none of each other, and of those that name a version one is taken', async () => {
    const { call, records } = await fresh();
    const id = idOf(await records.upsert(call, target, row('D-1', { name: 'x' })));
    const numbers = Array.from({ length: 12 }, (_, index) => index);
    await Promise.all(numbers.map((number) => records.patch(call, 'deal', id, { [`n${number}`]: number })));
    const { version, data } = await records.get(call, 'deal', id);
    expect([version, data.extra]).toEqual([13, Object.fromEntries(numbers.map((number) => [`n${number}`, number]))]);
    const answers = await Promise.allSettled(
      numbers.map((number) => records.patch(call, 'deal', id, { name: `${number}` }, { ifVersion: version })),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled').length).toBe(1);
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
});
