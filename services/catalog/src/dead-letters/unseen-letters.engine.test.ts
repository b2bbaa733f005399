import type { Call, JsonObject } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { row, target } from '../testing/deals.ts';
import { importStream } from '../testing/import-stream.ts';
import { loans, makeSellers } from '../testing/sellers.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

type Rows = readonly ReturnType<typeof row>[];

describe('a rejected row of somebody for whom its record masks something, replayed by somebody who sees all', () => {
  const ways = {
    'as one row': async (call: Call, rows: Rows) => {
      for (const each of rows)
        await expect(harness.catalog.records.upsert(call, target, each)).rejects.toMatchObject({ code: 'row_rejected' });
    },
    'among rows': (call: Call, rows: Rows) => harness.catalog.records.upsertMany(call, target, rows),
    'by an import': async (call: Call, rows: Rows) => {
      const items = importStream({ kind: 'rows', target, rows });
      await (await harness.catalog.imports.start(call, { name: 'x', kind: 'file' }, items)).finished;
    },
  };
  const sendBack = async (write: (typeof ways)[keyof typeof ways] = ways['among rows']) => {
    const { workspace, records, as, admin, defineLoans } = await makeSellers(harness);
    const stored = async () => (await records.getByKey(admin, target, 'B')).data;
    const before = await stored();
    const { data } = await records.getByKey(as('employee', 'ada'), target, 'B');
    await write(as('employee', 'ada'), [row('B', { ...data, close_date: 'then' })]);
    const { deadLetters } = harness.catalog;
    const [{ id = '', row: sent = null } = {}] = (await deadLetters.list(admin)).items;
    const repaired = { source_id: 'B', fields: { ...sent?.fields, close_date: '2017-02-03' } };
    return { workspace, admin, as, before, data, id, repaired, sent, stored, defineLoans };
  };
  const { list, repair, replay } = {
    list: (...given: Parameters<CatalogHarness['catalog']['deadLetters']['list']>) => harness.catalog.deadLetters.list(...given),
    repair: (...given: Parameters<CatalogHarness['catalog']['deadLetters']['repair']>) => harness.catalog.deadLetters.repair(...given),
    replay: (...given: Parameters<CatalogHarness['catalog']['deadLetters']['replay']>) => harness.catalog.deadLetters.replay(...given),
  };

  test.each(Object.entries(ways))('keeps what they did not see, %s', async (_way, write) => {
    const { admin, before, id, repaired, sent, stored } = await sendBack(write);
    expect(sent).toEqual({ source_id: 'B', fields: expect.objectContaining({ amount: null, extra: null }) });
    await repair(admin, id, repaired);
    expect(await replay(admin, { recordType: 'deal' })).toMatchObject({ updated: 1 });
    expect(await stored()).toEqual({ ...before, close_date: '2017-02-03' });
  });

  test('has what a repair gives, and nothing where the repair is confirmed to mean that', async () => {
    const { admin, before, id, repaired, stored } = await sendBack();
    await repair(admin, id, { ...repaired, fields: { ...repaired.fields, amount: '7' } });
    await replay(admin, { ids: [id] });
    expect(await stored()).toEqual({ ...before, amount: '7', close_date: '2017-02-03' });
    const again = await sendBack();
    await repair(again.admin, again.id, again.repaired, { confirmed: ['amount'] });
    // What was confirmed holds for a later repair, and nobody confirms what is masked for them.
    await repair(again.as('employee', 'ada'), again.id, again.repaired, { confirmed: ['extra', 'amount'] });
    await repair(again.admin, again.id, again.repaired, { confirmed: ['amount'] });
    await replay(again.admin, { ids: [again.id] });
    const { amount: _, ...others } = again.before;
    expect(await again.stored()).toEqual({ ...others, close_date: '2017-02-03' });
  });

  test('keeps it also where the letter is of a version that did not say what its writer saw', async () => {
    const { workspace, admin, before, id, repaired, stored } = await sendBack();
    const text = "update dead_letter set payload = payload::jsonb - 'unseen' where id = $1::bigint";
    await harness.database.write([workspace.id], (transaction) =>
      harness.database.query(transaction, { name: 'test_forget_unseen', text }, [id]),
    );
    await repair(admin, id, repaired);
    await replay(admin, { ids: [id] });
    expect(await stored()).toEqual({ ...before, close_date: '2017-02-03' });
  });

  test('where whoever sent it sees all, it means what it gives', async () => {
    const { admin, stored } = await sendBack();
    await harness.catalog.records.upsertMany(admin, target, [row('B', { owner: 'bob', close_date: 'then' })]);
    const letter = (await list(admin)).items.at(-1);
    await repair(admin, letter?.id ?? '', { source_id: 'B', fields: { owner: 'bob' } });
    await replay(admin, { ids: [letter?.id ?? ''] });
    expect(await stored()).toEqual({ owner: 'bob' });
  });

  test('is written where its record has what it lacks, and stays a letter where the record has not; the others of its replay are written', async () => {
    const { admin, as } = await sendBack();
    const { records, recordTypes } = harness.catalog;
    const ada = as('employee', 'ada');
    const text = { type: 'string' };
    const properties = { title: text, secret: text, day: { type: 'string', format: 'date' } };
    await recordTypes.define(admin, loans.recordType, { type: 'object', properties, required: ['secret'] });
    await harness.auth.policies.replace(admin, [{ rule: 'mask', roles: ['employee'], record_types: ['loan'], fields: ['secret'] }]);
    await records.upsertMany(admin, loans, [row('L', { title: 'l', secret: 's' })]);
    const sent: readonly [string, JsonObject][] = [
      ['M', { title: 'm' }],
      ['L', { title: 'n', secret: null }],
    ];
    await records.upsertMany(
      ada,
      loans,
      sent.map(([id, fields]) => row(id, { ...fields, day: 'then' })),
    );
    const ofLoans = { recordType: 'loan' };
    for (const { id, row: letter } of (await list(admin, ofLoans)).items)
      await repair(admin, id, { source_id: letter.source_id, fields: { ...letter.fields, day: null } });
    const error = { code: 'missing_field', column: 'secret' };
    expect(await replay(admin, ofLoans)).toMatchObject({ updated: 1, rejected: 1, errors: [error] });
    expect((await records.getByKey(admin, loans, 'L')).data).toEqual({ title: 'n', secret: 's' });
    expect((await list(admin, ofLoans)).items).toMatchObject([{ state: 'repaired', row: { source_id: 'M' }, errors: [error] }]);
  });
});

