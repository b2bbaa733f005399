import type { Workspace } from '@sophia/auth';
import { waitUntil } from '@sophia/database/testing';
import type { Call, JsonObject, PolicyRule } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportItem } from '../catalog.ts';
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

describe('a rule that hides rows from reads alone', () => {
  const hidden: PolicyRule[] = [
    {
      rule: 'forbid',
      roles: ['employee'],
      actions: ['read', 'export'],
      record_types: ['deal'],
      rows: { not: { field: '$owner.team', operator: 'eq', values: [{ principal: 'team' }] } },
    },
  ];
  const forbidden = { code: 'forbidden', details: { action: 'write', object: 'record:deal' } };
  const imported = async (call: Call, ...items: readonly ImportItem[]) =>
    (await harness.catalog.imports.start(call, { name: 'x', kind: 'singer' }, importStream(...items))).finished;

  test('tells nothing of what is hidden by a filter that leads over it', async () => {
    const { records, as, admin } = await sellers();
    const calls = { recordType: 'call', sourceSystem: 'crm' };
    await records.upsertMany(
      admin,
      calls,
      ['A', 'B'].map((deal) => row(`call ${deal}`, { deal_id: deal })),
    );
    const found = async (field: string, value: string) =>
      (await records.list(as('employee', 'ada'), 'call', { filter: { field, operator: 'eq', values: [value] } })).items.map(
        ({ source_id }) => source_id,
      );
    const both = async () => [await found('deal_id.owner.name', 'Ada'), await found('deal_id.owner.name', 'Bob')];
    const [own, theirs] = [['call A'], ['call B']];
    expect(await both()).toEqual([own, theirs]);
    await harness.auth.policies.replace(admin, hidden);
    expect(await both()).toEqual([own, []]);
    expect([await found('deal_id.source_id', 'A'), await found('deal_id.source_id', 'B'), await found('deal_id', 'B')]).toEqual([
      own,
      [],
      theirs,
    ]);
    const rule = { roles: ['employee'], record_types: ['deal'] } satisfies Partial<PolicyRule>;
    const masked: PolicyRule = { rule: 'mask', ...rule, fields: ['owner'] };
    await harness.auth.policies.replace(admin, [masked]);
    expect(await both()).toEqual([[], []]);
    await harness.auth.policies.replace(admin, [
      masked,
      { rule: 'unmask', ...rule, rows: { field: 'name', operator: 'eq', values: ['a'] } },
    ]);
    expect(await both()).toEqual([own, []]);
    await harness.auth.policies.replace(admin, [
      { rule: 'forbid', ...rule, actions: ['read'] },
      { rule: 'allow', ...rule, actions: ['read'], smallest_group: 2 },
    ]);
    expect(await both()).toEqual([[], []]);
  });

  test('about the own records means those of the own source system, where another uses the same ids', async () => {
    const { records, as, admin } = await sellers();
    await records.upsert(admin, { recordType: 'user', sourceSystem: 'hub' }, row('ada', { name: 'Another' }));
    await records.upsertMany(admin, { recordType: 'deal', sourceSystem: 'hub' }, [
      row('theirs', { owner: 'ada' }),
      row('own', { owner: { source_system: 'crm', source_id: 'ada' } }),
    ]);
    const seen = async (...rules: PolicyRule[]) => {
      await harness.auth.policies.replace(admin, rules);
      return (await records.list(as('employee', 'ada'), 'deal')).items.map(({ source_id }) => source_id);
    };
    for (const field of ['owner', '$owner.source_id']) {
      const own = { field, operator: 'eq' as const, values: [{ principal: 'source_id' }] };
      const rule = { roles: ['employee' as const], actions: ['read' as const], record_types: ['deal'] };
      expect(await seen({ rule: 'forbid', ...rule, rows: { not: own } })).toEqual(['A', 'own']);
      expect(await seen({ rule: 'forbid', ...rule, rows: own })).toEqual(['B', 'theirs']);
    }
  });

  test('lets nobody write by its key, or delete, what is hidden, in any way', async () => {
    const { records, as, admin } = await sellers();
    await records.upsert(admin, target, row('D', { name: 'd', owner: 'bob' }));
    const { id: deleted } = await records.getByKey(admin, target, 'D');
    await records.delete(admin, 'deal', deleted);
    await harness.auth.policies.replace(admin, hidden);
    const ada = as('employee', 'ada');
    for (const theirs of [row('B', { name: 'x', owner: 'ada' }), { ...row('B', {}), deleted: true }, row('D', { owner: 'ada' })]) {
      await expect(records.upsert(ada, target, theirs)).rejects.toMatchObject(forbidden);
      await expect(records.upsertMany(ada, target, [row('A', { owner: 'ada' }), theirs])).rejects.toMatchObject(forbidden);
      await expect(imported(ada, { kind: 'rows', target, rows: [theirs] })).rejects.toMatchObject(forbidden);
    }
    expect((await records.list(admin, 'deal')).items.map(({ source_id, version }) => [source_id, version])).toEqual([
      ['A', 1],
      ['B', 1],
      ['C', 1],
    ]);
    const { entries } = await harness.auth.audit.list(admin, { principal: 'key:employee', result: 'forbidden' });
    expect(entries.length).toBe(9);
  });

  test('leaves what is new, what is the own, and what is handed on', async () => {
    const { records, as, admin } = await sellers();
    await harness.auth.policies.replace(admin, hidden);
    const ada = as('employee', 'ada');
    expect(await records.upsert(ada, target, row('N', { name: 'new', owner: 'ada' }))).toMatchObject({ created: 1 });
    expect(await records.upsertMany(ada, target, [row('A', { owner: 'ada' }), row('M', {})])).toMatchObject({ created: 1, updated: 1 });
    expect(await records.upsert(ada, target, row('A', { owner: 'bob' }))).toMatchObject({ updated: 1 });
    await expect(records.upsert(ada, target, row('A', { owner: 'ada' }))).rejects.toMatchObject(forbidden);
  });

  test('holds against a stream that says what it no longer has', async () => {
    const { records, as, admin } = await sellers();
    const rows = (owner: string, ...ids: readonly string[]) => ids.map((id) => ({ ...row(id, { owner }), streamVersion: 1 }));
    await imported(admin, { kind: 'rows', target, rows: [...rows('ada', 'V1'), ...rows('bob', 'V2')] });
    await harness.auth.policies.replace(admin, hidden);
    const activate = { kind: 'activate_version', target, version: 2 } as const;
    await expect(imported(as('employee', 'ada'), activate)).rejects.toMatchObject(forbidden);
    const users = { recordType: 'user', sourceSystem: 'crm' };
    await expect(imported(as('employee', 'ada'), { ...activate, target: users })).rejects.toMatchObject({ code: 'forbidden' });
    expect((await records.list(admin, 'deal')).items.length).toBe(5);
    expect(await imported(admin, activate)).toMatchObject({ deleted_by_version: 2 });
  });

  test('leaves rejected rows, of which nobody knows whether they are hidden, to those who see all', async () => {
    const { records, as, admin } = await sellers();
    const { deadLetters } = harness.catalog;
    await records.upsertMany(admin, target, [row('L', { owner: 'bob', source: 'told', close_date: 'then' })]);
    const [{ id = '' } = {}] = (await deadLetters.list(admin)).items;
    const ada = as('employee', 'ada');
    for (const rules of [
      hidden,
      [{ rule: 'forbid', roles: ['employee'], actions: ['read'], record_types: ['deal'] }] satisfies PolicyRule[],
    ]) {
      await harness.auth.policies.replace(admin, rules);
      await expect(deadLetters.repair(ada, id, { source_id: 'L', fields: {} })).rejects.toMatchObject({ code: 'not_found' });
      expect(await deadLetters.replay(ada, {})).toMatchObject({ rejected: 0, errors: [] });
      expect(await deadLetters.discard(ada, [id])).toBe(0);
    }
    expect(await deadLetters.get(admin, id)).toMatchObject({ state: 'open', attempts: 1 });
  });
});

