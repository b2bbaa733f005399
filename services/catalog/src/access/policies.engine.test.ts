import type { Workspace } from '@sophia/auth';
import { waitUntil } from '@sophia/database/testing';
import type { Call, JsonObject, PolicyRule, Role } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportItem } from '../catalog.ts';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

const target = { recordType: 'deal', sourceSystem: 'crm' };
const row = (id: string, fields: JsonObject) => ({ line: 1, source_id: id, fields });

/** Two sellers of two teams with a deal each, and one deal of nobody. */
async function sellers() {
  const workspace = await harness.workspace();
  const admin = harness.callOf(workspace);
  const { records } = harness.catalog;
  await records.upsertMany(admin, { recordType: 'user', sourceSystem: 'crm' }, [
    row('ada', { name: 'Ada', team: 'East', email: 'ada@example.com' }),
    row('bob', { name: 'Bob', team: 'West', email: 'bob@example.com' }),
  ]);
  await records.upsertMany(admin, target, [
    row('A', { name: 'a', owner: 'ada', amount: '10', owner_email: 'ada@example.com', odd: 'odd a' }),
    row('B', { name: 'b', owner: 'bob', amount: '20', owner_email: 'bob@example.com', odd: 'odd b' }),
    row('C', { name: 'c', amount: '30' }),
  ]);
  const as = (role: Role, user?: string): Call =>
    harness.callOf(workspace, role, user === undefined ? {} : { userRecord: { source_system: 'crm', source_id: user } });
  return { workspace, admin, records, as };
}

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
    await expect(harness.catalog.imports.start(viewer, { name: 'x', kind: 'file' }, (async function* () {})())).rejects.toMatchObject(
      forbidden,
    );
    const { entries } = await harness.auth.audit.list(admin, { result: 'forbidden', principal: 'key:viewer' });
    expect(entries.length).toBe(13);
  });

  test('an analyst sees all rows without contact details, and writes nothing', async () => {
    const { records, as } = await sellers();
    const { items } = await records.list(as('analyst'), 'deal');
    expect(
      items.map(({ data, content_hash }) => ({ email: data.owner_email, amount: data.amount, extra: data.extra, content_hash })),
    ).toEqual([
      { email: null, amount: '10', extra: null, content_hash: null },
      { email: null, amount: '20', extra: null, content_hash: null },
      // It has neither, which would tell as much of the others.
      { email: null, amount: '30', extra: null, content_hash: null },
    ]);
    await expect(records.upsert(as('analyst'), target, row('X', {}))).rejects.toMatchObject({ code: 'forbidden' });
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
  const own: PolicyRule[] = [
    { rule: 'forbid', roles: ['employee'], actions: ['read', 'write'], record_types: ['deal'] },
    {
      rule: 'allow',
      roles: ['employee'],
      actions: ['read', 'write'],
      record_types: ['deal'],
      rows: { field: '$owner.team', operator: 'eq', values: [{ principal: 'team' }] },
    },
  ];

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
      (async function* () {
        yield { kind: 'rows', target, rows: [row('D', { owner: 'ada' }), row('E', { owner: 'bob' })] };
      })(),
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
});

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
  const itemsOf = async function* (...items: readonly ImportItem[]) {
    yield* items;
  };
  const imported = async (call: Call, ...items: readonly ImportItem[]) =>
    (await harness.catalog.imports.start(call, { name: 'x', kind: 'singer' }, itemsOf(...items))).finished;

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
    expect(await imported(admin, activate)).toMatchObject({ deletedByVersion: 2 });
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
    (async function* () {
      yield { kind: 'rows', target, rows: [row('H', { name: 'mine' })] };
    })(),
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

