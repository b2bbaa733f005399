import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

const target = { recordType: 'deal', sourceSystem: 'crm' };

describe('upsert', () => {
  test('creates, changes, and leaves alone what is the same', async () => {
    const { catalog } = harness;
    const call = harness.callOf(await harness.workspace());
    const write = (fields: object) => catalog.records.upsert(call, target, { line: 1, source_id: 'D-1', fields: { ...fields } });

    expect(await write({ name: 'Big', amount: '10.50' })).toMatchObject({ created: 1, updated: 0, unchanged: 0, rejected: 0, version: 1 });
    expect(await write({ amount: '10.5', name: 'Big' })).toMatchObject({ created: 0, updated: 0, unchanged: 1, version: 1 });
    const changed = await write({ name: 'Big', amount: '11' });
    expect(changed).toMatchObject({ created: 0, updated: 1, unchanged: 0, version: 2 });

    const record = await catalog.records.get(call, 'deal', changed.id as never, { after: changed.token });
    expect(record).toMatchObject({ source_id: 'D-1', version: 2, data: { name: 'Big', amount: '11' } });
    const history = await catalog.records.history(call, 'deal', changed.id as never);
    expect(history.items.map(({ version, kind, previous }) => ({ version, kind, previous }))).toEqual([
      { version: 1, kind: 'record.created', previous: null },
      { version: 2, kind: 'record.updated', previous: { amount: '10.5' } },
    ]);
  });
});