test('a deleted record is revived by nobody who could not have written it, but an erased one is anybody’s', async () => {
  const { records, as, admin } = await sellers();
  await harness.auth.policies.replace(admin, [
    {
      rule: 'forbid',
      roles: ['employee'],
      actions: ['read', 'write'],
      record_types: ['deal'],
      rows: { field: 'name', operator: 'eq', values: ['hidden'] },
    },
  ]);
  const ada = as('employee', 'ada');
  await records.upsertMany(admin, target, [row('H', { name: 'hidden', amount: '7' }), row('I', { name: 'idle' })]);
  const { id } = await records.getByKey(admin, target, 'H');
  const { id: idle } = await records.getByKey(admin, target, 'I');
  await records.delete(admin, 'deal', id);
  await records.delete(admin, 'deal', idle);
  const revive = () => records.upsert(ada, target, row('H', { name: 'mine' }));
  const { finished } = await harness.catalog.imports.start(
    ada,
    { name: 'x', kind: 'file' },
    importStream({ kind: 'rows', target, rows: [row('H', { name: 'mine' })] }),
  );
  await expect(finished).rejects.toMatchObject({ code: 'forbidden' });
  await expect(revive()).rejects.toMatchObject({ code: 'forbidden' });
  await expect(records.upsertMany(ada, target, [row('H', { name: 'mine' })])).rejects.toMatchObject({ code: 'forbidden' });
  await expect(records.history(ada, 'deal', id)).rejects.toMatchObject({ code: 'not_found' });
  expect(await records.upsert(ada, target, row('I', { name: 'mine' }))).toMatchObject({ created: 1 });
  await records.erase(admin, 'deal', id, 'asked by the person');
  expect(await revive()).toMatchObject({ created: 1 });
  expect((await records.history(ada, 'deal', id)).items.map(({ data }) => data?.name ?? null)).toEqual([null, null, null, 'mine']);
});