describe('what is masked for a writer', () => {
  const forbidden = { code: 'forbidden' };

  test('is not told by a patch that no longer fits, since the type has become stricter', async () => {
    const { records, as, admin } = await sellers();
    const loans = { recordType: 'loan', sourceSystem: 'bank' };
    const define = (secret: JsonObject) =>
      harness.catalog.recordTypes.define(admin, 'loan', {
        type: 'object',
        properties: { title: { type: 'string', maxLength: 20 }, secret },
      });
    await define({ type: 'string' });
    await records.upsert(admin, loans, row('L', { title: 't', secret: 'TOPSECRET' }));
    const { id } = await records.getByKey(admin, loans, 'L');
    await define({ type: 'string', maxLength: 5 });
    const refused = async (call: Call, fields: JsonObject) => {
      const refusal = await records.patch(call, 'loan', id, fields).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: 'row_rejected' });
      return refusal;
    };
    const told = (column: string, value: string) => ({
      details: { errors: expect.arrayContaining([expect.objectContaining({ column, value })]) },
    });
    expect(await refused(admin, { title: 'u' })).toMatchObject(told('secret', 'TOPSECRET'));
    const nothingTold = async (call: Call) => {
      const refusal = await refused(call, { title: 'a title that is longer than it may be' });
      expect(refusal).toMatchObject(told('title', 'a title that is longer than it may be'));
      expect(JSON.stringify([refusal, String(refusal)])).not.toContain('TOPSECRET');
      // What the caller sets is told as it is.
      expect(await refused(call, { secret: 'too long' })).toMatchObject(told('secret', 'too long'));
    };
    const rule = { roles: ['employee'], record_types: ['loan'] } satisfies Partial<PolicyRule>;
    await harness.auth.policies.replace(admin, [{ rule: 'mask', ...rule, fields: ['secret'] }]);
    await nothingTold(as('employee', 'ada'));
    // Who may write but not read is told of nothing that is stored.
    await harness.auth.policies.replace(admin, [{ rule: 'forbid', ...rule, actions: ['read'] }]);
    await nothingTold(as('employee', 'ada'));
  });

  test('is judged by records that an employee or a manager does not write', async () => {
    const { records, as, admin } = await sellers();
    const users = { recordType: 'user', sourceSystem: 'crm' };
    const { id } = await records.getByKey(admin, users, 'ada');
    for (const call of [as('employee', 'ada'), as('manager', 'ada')]) {
      await expect(records.patch(call, 'user', id, { team: 'West' })).rejects.toMatchObject(forbidden);
      await expect(records.upsert(call, users, row('ada', { team: 'West' }))).rejects.toMatchObject(forbidden);
    }
    expect(await records.patch(as('executive', 'ada'), 'user', id, { team: 'North' })).toMatchObject({ updated: 1 });
  });

  test('stays masked whatever is written of the record, in any way, and the refusal is audited', async () => {
    const { records, as, admin } = await sellers();
    const { imports, deadLetters } = harness.catalog;
    const ada = as('employee', 'ada');
    const { id } = await records.getByKey(admin, target, 'B');
    const taken = row('B', { name: 'b', owner: 'ada' });
    const refusal = { code: 'forbidden', details: { action: 'write', object: 'record:deal', fields: ['amount', 'extra'] } };
    await expect(records.patch(ada, 'deal', id, { owner: 'ada' })).rejects.toMatchObject(refusal);
    await expect(records.upsert(ada, target, taken)).rejects.toMatchObject(refusal);
    await expect(records.upsertMany(ada, target, [row('A', { owner: 'ada' }), taken])).rejects.toMatchObject(refusal);
    const rowsOf = async function* (rows: readonly ReturnType<typeof row>[]) {
      yield { kind: 'rows' as const, target, rows };
    };
    const { finished } = await imports.start(ada, { name: 'x', kind: 'file' }, rowsOf([taken]));
    await expect(finished).rejects.toMatchObject(refusal);
    const rejected = await records.upsertMany(ada, target, [row('B', { owner: 'ada', amount: 'none' })]);
    expect(rejected).toMatchObject({ rejected: 1 });
    const [letter] = (await deadLetters.list(ada)).items;
    await deadLetters.repair(ada, letter?.id as string, { source_id: 'B', fields: { owner: 'ada', amount: '1' } });
    await expect(deadLetters.replay(ada, {})).rejects.toMatchObject(refusal);
    await records.delete(ada, 'deal', id);
    await expect(records.upsert(ada, target, taken)).rejects.toMatchObject(refusal);
    await expect(records.history(ada, 'deal', id)).resolves.toMatchObject({
      items: [{ data: { amount: null } }, { data: { amount: null } }],
    });

    const { entries } = await harness.auth.audit.list(admin, { principal: 'key:employee', result: 'forbidden' });
    expect(entries.map(({ action, object }) => `${action} ${object.replace(/^import:.*/, 'import')}`).reverse()).toEqual([
      `write record:deal/${id}`,
      'write record:deal/crm/B',
      'write record:deal',
      'import.fail import',
      'dead_letter.replay dead_letters',
      'write record:deal/crm/B',
    ]);
  });

  test('stays masked when the type drops the field, in the record, its history and the feed, and whatever is written of it', async () => {
    const { records, as, admin } = await sellers();
    const ada = as('employee', 'ada');
    const loans = { recordType: 'loan', sourceSystem: 'bank' };
    const define = (...names: readonly string[]) =>
      harness.catalog.recordTypes.define(admin, 'loan', {
        type: 'object',
        properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
      });
    await define('title', 'secret');
    await records.upsert(admin, loans, row('L', { title: 't', secret: 'first' }));
    await records.upsert(admin, loans, { ...row('L', { title: 't', secret: 'TOPSECRET' }), original: { secret: 'first ' } });
    await harness.auth.policies.replace(admin, [{ rule: 'mask', roles: ['employee'], record_types: ['loan'], fields: ['secret'] }]);
    const { id, data } = await records.getByKey(ada, loans, 'L');
    expect(data).toEqual({ title: 't', secret: null });
    await define('title');
    const seen = async (call: Call) => {
      const feed = await harness.catalog.events(call, { recordTypes: ['loan'] });
      const history = await records.history(call, 'loan', id);
      return JSON.stringify([(await records.get(call, 'loan', id)).data, history.items, feed.events]);
    };
    expect((await records.get(ada, 'loan', id)).data).toEqual({ title: 't', extra: null });
    expect(await seen(ada)).not.toMatch(/TOPSECRET|first|secret/);
    expect(await seen(admin)).toMatch(/TOPSECRET/);
    await records.patch(ada, 'loan', id, { title: 'u' });
    expect((await records.get(ada, 'loan', id)).data).toEqual({ title: 'u', extra: null });
    expect(await seen(ada)).not.toMatch(/TOPSECRET|first|secret/);
    expect((await records.get(admin, 'loan', id)).data).toEqual({ title: 'u', extra: { secret: 'TOPSECRET' } });
  });

  test('stays masked in what is made of a rejected row, also step by step, and the refusal is audited', async () => {
    const { records, as, admin } = await sellers();
    const { deadLetters } = harness.catalog;
    const ada = as('employee', 'ada');
    const theirs = { amount: '8881.10', odd: 'odd l', nothing: null, close_date: 'then', owner: 'bob' };
    await records.upsertMany(admin, target, [row('L', theirs)]);
    const [{ id = '' } = {}] = (await deadLetters.list(ada)).items;
    const repair = (fields: JsonObject, common: JsonObject = {}) => deadLetters.repair(ada, id, { source_id: 'L', fields, ...common });
    const refusal = { code: 'forbidden', details: { action: 'write', object: 'record:deal', fields: ['amount', 'odd'] } };
    const lifting: JsonObject[] = [
      { owner: 'ada', close_date: '2017-01-01' },
      // What the type trims, and another way to say it.
      { owner: ' ada ', close_date: '2017-01-01' },
      { owner: { source_system: 'crm', source_id: 'ada' } },
      // It makes no record yet, but would with the next repair.
      { owner: 'ada', close_date: 'then' },
    ];
    for (const fields of lifting) {
      await expect(repair(fields)).rejects.toMatchObject(refusal);
      await expect(repair(fields, { deleted: true })).rejects.toMatchObject(refusal);
    }
    await expect(repair({ owner: 'ada', amount: '1' })).rejects.toMatchObject({ ...refusal, details: { fields: ['odd'] } });
    const { entries } = await harness.auth.audit.list(admin, { principal: 'key:employee', result: 'forbidden' });
    expect(new Set(entries.map(({ action, object }) => `${action} ${object}`))).toEqual(new Set([`dead_letter.repair dead_letter:${id}`]));
    expect((await deadLetters.get(admin, id)).row.fields).toEqual(theirs);

    await repair({ owner: 'nobody', close_date: '2017-01-01' });
    await expect(repair({ owner: 'ada', close_date: '2017-01-01' })).rejects.toMatchObject(refusal);
    expect(await deadLetters.replay(ada, {})).toMatchObject({ created: 1 });
    expect((await records.getByKey(ada, target, 'L')).data).toMatchObject({ amount: null, extra: null });
    expect((await records.getByKey(admin, target, 'L')).data).toMatchObject({ amount: '8881.1', extra: { odd: 'odd l' } });
  });

  test('is what a repair did not see: rejected rows of the own, values of one’s own and whatever decides nothing are repaired', async () => {
    const { records, as, admin } = await sellers();
    const { deadLetters } = harness.catalog;
    const ada = as('employee', 'ada');
    const rejected = (id: string, owner: string) => row(id, { amount: '5', close_date: 'then', owner });
    await records.upsertMany(admin, target, [rejected('own', 'ada'), rejected('set', 'bob'), rejected('left', 'bob')]);
    const [own, set, left] = (await deadLetters.list(ada)).items.map(({ id }) => id) as [string, string, string];
    const repair = (id: string, name: string, fields: JsonObject) =>
      deadLetters.repair(ada, id, { source_id: name, fields: { close_date: '2017-01-01', ...fields } });
    await repair(own, 'own', { owner: 'ada' });
    await repair(set, 'set', { owner: 'ada', amount: '7' });
    await repair(left, 'left', { owner: 'bob' });
    expect(await deadLetters.replay(ada, {})).toMatchObject({ created: 3 });
    const amount = async (id: string) => (await records.getByKey(ada, target, id)).data.amount;
    expect([await amount('own'), await amount('set'), await amount('left')]).toEqual(['5', '7', null]);
  });

  test('is held by any condition of a rule, and a row that could not be read is shown to nobody as unknown fields', async () => {
    const { records, as, admin } = await sellers();
    const { deadLetters, imports } = harness.catalog;
    const ada = as('employee', 'ada');
    const concerned = { roles: ['employee'], record_types: ['deal'], fields: ['source'] } satisfies Partial<PolicyRule>;
    const is = (field: string, value: string) => ({ field, operator: 'eq' as const, values: [value] });
    await harness.auth.policies.replace(admin, [
      { rule: 'unmask', roles: ['employee'], record_types: ['deal'] },
      { rule: 'mask', ...concerned },
      { rule: 'unmask', ...concerned, rows: { and: [{ or: [is('stage', 'won'), is('stage', 'done')] }, { not: is('source_id', 'M') }] } },
    ]);
    await records.upsertMany(admin, target, [row('M', { source: 'told', close_date: 'then', stage: 'new' })]);
    const raw = 'N,told,"then';
    const unread = { line: 2, fields: { extra: { raw } }, errors: [{ line: 2, code: 'invalid_csv', message: raw, value: raw }] };
    const items = async function* (): AsyncGenerator<ImportItem> {
      yield { kind: 'rows', target, rows: [unread] };
    };
    await (await imports.start(admin, { name: 'x', kind: 'file' }, items())).finished;
    const [judged, whole] = (await deadLetters.list(ada)).items.map(({ id }) => id) as [string, string];
    const repair = (id: string, name: string, fields: JsonObject) => deadLetters.repair(ada, id, { source_id: name, fields });
    expect(await repair(judged, 'M', { stage: 'won' })).toMatchObject({ state: 'repaired' });
    await expect(repair(judged, 'N', { stage: 'won' })).rejects.toMatchObject({ code: 'forbidden', details: { fields: ['source'] } });
    await expect(repair(whole, 'N', { name: 'n' })).rejects.toMatchObject({ code: 'forbidden', details: { fields: ['extra'] } });
    await repair(whole, 'N', { name: 'n', extra: {} });
    expect(await deadLetters.replay(ada, {})).toMatchObject({ created: 2 });
    expect((await records.getByKey(admin, target, 'N')).data).toEqual({ name: 'n' });
  });

  test('may be written where it stays masked, and so may what is new or the own', async () => {
    const { records, as, admin } = await sellers();
    const ada = as('employee', 'ada');
    const { id } = await records.getByKey(admin, target, 'B');
    const { id: mine } = await records.getByKey(admin, target, 'A');
    expect(await records.patch(ada, 'deal', id, { name: 'better' })).toMatchObject({ updated: 1 });
    expect(await records.patch(ada, 'deal', mine, { name: 'mine' })).toMatchObject({ updated: 1 });
    expect(await records.upsertMany(ada, target, [])).toMatchObject({ created: 0 });
    expect(await records.upsert(ada, target, row('D', { owner: 'ada', amount: '5' }))).toMatchObject({ created: 1 });
    const several = [row('E', { owner: 'ada' }), row('B', { name: 'best', owner: 'bob' })];
    expect(await records.upsertMany(ada, target, several)).toMatchObject({ created: 1, updated: 1 });
    expect(await records.patch(ada, 'deal', mine, { owner: 'bob' })).toMatchObject({ updated: 1 });
    expect((await records.get(ada, 'deal', mine)).data.amount).toBeNull();
  });
});

test('every access is audited with its rows', async () => {
  const { records, admin } = await sellers();
  const { id } = await records.getByKey(admin, target, 'A');
  await records.get(admin, 'deal', id);
  await records.list(admin, 'deal');
  await records.history(admin, 'deal', id);
  await harness.catalog.sources(admin);
  await harness.catalog.events(admin);
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
      `write record:deal/${id} 1`,
      `delete record:deal/${id} 1`,
    ]),
  );
});
