import type { PolicyFilter } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { target } from '../testing/deals.ts';
import { rejectedRows, row } from '../testing/rejected-rows.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());
const fresh = () => rejectedRows(harness);

describe('who sees no amounts', () => {
  test('sees none in rejected rows, their errors and raw values, and cannot blank them by a repair', async () => {
    const { call, letters, workspace, records } = await fresh();
    await records.upsertMany(call, target, [
      { ...row(1, { amount: 'seven', name: 'x', currency: 'much' }), original: { amount: '7 €', name: 'X' } },
    ]);
    const employee = harness.callOf(workspace, 'employee');
    const [letter] = (await letters.list(employee)).items;
    expect(letter).toMatchObject({
      row: { fields: { amount: null, name: 'x', currency: 'much' }, original: { amount: null, name: 'X' } },
      errors: [
        { code: 'invalid_money', column: 'amount', message: 'Invalid amount' },
        { code: 'text_too_long', column: 'currency', value: 'much' },
      ],
    });
    expect(letter?.errors[0]).not.toHaveProperty('value');
    const id = letter?.id ?? '';
    await letters.repair(employee, id, { source_id: 'D-1', fields: { amount: null, name: 'y', currency: 'EUR' } });
    expect((await letters.get(call, id)).row.fields).toEqual({ amount: 'seven', name: 'y', currency: 'EUR' });
    await letters.repair(employee, id, { source_id: 'D-1', fields: { amount: '7', name: 'y', currency: 'EUR' } });
    expect((await letters.get(call, id)).row.fields).toEqual({ amount: '7', name: 'y', currency: 'EUR' });
  });

  test('sees none of unknown fields, of rows that could not be read, and in the answer of a replay', async () => {
    const { call, letters, importRows, workspace } = await fresh();
    const raw = '{"source_id":"D-1","amount":"4711"';
    const rows = [
      { line: 1, fields: { extra: { raw } }, errors: [{ line: 1, code: 'invalid_json', message: `no JSON: ${raw}`, value: raw }] },
      row(2, { amount: 'about 4711', bonus: '4711', name: 'x' }),
    ];
    await importRows('a.ndjson', rows);
    const employee = harness.callOf(workspace, 'employee');
    const seen = (await letters.list(employee)).items;
    expect(seen.map(({ row: { fields } }) => fields)).toEqual([{ extra: null }, { amount: null, bonus: null, name: 'x' }]);
    expect(JSON.stringify(seen)).not.toContain('4711');
    const answer = await letters.replay(employee, {});
    expect(answer).toMatchObject({ rejected: 2, errors: [{ line: 1 }, { line: 2, code: 'invalid_money', column: 'amount' }] });
    expect(JSON.stringify(answer)).not.toContain('4711');
    expect(JSON.stringify(await letters.replay(call, {}))).toContain('4711');
  });

  test('or only some rows of a type sees none of its rejected rows', async () => {
    const { call, letters, workspace, records } = await fresh();
    await records.upsertMany(call, target, [row(1, { amount: 'x' })]);
    const rows: PolicyFilter = { field: 'status', operator: 'eq', values: ['open'] };
    await harness.auth.policies.replace(call, [
      { rule: 'forbid', roles: ['executive'], actions: ['read'], record_types: ['deal'] },
      { rule: 'allow', roles: ['executive'], actions: ['read'], record_types: ['deal'], rows },
    ]);
    expect((await letters.list(harness.callOf(workspace, 'executive'))).items).toEqual([]);
  });
});