test('a repair keeps what its editor does not see as another repair has left it meanwhile', async () => {
  const { records, as, admin } = await makeSellers(harness);
  const letters = harness.catalog.deadLetters;
  await records.upsertMany(admin, target, [row('D', { name: 'd', amount: '5', close_date: 'then' })]);
  const [{ id = '' } = {}] = (await letters.list(admin)).items;
  const { database } = harness;
  const query = database.query.bind(database);
  /** Has somebody else repair it each time that a repair is about to be kept, so often. */
  const whileOthersRepair = async (times: number, repair: () => Promise<unknown>): Promise<unknown> => {
    let left = times;
    const repairs = vi.spyOn(database, 'query').mockImplementation(async (...given) => {
      const isOurs = given[1].name === 'catalog_repair_dead_letter' && left > 0;
      if (isOurs) {
        const before = left;
        left = 0;
        await letters.repair(admin, id, { source_id: 'D', fields: { name: 'd', amount: '7', close_date: 'then' } });
        left = before - 1;
      }
      return query(...given);
    });
    return repair().finally(() => repairs.mockRestore());
  };
  const repaired = { source_id: 'D', fields: { name: 'e', amount: null, close_date: '2017-03-01' } };
  const repair = () => letters.repair(as('employee', 'ada'), id, repaired);
  await expect(whileOthersRepair(3, repair)).rejects.toMatchObject({ code: 'unavailable', retryAfter: 1 });
  await whileOthersRepair(1, repair);
  expect((await letters.get(admin, id)).row.fields).toMatchObject({ name: 'e', amount: '7', close_date: '2017-03-01' });
});
