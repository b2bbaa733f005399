import type { AccessRule, Call, JsonObject, PolicyRule, RecordId } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { row, target } from '../testing/deals.ts';
import { importStream } from '../testing/import-stream.ts';
import { makeSellers } from '../testing/sellers.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

const sellers = () => makeSellers(harness);

describe('what a role sees', () => {
  test('a viewer sees no record by itself, and the denial is audited', async () => {
    const { records, as, admin } = await sellers();
    const viewer = as('viewer');
    const { id } = await records.getByKey(admin, target, 'A');
    const forbidden = { code: 'forbidden', status: 403 };
    await expect(records.list(viewer, 'deal')).rejects.toMatchObject(forbidden);
    await expect(records.get(viewer, 'deal', id)).rejects.toMatchObject(forbidden);
    await expect(records.history(viewer, 'deal', id)).rejects.toMatchObject(forbidden);
    await expect(records.upsert(viewer, target, row('X', {}))).rejects.toMatchObject(forbidden);
    await expect(records.upsertMany(viewer, target, [])).rejects.toMatchObject(forbidden);
    await expect(records.patch(viewer, 'deal', id, {})).rejects.toMatchObject(forbidden);
    await expect(records.delete(viewer, 'deal', id)).rejects.toMatchObject(forbidden);
    await expect(records.erase(viewer, 'deal', id, 'because')).rejects.toMatchObject(forbidden);
    await expect(harness.catalog.deadLetters.list(viewer)).rejects.toMatchObject(forbidden);
    await expect(harness.catalog.deadLetters.replay(viewer, {})).rejects.toMatchObject(forbidden);
    await expect(harness.catalog.deadLetters.discard(viewer, ['1'])).rejects.toMatchObject(forbidden);
    await expect(harness.catalog.recordTypes.define(viewer, 'x', {})).rejects.toMatchObject(forbidden);
    await expect(harness.catalog.imports.start(viewer, { name: 'x', kind: 'file' }, importStream())).rejects.toMatchObject(forbidden);
    const { entries } = await harness.auth.audit.list(admin, { result: 'forbidden', principal: 'key:viewer' });
    expect(entries.length).toBe(13);
  });

  test('an analyst sees all rows without contact details, and writes nothing', async () => {
    const { records, as, admin } = await sellers();
    const { items } = await records.list(as('analyst'), 'deal');
    expect(
      items.map(({ data, content_hash }) => ({ email: data.owner_email, amount: data.amount, extra: data.extra, content_hash })),
    ).toEqual([
      { email: null, amount: '10', extra: null, content_hash: null },
      { email: null, amount: '20', extra: null, content_hash: null },
      // It has neither, which would tell as much of the others.
      { email: null, amount: '30', extra: null, content_hash: null },
    ]);
    const forbidden = { code: 'forbidden' };
    await expect(records.upsert(as('analyst'), target, row('X', {}))).rejects.toMatchObject(forbidden);
    const id = items[0]?.id as RecordId;
    await expect(records.patch(as('analyst'), 'deal', id, { name: 'x' })).rejects.toMatchObject(forbidden);
    await expect(records.delete(as('analyst'), 'deal', id)).rejects.toMatchObject(forbidden);
    expect(await records.get(admin, 'deal', id)).toMatchObject({ version: 1, deleted_at: null });
    const { entries } = await harness.auth.audit.list(admin, { result: 'forbidden' });
    expect(entries).toMatchObject(Array(3).fill({ action: 'write', principal: 'key:analyst' }));
  });

  test('an employee sees amounts of the own team alone, in records, filters, history and feed', async () => {
    const { records, as, admin } = await sellers();
    const ada = as('employee', 'ada');
    const amounts = async (call: Call, filter?: object) =>
      (await records.list(call, 'deal', filter === undefined ? {} : { filter: filter as never })).items.map(({ source_id, data }) => [
        source_id,
        data.amount,
      ]);
    expect(await amounts(ada)).toEqual([
      ['A', '10'],
      ['B', null],
      ['C', null],
    ]);
    // What is masked is null to a filter too.
    expect(await amounts(ada, { field: 'amount', operator: 'gt', values: [1] })).toEqual([['A', '10']]);
    expect(await amounts(ada, { field: 'amount', operator: 'is_null' })).toEqual([
      ['B', null],
      ['C', null],
    ]);
    const { id } = await records.getByKey(admin, target, 'B');
    await records.patch(admin, 'deal', id, { amount: '25' });
    const history = await records.history(ada, 'deal', id);
    expect(history.items.map(({ data, previous }) => [data?.amount, previous?.amount])).toEqual([
      [null, undefined],
      // That it changed is not told.
      [null, undefined],
    ]);
    const feed = await harness.catalog.events(ada, { recordTypes: ['deal'], after: null });
    expect(feed.events.map(({ record, data, previous }) => [record?.source_id, data?.amount, previous])).toEqual([
      ['A', '10', null],
      ['B', null, null],
      ['C', null, null],
      ['B', null, {}],
    ]);
  });

  test('follows the owner: a deal that moves to the own team shows all of its past', async () => {
    const { records, as, admin } = await sellers();
    const { id } = await records.getByKey(admin, target, 'B');
    const bob = as('employee', 'bob');
    expect((await records.get(bob, 'deal', id)).data.amount).toBe('20');
    await records.upsert(admin, { recordType: 'user', sourceSystem: 'crm' }, row('bob', { name: 'Bob', team: 'East' }));
    const ada = as('employee', 'ada');
    expect((await records.get(ada, 'deal', id)).data.amount).toBe('20');
    expect((await records.history(ada, 'deal', id)).items[0]?.data?.amount).toBe('20');
    // His own team is another one from now on.
    expect((await records.list(bob, 'deal')).items.map(({ data }) => data.amount)).toEqual(['10', '20', null]);
  });
});

