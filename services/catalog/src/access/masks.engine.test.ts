import type { Call, JsonObject, PolicyRule } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { row, target } from '../testing/deals.ts';
import { importStream } from '../testing/import-stream.ts';
import { loans, makeSellers } from '../testing/sellers.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

const sellers = () => makeSellers(harness);

describe('what is masked for a writer', () => {
  const forbidden = { code: 'forbidden' };

  test('is not told by a patch that no longer fits, since the type has become stricter', async () => {
    const { records, as, admin } = await sellers();
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
    const { finished } = await imports.start(ada, { name: 'x', kind: 'file' }, importStream({ kind: 'rows', target, rows: [taken] }));
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

  test.each([
    { rule: 'that names the type', concerned: { record_types: ['loan'] } },
    { rule: 'that names no types', concerned: {} },
  ])(
    'stays masked by a rule $rule when it drops the field: in record, history and feed, whatever is written of it',
    async ({ concerned }) => {
      const { records, as, admin, defineLoans } = await sellers();
      const ada = as('employee', 'ada');
      await defineLoans('title', 'secret');
      await records.upsert(admin, loans, row('L', { title: 't', secret: 'first' }));
      await records.upsert(admin, loans, { ...row('L', { title: 't', secret: 'TOPSECRET' }), original: { secret: 'first ' } });
      await harness.auth.policies.replace(admin, [{ rule: 'mask', roles: ['employee'], fields: ['secret'], ...concerned }]);
      const { id, data } = await records.getByKey(ada, loans, 'L');
      expect(data).toEqual({ title: 't', secret: null });
      await defineLoans('title');
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
    },
  );

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
    const items = importStream({ kind: 'rows', target, rows: [unread] });
    await (await imports.start(admin, { name: 'x', kind: 'file' }, items)).finished;
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
    // Its deletion came before it.
    await records.upsert(admin, target, row('F', {}, { source_version: 1, deleted: true }));
    expect(await records.upsert(ada, target, row('F', { owner: 'ada' }, { source_version: 2 }))).toMatchObject({ created: 1 });
    const several = [row('E', { owner: 'ada' }), row('B', { name: 'best', owner: 'bob' })];
    expect(await records.upsertMany(ada, target, several)).toMatchObject({ created: 1, updated: 1 });
    expect(await records.patch(ada, 'deal', mine, { owner: 'bob' })).toMatchObject({ updated: 1 });
    expect((await records.get(ada, 'deal', mine)).data.amount).toBeNull();
  });
});