describe('a record that another transaction makes while a guarded write is under way', () => {
  /** Resolves when the record is made; what it resolves to commits it, once somebody waits for that. */
  async function making({ id: workspace }: Workspace, sourceId: string, data: JsonObject) {
    const { database } = harness;
    const made = Promise.withResolvers<void>();
    const awaited = Promise.withResolvers<void>();
    const committed = database.write([workspace], async (transaction) => {
      await database.query(transaction, MAKE, [workspace, sourceId, JSON.stringify(data)]);
      made.resolve();
      await awaited.promise;
    });
    await made.promise;
    return async () => {
      await waitUntil('somebody waits for the record', async () => {
        const [row] = await database.select<{ readonly waiting: number }>([], WAITING);
        return (row?.waiting ?? 0) > 0;
      });
      awaited.resolve();
      await committed;
    };
  }
  const MAKE = {
    name: 'test_make_record',
    text: `insert into record (workspace, id, version, created_at, updated_at, record_type, source_system, source_id, data, last_change, last_line)
      values ($1::int, 4611686018427387904 + nextval('record_id'), 1, now(), now(), 'deal', 'crm', $2::text, $3::jsonb, 'c', 1)`,
  };
  const WAITING = {
    name: 'test_waiting_for_locks',
    text: `select count(*)::int as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  };
  const hidden: PolicyRule = {
    rule: 'forbid',
    roles: ['employee'],
    actions: ['read'],
    record_types: ['deal'],
    rows: { field: 'name', operator: 'eq', values: ['hidden'] },
  };

  test.each<[string, PolicyRule[], JsonObject]>([
    ['whose mask the write would lift', [], { owner: 'bob', amount: '7' }],
    ['that may not be read', [{ rule: 'unmask', roles: ['employee'] }, hidden], { name: 'hidden' }],
  ])('is held against the policy, one %s', async (_, rules, data) => {
    const { records, as, admin, workspace } = await sellers();
    await harness.auth.policies.replace(admin, rules);
    const commit = await making(workspace, 'K', data);
    const several = [row('A', { owner: 'ada' }), row('J', { owner: 'ada' }), row('K', { owner: 'ada' })];
    const refused = expect(records.upsertMany(as('employee', 'ada'), target, several)).rejects.toMatchObject({ code: 'forbidden' });
    await commit();
    await refused;
    expect((await records.getByKey(admin, target, 'K')).data).toEqual(data);
  });

  test('is written where the policy allows it', async () => {
    const { records, as, admin, workspace } = await sellers();
    const commit = await making(workspace, 'K', { owner: 'ada', name: 'k' });
    const answer = records.upsert(as('employee', 'ada'), target, row('K', { owner: 'ada', name: 'l' }));
    await commit();
    expect(await answer).toMatchObject({ updated: 1, version: 2 });
    expect((await records.getByKey(admin, target, 'K')).data).toMatchObject({ name: 'l' });
  });
});
