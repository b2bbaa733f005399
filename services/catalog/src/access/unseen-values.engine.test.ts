import type { Call, JsonObject, PolicyRule } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WriteTarget } from '../catalog.ts';
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
type Row = ReturnType<typeof row> & { readonly deleted?: boolean; readonly source_version?: string };

describe('what a record masks for whoever writes it as a whole', () => {
  /** Every way to write whole rows. */
  const ways = {
    'as one row': async (call: Call, rows: readonly Row[]) => {
      for (const each of rows) await harness.catalog.records.upsert(call, target, each);
    },
    'among rows': (call: Call, rows: readonly Row[]) => harness.catalog.records.upsertMany(call, target, rows),
    'by an import': async (call: Call, rows: readonly Row[]) => {
      const items = importStream({ kind: 'rows', target, rows });
      await (await harness.catalog.imports.start(call, { name: 'x', kind: 'file' }, items)).finished;
    },
    'by a rejected row that is replayed': async (call: Call, rows: readonly Row[]) => {
      const { records, deadLetters } = harness.catalog;
      for (const each of rows) {
        await records.upsertMany(call, target, [{ ...each, fields: { ...each.fields, close_date: 'then' } }]);
        const [{ id = '' } = {}] = (await deadLetters.list(call)).items;
        await deadLetters.repair(call, id, each);
        await deadLetters.replay(call, { ids: [id] });
      }
    },
  };

  test.each(Object.entries(ways))('is kept where the row is sent back as it was read, %s', async (_way, write) => {
    const { records, as, admin } = await sellers();
    const ada = as('employee', 'ada');
    const before = await records.getByKey(admin, target, 'B');
    const { data } = await records.getByKey(ada, target, 'B');
    expect(data).toMatchObject({ amount: null, extra: null });
    await write(ada, [row('B', data)]);
    expect(await records.getByKey(admin, target, 'B')).toEqual(before);
    await write(ada, [row('B', { ...data, stage: 'won' })]);
    const after = await records.getByKey(admin, target, 'B');
    expect(after).toMatchObject({ version: 2, data: { ...before.data, stage: 'won' } });
    // As if it had been written by who sees all.
    expect(await records.upsert(admin, target, row('B', after.data))).toMatchObject({ unchanged: 1 });
    const [, { previous } = {}] = (await records.history(admin, 'deal', after.id)).items;
    expect(previous).toEqual({ stage: null });
    // Of which it is unknown whose it is.
    await write(ada, [row('C', { name: 'd' })]);
    expect((await records.getByKey(admin, target, 'C')).data).toEqual({ name: 'd', amount: '30' });
  });

  test('is what the row says of it, where that is a value; a patch clears it', async () => {
    const { records, as, admin } = await sellers();
    const ada = as('employee', 'ada');
    const theirs = { name: 'b', owner: 'bob', owner_email: 'bob@example.com' };
    const stored = async () => (await records.getByKey(admin, target, 'B')).data;
    await records.upsert(ada, target, row('B', { ...theirs, amount: '5', extra: { note: 'n' }, even: 1 }));
    expect(await stored()).toEqual({ ...theirs, amount: '5', extra: { odd: 'odd b', note: 'n', even: 1 } });
    await records.upsert(ada, target, row('B', { ...theirs, odd: 'said', extra: { even: null } }));
    expect(await stored()).toEqual({ ...theirs, amount: '5', extra: { odd: 'said', note: 'n', even: 1 } });
    const { id } = await records.getByKey(admin, target, 'B');
    await records.patch(ada, 'deal', id, { amount: null, extra: null });
    expect(await stored()).toEqual(theirs);
  });

  test('is what the row says of it, where the record shows it or the writer sees all', async () => {
    const { records, as, admin } = await sellers();
    const clears = async (call: Call, id: string, owner: string) => {
      await records.upsertMany(call, target, [row(id, { owner })]);
      expect((await records.getByKey(admin, target, id)).data).toEqual({ owner });
    };
    await clears(as('employee', 'ada'), 'A', 'ada');
    await clears(as('executive'), 'B', 'bob');
  });

  test('is kept from row to row of one key, until a deletion', async () => {
    const { records, as, admin } = await sellers();
    const ada = as('employee', 'ada');
    const named = (name: string, fields: JsonObject = {}) => row('B', { owner: 'bob', name, ...fields });
    const older = { ...named('older', { amount: '7' }), source_version: '1' };
    const rows = [{ ...named('first'), source_version: '2' }, older, named('second'), named('third', { amount: '5' }), named('fourth')];
    expect(await records.upsertMany(ada, target, rows)).toMatchObject({ updated: 4, stale: 1 });
    const { id, data } = await records.getByKey(admin, target, 'B');
    expect(data).toEqual({ owner: 'bob', name: 'fourth', amount: '5', extra: { odd: 'odd b' } });
    const amounts = (await records.history(admin, 'deal', id)).items.map((version) => version.data?.amount);
    expect(amounts).toEqual(['20', '20', '20', '5', '5']);
    await records.upsertMany(ada, target, [{ ...named('gone'), deleted: true }, named('again')]);
    expect((await records.getByKey(admin, target, 'B')).data).toEqual({ owner: 'bob', name: 'again' });
    await records.upsert(ada, target, { ...named('gone'), deleted: true });
    expect((await records.history(admin, 'deal', id)).items.at(-1)).toMatchObject({ kind: 'record.deleted', previous: {} });
  });

  test('is kept also where a mask holds in every row, of each type of an import, and when another makes the record meanwhile', async () => {
    const { records, as, admin, defineLoans } = await sellers();
    await defineLoans('title');
    const rule = { rule: 'mask', roles: ['executive'] } as const satisfies Partial<PolicyRule>;
    await harness.auth.policies.replace(admin, [
      { ...rule, record_types: ['deal'], fields: ['stage'] },
      { ...rule, record_types: ['product'], fields: ['list_price'] },
    ]);
    const executive = as('executive');
    const products: WriteTarget = { recordType: 'product', sourceSystem: 'crm' };
    await records.upsert(admin, products, row('P', { name: 'p', list_price: '3' }));
    await records.upsert(admin, target, row('B', { name: 'b', stage: 'won' }));
    const items = importStream(
      { kind: 'rows', target: products, rows: [row('P', { name: 'q' }), row('Q', { name: 'new' })] },
      { kind: 'rows', target, rows: [row('B', { name: 'c' })] },
      // Of which nothing is masked.
      { kind: 'rows', target: loans, rows: ['K', 'L', 'M', 'N'].map((id) => row(id, { title: 't' })) },
    );
    await (await harness.catalog.imports.start(executive, { name: 'x', kind: 'file' }, items)).finished;
    expect((await records.getByKey(admin, products, 'P')).data).toEqual({ name: 'q', list_price: '3' });
    expect((await records.getByKey(admin, target, 'B')).data).toEqual({ name: 'c', stage: 'won' });
    expect((await records.list(admin, 'loan')).items.map(({ data }) => data)).toEqual(Array(4).fill({ title: 't' }));
    const both = [
      records.upsert(admin, target, row('N', { name: 'n', stage: 'won' })),
      ...Array.from({ length: 8 }, (_, index) => records.upsert(executive, target, row('N', { name: `m${index}` }))),
    ];
    await Promise.all(both);
    const { id } = await records.getByKey(admin, target, 'N');
    const { items: versions } = await records.history(admin, 'deal', id);
    const first = versions.findIndex(({ data }) => data?.stage === 'won');
    expect(versions.slice(first).every(({ data }) => data?.stage === 'won')).toBe(true);
  });

  test('is what a required field of the row has, where the record has a value; else the field is missing', async () => {
    const { records, as, admin } = await sellers();
    const ada = as('employee', 'ada');
    const text = { type: 'string' };
    const properties = { title: text, secret: text, name: text };
    await harness.catalog.recordTypes.define(admin, 'loan', { type: 'object', properties, required: ['secret', 'name'] });
    const hidden = { field: 'name', operator: 'eq' as const, values: ['n'] };
    const rule: PolicyRule = { rule: 'mask', roles: ['employee'], record_types: ['loan'], fields: ['secret'], rows: hidden };
    await harness.auth.policies.replace(admin, [rule]);
    await records.upsertMany(admin, loans, [row('L', { title: 'l', secret: 's', name: 'n' }), row('S', { secret: 's', name: 'shown' })]);
    const { data } = await records.getByKey(ada, loans, 'L');
    expect(data).toMatchObject({ secret: null });
    expect(await records.upsert(ada, loans, row('L', { ...data, title: 'm' }))).toMatchObject({ updated: 1 });
    const missing = { code: 'missing_field', column: 'secret' };
    const sent = [row('L', { ...data, title: 'o' }), row('S', { name: 'shown' }), row('N', { name: 'new' }), row('O', { title: 'p' })];
    const rows = sent.map((each, index) => ({ ...each, line: index + 1 }));
    const unnamed = { code: 'missing_field', column: 'name' };
    const errors = [missing, missing, unnamed, missing];
    expect(await records.upsertMany(ada, loans, rows)).toMatchObject({ updated: 1, rejected: 3, errors });
    const items = importStream({ kind: 'rows', target: loans, rows });
    const { finished } = await harness.catalog.imports.start(ada, { name: 'x', kind: 'file' }, items);
    expect(await finished).toMatchObject({ state: 'finished', read: 4, unchanged: 1, rejected: 3 });
    expect((await records.getByKey(admin, loans, 'L')).data).toEqual({ title: 'o', secret: 's', name: 'n' });
    const before = (await harness.catalog.deadLetters.list(admin, { recordType: 'loan' })).items.length;
    const refused = { code: 'row_rejected', details: { errors: [missing] } };
    await expect(records.upsert(ada, loans, row('P', { name: 'n' }))).rejects.toMatchObject(refused);
    const { items: letters } = await harness.catalog.deadLetters.list(admin, { recordType: 'loan' });
    expect(letters.length).toBe(before + 1);
    const { entries } = await harness.auth.audit.list(admin, { principal: ada.principal.id, result: 'row_rejected' });
    expect(entries).toMatchObject([{ action: 'write', object: 'record:loan/bank/P', rows: 1 }]);
    // Who sees all says all.
    await expect(records.upsert(admin, loans, row('L', { ...data }))).rejects.toMatchObject(refused);
  });

  test('is kept under the names that the type has dropped, and no more than a record may have', async () => {
    const { records, as, admin, defineLoans } = await sellers();
    const ada = as('employee', 'ada');
    await defineLoans('title', 'secret', 'other');
    await harness.auth.policies.replace(admin, [{ rule: 'mask', roles: ['employee'], record_types: ['loan'], fields: ['secret'] }]);
    await records.upsert(admin, loans, row('L', { title: 't', secret: 's', other: 'o' }));
    await defineLoans('title');
    await records.upsert(ada, loans, row('L', { title: 'u', other: 'said' }));
    expect((await records.getByKey(admin, loans, 'L')).data).toEqual({ title: 'u', secret: 's', extra: { other: 'said' } });
    const thousand = (tenth: number) => Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`x${tenth}.${index}`, 1]));
    for (let tenth = 0; tenth < 9; tenth += 1) await records.upsert(ada, loans, row('L', { title: 'u', ...thousand(tenth) }));
    const full = await records.getByKey(admin, loans, 'L');
    expect(Object.keys(full.data.extra ?? {}).length).toBe(9_001);
    // Whatever names the record has already.
    const many = thousand(8);
    const refused = { code: 'row_rejected', details: { errors: [{ line: 1, code: 'too_many_fields', column: 'extra' }] } };
    await expect(records.upsert(ada, loans, row('L', many))).rejects.toMatchObject(refused);
    const among = [row('K', { title: 'k' }), row('L', many), row('N', { title: 'n' })];
    expect(await records.upsertMany(ada, loans, among)).toMatchObject({ created: 2, rejected: 1, errors: refused.details.errors });
    const items = importStream({ kind: 'rows', target: loans, rows: among });
    const { finished } = await harness.catalog.imports.start(ada, { name: 'x', kind: 'file' }, items);
    expect(await finished).toMatchObject({ state: 'finished', read: 3, unchanged: 2, rejected: 1 });
    expect((await records.getByKey(admin, loans, 'L')).version).toBe(full.version);
    const wide = { code: 'row_rejected', details: { errors: [{ code: 'too_many_fields', column: 'extra' }] } };
    await expect(records.patch(admin, 'loan', full.id, { extra: { ...thousand(9) } })).rejects.toMatchObject(wide);
    await records.patch(admin, 'loan', full.id, { title: 'v' });
    await records.patch(admin, 'loan', full.id, { title: 'u', extra: null });
    expect((await records.getByKey(admin, loans, 'L')).data).toEqual({ title: 'u' });
    await records.upsert(admin, loans, row('L', { title: 'u', secret: 's', other: 'said' }));
    await defineLoans('title', 'other');
    await records.upsert(ada, loans, row('L', { title: 'v', other: 'a field', odd: 'odd' }));
    const { data } = await records.getByKey(admin, loans, 'L');
    expect(data).toEqual({ title: 'v', other: 'a field', extra: { secret: 's', odd: 'odd' } });
    await defineLoans('title', 'other', 'odd');
    await records.upsert(ada, loans, row('L', { title: 'w', odd: 'a field, too' }));
    expect((await records.getByKey(admin, loans, 'L')).data).toEqual({ title: 'w', odd: 'a field, too', extra: { secret: 's' } });
  });

  test('is not told by a patch or a row that is refused, be its names guessed or not', async () => {
    const { records, as, admin } = await sellers();
    const ada = as('employee', 'ada');
    const { id, version } = await records.getByKey(admin, target, 'B');
    const fillers = Array.from({ length: 999 }, (_, index) => [`x${index}`, 1]);
    const answer = async (name: string) => {
      const fields = { close_date: 'then', extra: Object.fromEntries([...fillers, [name, 1]]) };
      const errors = [{ code: 'invalid_date', column: 'close_date' }];
      const refused = { code: 'row_rejected', details: { errors } };
      await expect(records.patch(ada, 'deal', id, fields)).rejects.toMatchObject(refused);
      await expect(records.upsert(ada, target, row('B', { owner: 'bob', ...fields }))).rejects.toMatchObject(refused);
    };
    await answer('odd');
    await answer('even');
    expect((await records.getByKey(admin, target, 'B')).version).toBe(version);
    await records.patch(ada, 'deal', id, { extra: Object.fromEntries([...fillers, ['even', 1]]) });
    const { extra } = (await records.getByKey(admin, target, 'B')).data;
    expect(extra).toMatchObject({ odd: 'odd b', even: 1, x998: 1 });
  });

  test('is not told by how many fields a record has room for, be a name guessed or not', async () => {
    const { records, as, admin } = await sellers();
    const ada = as('employee', 'ada');
    const { id } = await records.getByKey(admin, target, 'B');
    const thousand = (name: string) => Array.from({ length: 1_000 }, (_, index) => [`${name}${index}`, 1] as const);
    for (let tenth = 0; tenth < 9; tenth += 1)
      await records.patch(admin, 'deal', id, { extra: Object.fromEntries(thousand(`y${tenth}.`)) });
    const refused = { code: 'row_rejected', details: { errors: [{ code: 'too_many_fields', column: 'extra' }] } };
    for (const guess of ['odd', 'even']) {
      const extra = Object.fromEntries([...thousand('x').slice(1), [guess, 1]]);
      await expect(records.patch(ada, 'deal', id, { extra })).rejects.toMatchObject(refused);
      await expect(records.upsert(ada, target, row('B', { owner: 'bob', extra }))).rejects.toMatchObject(refused);
    }
  });
});
