import type { IncomingRow, RecordId } from '@sophia/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { idOf, row, target } from '../testing/deals.ts';
import { makeSellersOfTeams } from '../testing/sellers.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());
const fresh = () => harness.fresh();

test('an erasure blanks record, history and dead letters, and says why', async () => {
  const { call, records, deadLetters, workspace } = await fresh();
  const said = { business_priority: 'high', occurred_at: '2017-01-05T00:00:00Z' };
  const id = idOf(await records.upsert(call, target, row('D-1', { name: 'secret one' }, said)));
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
  const erased = await records.list(call, 'deal', { deleted: 'include' });
  expect(erased.items).toMatchObject([{ id, data: {}, business_priority: null, occurred_at: null }]);
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

test('an erasure of a user ends at once what its principals see by what it said', async () => {
  const { sees, records, admin } = await makeSellersOfTeams(harness);
  expect(await sees('ada')).toEqual(['A']);
  const { id } = await records.getByKey(admin, { recordType: 'user', sourceSystem: 'crm' }, 'ada');
  await records.erase(admin, 'user', id, 'asked by the person');
  await expect(sees('ada')).rejects.toMatchObject({ code: 'forbidden' });
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