describe('rules of a workspace', () => {
  const ownAlone = (...actions: AccessRule['actions']): PolicyRule[] => {
    const deals = { roles: ['employee'], actions, record_types: ['deal'] } satisfies Partial<AccessRule>;
    const rows: PolicyRule['rows'] = { field: '$owner.team', operator: 'eq', values: [{ principal: 'team' }] };
    return [
      { rule: 'forbid', ...deals },
      { rule: 'allow', ...deals, rows },
    ];
  };
  const own = ownAlone('read', 'write');

  test('hide rows from every read', async () => {
    const { records, as, admin } = await sellers();
    await harness.auth.policies.replace(admin, own);
    const ada = as('employee', 'ada');
    const { id } = await records.getByKey(admin, target, 'B');
    expect((await records.list(ada, 'deal')).items.map(({ source_id }) => source_id)).toEqual(['A']);
    await expect(records.get(ada, 'deal', id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(records.getByKey(ada, target, 'B')).rejects.toMatchObject({ code: 'not_found' });
    await expect(records.history(ada, 'deal', id)).rejects.toMatchObject({ code: 'not_found' });
    // Waits until the log's readers see them.
    await records.history(admin, 'deal', id);
    const feed = await harness.catalog.events(ada, { recordTypes: ['deal'] });
    expect(feed.events.map(({ record }) => record?.source_id)).toEqual(['A']);
  });

  test('take a record of which it is unknown whether it is theirs for one that is not', async () => {
    const { records, as, admin } = await sellers();
    const ada = as('employee', 'ada');
    const { id } = await records.getByKey(admin, target, 'C');
    await harness.auth.policies.replace(admin, ownAlone('read'));
    await expect(records.patch(ada, 'deal', id, { name: 'x' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(records.delete(ada, 'deal', id)).rejects.toMatchObject({ code: 'not_found' });
    await harness.auth.policies.replace(admin, ownAlone('write'));
    for (const each of [row('C', { owner: 'ada' }), row('C', {}, { deleted: true }), row('A', { name: 'a' })]) {
      await expect(records.upsert(ada, target, each)).rejects.toMatchObject({ code: 'forbidden' });
    }
    // What never was is nobody's: its deletion came before it.
    await records.upsert(admin, target, row('F', {}, { source_version: 1, deleted: true }));
    expect(await records.upsert(ada, target, row('F', { owner: 'ada' }, { source_version: 2 }))).toMatchObject({ created: 1 });
  });

  test('let nobody write a record that is not theirs before and after, in any way', async () => {
    const { records, as, admin } = await sellers();
    await harness.auth.policies.replace(admin, own);
    const ada = as('employee', 'ada');
    const forbidden = { code: 'forbidden' };
    const { id } = await records.getByKey(admin, target, 'B');
    const { id: mine } = await records.getByKey(admin, target, 'A');
    // As reads say it, whatever the version: that there is such a record is none of her business.
    const unknown = { code: 'not_found' };
    for (const ifVersion of [undefined, 1, 7]) {
      await expect(records.patch(ada, 'deal', id, { name: 'x' }, { ifVersion })).rejects.toMatchObject(unknown);
      await expect(records.delete(ada, 'deal', id, { ifVersion })).rejects.toMatchObject(unknown);
    }
    await expect(records.patch(ada, 'deal', mine, { name: 'x' }, { ifVersion: 7 })).rejects.toMatchObject({ code: 'version_conflict' });
    await expect(records.patch(ada, 'deal', mine, { owner: 'bob' })).rejects.toMatchObject(forbidden);
    await expect(records.upsert(ada, target, row('B', { name: 'x', owner: 'ada' }))).rejects.toMatchObject(forbidden);
    await expect(records.upsert(ada, target, row('D', { name: 'x', owner: 'bob' }))).rejects.toMatchObject(forbidden);
    await expect(records.upsertMany(ada, target, [row('D', { owner: 'ada' }), row('B', { owner: 'ada' })])).rejects.toMatchObject(
      forbidden,
    );
    const { finished } = await harness.catalog.imports.start(
      ada,
      { name: 'x', kind: 'file' },
      importStream({ kind: 'rows', target, rows: [row('D', { owner: 'ada' }), row('E', { owner: 'bob' })] }),
    );
    await expect(finished).rejects.toMatchObject(forbidden);
    expect((await records.list(admin, 'deal')).items.map(({ source_id, version }) => [source_id, version])).toEqual([
      ['A', 1],
      ['B', 1],
      ['C', 1],
    ]);

    const refused = async (result: string) => {
      const { entries } = await harness.auth.audit.list(admin, { principal: 'key:employee', result });
      return entries.map(({ action, object, rows }) => `${action} ${object.replace(/^import:.*/, 'import')} ${rows}`).reverse();
    };
    expect(await refused('forbidden')).toEqual([
      `write record:deal/${mine} 0`,
      'write record:deal/crm/B 0',
      'write record:deal/crm/D 0',
      'write record:deal 0',
      'import.fail import 2',
    ]);
    expect(await refused('not_found')).toEqual([1, 2, 3].flatMap(() => [`write record:deal/${id} 0`, `delete record:deal/${id} 0`]));

    expect(await records.patch(ada, 'deal', mine, { name: 'mine' })).toMatchObject({ updated: 1 });
    expect(await records.upsert(ada, target, row('D', { name: 'new', owner: 'ada' }))).toMatchObject({ created: 1 });
    expect(await records.upsertMany(ada, target, [row('D', { name: 'newer', owner: 'ada' })])).toMatchObject({ updated: 1 });
    expect(await records.delete(ada, 'deal', mine)).toMatchObject({ updated: 1 });
  });

  test('hold each type over its own rows where an import has rows of several', async () => {
    const { records, as, admin } = await sellers();
    const products = { roles: ['employee'], actions: ['write'], record_types: ['product'] } satisfies Partial<AccessRule>;
    await harness.auth.policies.replace(admin, [
      ...own,
      { rule: 'forbid', ...products },
      { rule: 'allow', ...products, rows: { field: 'name', operator: 'eq', values: ['hers'] } },
    ]);
    const bring = async (...brought: readonly (readonly [recordType: string, fields: JsonObject])[]) => {
      const items = brought.map(([recordType, fields]) => ({
        kind: 'rows' as const,
        target: { ...target, recordType },
        rows: [row('N', fields)],
      }));
      const { finished } = await harness.catalog.imports.start(as('employee', 'ada'), { name: 'x', kind: 'file' }, importStream(...items));
      return finished;
    };
    const [deal, product] = [
      ['deal', { owner: 'ada' }],
      ['product', { name: 'hers' }],
    ] as const;
    const forbidden = { code: 'forbidden' };
    await expect(bring(deal, ['product', { name: 'his' }])).rejects.toMatchObject(forbidden);
    await expect(bring(['product', { name: 'his' }], deal)).rejects.toMatchObject(forbidden);
    await expect(bring(product, ['deal', { owner: 'bob' }])).rejects.toMatchObject(forbidden);
    await expect(bring(['deal', { owner: 'bob' }], product)).rejects.toMatchObject(forbidden);
    expect((await records.list(admin, 'product')).items).toEqual([]);
    expect(await bring(deal, product)).toMatchObject({ created: 2 });
  });
});

test('a rule on whether a field has a value hides what was written under another type of the field', async () => {
  const { records, as, admin } = await sellers();
  const define = (size: string) =>
    harness.catalog.recordTypes.define(admin, 'gauge', { type: 'object', properties: { size: { type: size }, name: { type: 'string' } } });
  await define('integer');
  await records.upsertMany(admin, { recordType: 'gauge', sourceSystem: 'crm' }, [
    row('old', { size: 7, name: 'old' }),
    row('none', { name: 'none' }),
  ]);
  await define('string');
  await records.upsert(admin, { recordType: 'gauge', sourceSystem: 'crm' }, row('new', { size: '8', name: 'new' }));
  const seen = async (...rules: PolicyRule[]) => {
    await harness.auth.policies.replace(admin, rules);
    const { items } = await records.list(as('executive'), 'gauge');
    return Object.fromEntries(items.map(({ source_id, data }) => [source_id, data.name]));
  };
  const gauges = { roles: ['executive'], record_types: ['gauge'] } satisfies Partial<PolicyRule>;
  const hasValue: PolicyRule['rows'] = { field: 'size', operator: 'is_null', values: [false] };
  expect(await seen({ rule: 'forbid', ...gauges, actions: ['read'], rows: hasValue })).toEqual({ none: 'none' });
  expect(await seen({ rule: 'mask', ...gauges, fields: ['name'], rows: hasValue })).toEqual({ old: null, none: 'none', new: null });
  const onlyWithout: PolicyRule[] = [
    { rule: 'forbid', ...gauges, actions: ['read'] },
    { rule: 'allow', ...gauges, actions: ['read'], rows: { field: 'size', operator: 'is_null' } },
  ];
  expect(await seen(...onlyWithout)).toEqual({ none: 'none' });
});

test('every access is audited with its rows', async () => {
  const { records, admin } = await sellers();
  const { id } = await records.getByKey(admin, target, 'A');
  await records.get(admin, 'deal', id);
  await records.list(admin, 'deal');
  await records.history(admin, 'deal', id);
  await harness.catalog.sources(admin);
  await harness.catalog.events(admin);
  await records.upsert(admin, target, row('A', { name: 'y' }));
  await records.patch(admin, 'deal', id, { name: 'z' });
  await records.delete(admin, 'deal', id);
  await harness.auth.audit.flush();
  const { entries } = await harness.auth.audit.list(admin, { principal: 'key:admin', limit: 100 });
  const seen = entries.map(({ action, object, rows }) => `${action} ${object} ${rows}`);
  expect(seen).toEqual(
    expect.arrayContaining([
      'write record:deal 3',
      'write record:user 2',
      'read record:deal/crm/A 1',
      `read record:deal/${id} 1`,
      'list record:deal 3',
      `history record:deal/${id} 1`,
      'read sources 1',
      'events events 5',
      'write record:deal/crm/A 1',
      `write record:deal/${id} 1`,
      `delete record:deal/${id} 1`,
    ]),
  );
});
