import { whileLocked } from '@sophia/database/testing';
import { SophiaError } from '@sophia/shared';
import { ERROR_CODES, type JsonObject, type PolicyRule, type Role } from '@sophia/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { importStream } from '../testing/import-stream.ts';
import { productImports, row, rowsItem } from '../testing/product-imports.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());
const fresh = () => productImports(harness);
const TAP_FAILED = { code: 'tap_failed', message: 'The tap ended with code 1. Its last lines: GET https://shop.example/?token=secret' };
const OTHER_FAILURE = `update import_run set failure = '{"code": "code_of_another_version", "message": "secret"}'`;
const tapFails = (): Promise<void> => Promise.reject(new SophiaError('tap_failed', TAP_FAILED.message));

test('where an import comes from and how it goes on is told to who may import or administer', async () => {
  const { imports, workspace, committed, syncs } = await fresh();
  const parameters = { path: '/home/ada/deals.csv', mapping: 'fields: {}' };
  const { id, finished } = await imports.start(
    harness.callOf(workspace),
    { name: 'x', kind: 'singer', parameters, sourceSystem: 'shop' },
    importStream(rowsItem([row(1)]), { kind: 'state', state: { at: 'P-1' } }, committed(1), tapFails),
  );
  await expect(finished).rejects.toMatchObject(TAP_FAILED);
  const read = async (role: Role) => [
    await imports.get(harness.callOf(workspace, role), id),
    (await imports.list(harness.callOf(workspace, role))).items[0],
  ];
  const told = { id, parameters, last_state: { at: 'P-1' }, failure: TAP_FAILED };
  expect(await read('admin')).toMatchObject([told, told]);
  expect(await read('employee')).toMatchObject([told, told]);
  const untoldFailure = { code: 'tap_failed', message: ERROR_CODES.tap_failed.title };
  const untold = expect.objectContaining({ id, created: 1, parameters: {}, last_state: null, failure: untoldFailure });
  expect(await read('analyst')).toEqual([untold, untold]);
  await harness.database.write([workspace.id], (transaction) =>
    harness.database.query(transaction, { name: 'test_fail_otherwise', text: OTHER_FAILURE }),
  );
  expect(await read('analyst')).toMatchObject(
    Array(2).fill({ failure: { code: 'code_of_another_version', message: 'code_of_another_version' } }),
  );
  // Events are read by all.
  await expect.poll(syncs).toMatchObject([untoldFailure]);
});

test('who neither reads nor writes any records, nor administers, is told of no import and of no event that is of no record', async () => {
  const { call, imports, run, workspace, syncs, syncsSeenBy } = await fresh();
  const { id } = await run({}, importStream(rowsItem([row(1)])));
  const as = (role: Role) => harness.callOf(workspace, role);
  await expect.poll(syncs).toHaveLength(1);
  const forbidden = { code: 'forbidden', details: { action: 'read', object: 'imports' } };
  for (const wanted of [id, 'unknown']) await expect(imports.get(as('viewer'), wanted)).rejects.toMatchObject(forbidden);
  await expect(imports.list(as('viewer'))).rejects.toMatchObject(forbidden);
  expect(await syncsSeenBy(as('viewer'))).toEqual([]);
  const told = async (role: Role) => {
    expect(await imports.get(as(role), id)).toMatchObject({ id, created: 1 });
    expect(await syncsSeenBy(as(role))).toHaveLength(1);
  };
  await told('analyst');
  // Who writes blindly follows its own imports; who administers does so whatever it may read.
  await harness.auth.policies.replace(call, [
    { rule: 'forbid', roles: ['executive'], actions: ['read'] },
    { rule: 'forbid', roles: ['admin'], actions: ['read', 'write'] },
  ]);
  await told('executive');
  await told('admin');
});

test('who sees no values in records sees none in reports', async () => {
  const { call, imports, run, workspace } = await fresh();
  const deals = { recordType: 'deal', sourceSystem: 'crm' };
  const odd = { line: 2, code: 'invalid_field_name', message: 'bonus: found "much"', column: 'bonus', value: 'much' };
  const rows = [row(1, { amount: 'much' }), row(2, {}, { errors: [odd] })];
  const { id } = await run({}, importStream({ kind: 'rows', target: deals, rows }));
  expect((await imports.get(call, id)).errors).toMatchObject([{ column: 'amount', value: 'much' }, odd]);
  const masked = await imports.get(harness.callOf(workspace, 'employee'), id);
  expect(masked.errors).toEqual([
    { line: 1, code: 'invalid_money', column: 'amount', message: 'Invalid amount' },
    { line: 2, code: 'invalid_field_name', column: 'bonus', message: ERROR_CODES.invalid_field_name.title },
  ]);
  const unread: PolicyRule = { rule: 'forbid', roles: ['executive'], actions: ['read'], record_types: ['deal'] };
  await harness.auth.policies.replace(call, [unread]);
  expect((await imports.get(harness.callOf(workspace, 'executive'), id)).errors).toEqual(masked.errors);
  // What another type calls so is not what the row meant.
  await harness.catalog.recordTypes.define(call, 'payroll', { type: 'object', properties: { bonus: { type: 'string' } } });
  expect((await imports.list(harness.callOf(workspace, 'employee'))).items[0]?.errors).toEqual(masked.errors);
});

test('who sees only some rows of a type sees the values of another in reports', async () => {
  const { call, imports, run, workspace } = await fresh();
  const rejected = (recordType: string, line: number, fields: JsonObject) => ({
    kind: 'rows' as const,
    target: { recordType, sourceSystem: 'crm' },
    rows: [row(line, fields)],
  });
  const { id } = await run({}, importStream(rejected('deal', 1, { currency: 'much' }), rejected('company', 2, { employees: 'many' })));
  const rows = { field: 'status', operator: 'eq' as const, values: ['open'] };
  await harness.auth.policies.replace(call, [
    { rule: 'forbid', roles: ['executive'], actions: ['read'], record_types: ['deal'] },
    { rule: 'allow', roles: ['executive'], actions: ['read'], record_types: ['deal'], rows },
  ]);
  const { errors } = await imports.get(harness.callOf(workspace, 'executive'), id);
  expect(errors.map(({ column, value }) => [column, value])).toEqual([
    ['currency', undefined],
    ['employees', 'many'],
  ]);
});

test('reports are read no longer than their caller may wait', async () => {
  const { call, imports } = await harness.fresh();
  const { id } = await imports.start(call, { name: 'a file', kind: 'file' }, (async function* () {})());
  const brief = { ...call, deadline: 200 };
  const ends = await whileLocked(harness, 'import_run', () => [imports.list(brief), imports.get(brief, id)]);
  for (const end of ends) expect(end).toMatchObject({ code: 'deadline_exceeded' });
});
