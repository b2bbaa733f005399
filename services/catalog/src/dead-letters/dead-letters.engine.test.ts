import { waitUntil, whileLocked } from '@sophia/database/testing';
import { SophiaError } from '@sophia/shared';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { target } from '../testing/deals.ts';
import { brokenChains } from '../testing/record-chains.ts';
import { rejectedRows, row } from '../testing/rejected-rows.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());
const fresh = () => rejectedRows(harness);

describe('large rejected rows', () => {
  test('make pages shorter, each of which says where the next begins', async () => {
    const { call, records, letters } = await fresh();
    const note = 'x'.repeat(990_000);
    for (let line = 1; line <= 11; line += 1) await records.upsertMany(call, target, [row(line, { amount: 'seven', note })]);
    const first = await letters.list(call, { limit: 10 });
    const second = await letters.list(call, { limit: 10, cursor: first.nextCursor ?? '' });
    expect([first.items.length, second.items.length, second.nextCursor]).toEqual([9, 2, null]);
    expect([...first.items, ...second.items].map(({ row: { source_id: id } }) => id)).toEqual(
      Array.from({ length: 11 }, (_, index) => `D-${index + 1}`),
    );
    expect(await letters.replay(call, {})).toMatchObject({ created: 0, rejected: 11 });
  });
});

describe('a rejected row', () => {
  test('is repaired and replayed into the record that it should have been', async () => {
    const { call, records, letters, importRows, workspace } = await fresh();
    const id = await importRows('deals.csv', [row(1, { amount: '5' }), row(2, { amount: 'seven', name: 'x' })]);
    const [letter] = (await letters.list(call)).items;
    expect(letter).toMatchObject({
      state: 'open',
      record_type: 'deal',
      source_system: 'crm',
      import: id,
      line: 2,
      attempts: 1,
      errors: [{ code: 'invalid_money', column: 'amount', value: 'seven' }],
      row: { source_id: 'D-2', fields: { amount: 'seven', name: 'x' } },
    });
    const key = letter?.id ?? '';
    expect(await letters.replay(call, { ids: [key] })).toMatchObject({
      created: 0,
      rejected: 1,
      errors: [{ line: 2, code: 'invalid_money' }],
    });
    expect(await letters.get(call, key)).toMatchObject({ state: 'open', attempts: 2 });

    const repaired = await letters.repair(call, key, { source_id: 'D-2', fields: { amount: '7', name: 'x' } });
    expect(repaired).toMatchObject({ state: 'repaired', row: { fields: { amount: '7' } } });
    const answer = await letters.replay(call, { import: id });
    expect(answer).toMatchObject({ created: 1, updated: 0, unchanged: 0, rejected: 0, errors: [] });
    const record = await records.getByKey(call, target, 'D-2', { after: answer.token });
    expect(record.data).toEqual({ amount: '7', name: 'x' });
    expect((await records.history(call, 'deal', record.id)).items[0]?.cause).toEqual({ request: 'request-1', import: id, line: 2 });
    expect(await letters.get(call, key)).toMatchObject({ state: 'replayed', attempts: 3 });
    expect((await letters.list(call)).items).toEqual([]);

    const closed = { code: 'dead_letter_closed' };
    await expect(letters.repair(call, key, { fields: {} })).rejects.toMatchObject(closed);
    expect(await letters.replay(call, { ids: [key] })).toMatchObject({ created: 0, unchanged: 0, rejected: 0 });
    expect(await letters.discard(call, [key])).toBe(0);
    expect(await brokenChains(harness.database, workspace.id)).toEqual([]);
  });

  test('of a type that was altered since is replayed as it is', async () => {
    const { call, letters, records } = await fresh();
    const define = (type: string) => harness.catalog.recordTypes.define(call, 'gauge', { type: 'object', properties: { size: { type } } });
    await define('integer');
    await expect(records.upsert(call, { recordType: 'gauge', sourceSystem: 'lab' }, row(1, { size: 'large' }))).rejects.toThrow();
    await define('string');
    expect(await letters.replay(call, {})).toMatchObject({ created: 1, rejected: 0 });
  });

  test('whose mapping could not read some values is rejected again until each is repaired: a unit would be lost', async () => {
    const { call, letters, importRows, records } = await fresh();
    const error = (column: string, code: string, value: string) => ({ line: 1, code, message: `${column}: expected`, column, value });
    const errors = [error('amount', 'invalid_money', '12.5'), error('stage', 'value_not_mapped', 'Someday')];
    const raw = { ...row(1, { amount: '12.5', stage: 'Someday', name: 'x' }), errors };
    const first = await importRows('deals.csv', [raw]);
    const [{ id = '' } = {}] = (await letters.list(call)).items;
    expect(await letters.replay(call, { import: first })).toMatchObject({ created: 0, rejected: 1, errors });
    expect(await letters.get(call, id)).toMatchObject({ state: 'open', attempts: 2, errors, row: { fields: raw.fields } });

    await letters.repair(call, id, { source_id: 'D-1', fields: { ...raw.fields, amount: '12500' } });
    expect(await letters.replay(call, { ids: [id] })).toMatchObject({ created: 0, rejected: 1, errors: [errors[1]] });
    expect((await letters.list(call, { code: 'value_not_mapped' })).items).toMatchObject([{ id, state: 'repaired', attempts: 3 }]);

    await letters.repair(call, id, { source_id: 'D-1', fields: { ...raw.fields, amount: '12500' } }, { confirmed: ['stage'] });
    const { token } = await letters.replay(call, { ids: [id] });
    const { data } = await records.getByKey(call, target, 'D-1', { after: token });
    expect(data).toEqual({ amount: '12500', stage: 'Someday', name: 'x' });
  });

  test('whose mapping could not read it takes the place of the same row before, also of another version of its stream', async () => {
    const { call, letters, importRows } = await fresh();
    const rejected = (column: string) => ({
      ...row(1, { amount: 'x', stage: 'y' }),
      streamVersion: 5,
      errors: [{ line: 1, code: 'value_not_mapped', message: column, column }],
    });
    await importRows('a', [rejected('amount')]);
    const second = await importRows('b', [rejected('stage')]);
    expect((await letters.list(call)).items).toMatchObject([{ import: second }]);
    expect(await letters.replay(call, {})).toMatchObject({ rejected: 1, errors: [{ column: 'stage' }] });
  });

  test('that comes again takes the place of the one before, and each import keeps its own', async () => {
    const { call, letters, importRows, records } = await fresh();
    const rows = [row(1, { amount: 'x' }, 'A'), row(2, { amount: 'x' }, 'A')];
    const first = await importRows('a.csv', rows);
    expect((await letters.list(call)).items.length).toBe(2);
    const second = await importRows('a.csv', rows);
    expect((await letters.list(call)).items.map((letter) => letter.import)).toEqual([second, second]);
    expect((await letters.list(call, { import: first, state: 'superseded' })).items.map(({ line }) => line).sort()).toEqual([1, 2]);
    await records.upsertMany(call, target, rows);
    await records.upsertMany(call, target, rows);
    const open = (await letters.list(call)).items;
    expect(open.map((letter) => letter.import)).toEqual([null, null]);
    const mended = open.map(({ id }) => id);
    for (const id of mended) await letters.repair(call, id, { source_id: 'A', fields: { amount: '1' } });
    await records.upsertMany(call, target, rows);
    expect((await letters.list(call)).items.map(({ state }) => state)).toEqual(['open', 'open']);
    for (const id of mended) expect(await letters.get(call, id)).toMatchObject({ state: 'superseded' });
  });

  test('is kept with characters that PostgreSQL cannot hold as JSON', async () => {
    const { call, letters, records } = await fresh();
    const odd = { name: 'a\u0000b', amount: '\ud800', '\u0000': 'key' };
    const answer = await records.upsertMany(call, target, [{ line: 1, source_id: 'D\u0000', fields: odd }]);
    expect(answer.rejected).toBe(1);
    const [letter] = (await letters.list(call)).items;
    expect(letter?.row).toMatchObject({ source_id: 'D\u0000', fields: odd });
    expect(await letters.repair(call, letter?.id ?? '', { source_id: 'D', fields: odd })).toMatchObject({ row: { fields: odd } });
  });
});

describe('lists', () => {
  test('choose by import, type, source, state and reason, page by page', async () => {
    const { call, letters, importRows, records } = await fresh();
    const id = await importRows('a.csv', [row(1, { amount: 'x' }), row(2, { created_on: 'x' })]);
    await records.upsertMany(call, { recordType: 'company', sourceSystem: 'erp' }, [row(3, { employees: -1 })]);
    const lines = async (selection: object) => (await letters.list(call, selection)).items.map(({ line }) => line).sort();
    expect(await lines({})).toEqual([1, 2, 3]);
    expect(await lines({ import: id })).toEqual([1, 2]);
    expect(await lines({ recordType: 'company' })).toEqual([3]);
    expect(await lines({ sourceSystem: 'crm' })).toEqual([1, 2]);
    expect(await lines({ code: 'invalid_date' })).toEqual([2]);
    expect(await lines({ state: 'replayed' })).toEqual([]);
    const first = await letters.list(call, { limit: 2 });
    expect(await lines({ limit: 2, cursor: first.nextCursor })).toEqual([3]);
    await expect(letters.list(call, { cursor: Buffer.from('["dead_letters","x"]').toString('base64url') })).rejects.toMatchObject({
      code: 'invalid_cursor',
    });
    await expect(letters.get(call, 'x')).rejects.toMatchObject({ code: 'not_found' });
    await expect(letters.get(call, '999998')).rejects.toMatchObject({ code: 'not_found' });
    await expect(letters.repair(call, '999999', { fields: {} })).rejects.toMatchObject({ code: 'not_found' });
    await harness.auth.audit.flush();
    const { entries } = await harness.auth.audit.list(call, { result: 'not_found' });
    expect(entries.map(({ action, object, rows }) => [action, object, rows]).sort()).toEqual([
      ['dead_letter.repair', 'dead_letter:999999', 0],
      ['read', 'dead_letter:999998', 0],
    ]);
  });

  test('a thousand and more are replayed, those of each import under its name', async () => {
    const { call, letters, importRows, records } = await fresh();
    const ids: string[] = [];
    for (const name of ['a.csv', 'b.csv']) {
      ids.push(
        await importRows(
          name,
          Array.from({ length: 700 }, (_, index) => row(index + 1, { amount: 'x' }, `${name}-${index}`)),
        ),
      );
    }
    await harness.database.write([call.principal.workspace], (transaction) => harness.database.query(transaction, REPAIR_ALL));
    expect(await letters.replay(call, {})).toMatchObject({ created: 1_400, rejected: 0 });
    const { id } = await records.getByKey(call, target, 'b.csv-699');
    expect((await records.history(call, 'deal', id)).items[0]?.cause).toMatchObject({ import: ids[1], line: 700 });
  });

  test('what is given up stays out of the way', async () => {
    const { call, letters, importRows } = await fresh();
    await importRows('a.csv', [row(1, { amount: 'x' }), row(2, { amount: 'x' })]);
    const ids = (await letters.list(call)).items.map(({ id }) => id);
    expect(await letters.discard(call, [...ids, 'x', '99999999'])).toBe(2);
    expect((await letters.list(call)).items).toEqual([]);
    expect((await letters.list(call, { state: 'discarded' })).items.length).toBe(2);
    expect(await letters.discard(call, ids)).toBe(0);
    const { entries } = await harness.auth.audit.list(call, { action: 'dead_letter.discard' });
    expect(entries.map(({ rows }) => rows)).toEqual([0, 2]);
  });
});

test('a letter that somebody else changes while it is replayed is judged again', async () => {
  const { call, letters, records } = await fresh();
  await records.upsertMany(call, target, [row(1, { amount: 'x' })]);
  const id = (await letters.list(call)).items[0]?.id ?? '';
  // Each repair may come between the reading and the closing of the replay.
  const repairs = (async () => {
    for (let price = 1; price <= 20; price++)
      await letters
        .repair(call, id, { source_id: 'D-1', fields: { amount: `${price}` } })
        .catch((error: unknown) => expect(error).toMatchObject({ code: 'dead_letter_closed' }));
  })();
  const replays = await Promise.allSettled(Array.from({ length: 3 }, () => letters.replay(call, { ids: [id] })));
  await repairs;
  for (const replay of replays) {
    if (replay.status === 'rejected') expect(replay.reason).toMatchObject({ code: 'unavailable' });
  }
  await letters.replay(call, { ids: [id] });
  const letter = await letters.get(call, id);
  expect(letter.state).toBe('replayed');
  // What was written is what the letter holds.
  expect((await records.getByKey(call, target, 'D-1')).data.amount).toBe(letter.row.fields.amount);
});

test.each(['its key is revoked', 'its role may no longer write'])(
  'a replay during which %s ends there, and what it wrote is audited',
  async (why) => {
    const { call, letters, importRows, workspace } = await fresh();
    const rows = Array.from({ length: 1_400 }, (_, index) => row(index + 1, { amount: 'x' }, `D-${index}`));
    await importRows('a.csv', rows);
    await harness.database.write([workspace.id], (transaction) => harness.database.query(transaction, REPAIR_ALL));
    const isRevoked = why === 'its key is revoked';
    let pages = 0;
    // Asked for each page.
    const hold = async (): Promise<void> => {
      pages += 1;
      if (pages === 1) return;
      if (isRevoked) throw new SophiaError('unauthenticated', 'The key has been revoked.');
      await harness.auth.policies.replace(call, [{ rule: 'forbid', roles: ['executive'], actions: ['write'] }]);
    };
    const { deadLetters } = await harness.another({ authentication: { hold } });
    const replayer = harness.callOf(workspace, 'executive');
    const code = isRevoked ? 'unauthenticated' : 'forbidden';
    await expect(deadLetters.replay(replayer, {})).rejects.toMatchObject({ code });
    expect((await letters.list(call, { state: 'repaired', limit: 1_000 })).items.length).toBe(400);
    const { entries } = await harness.auth.audit.list(call, { action: 'dead_letter.replay' });
    expect(entries).toMatchObject([{ principal: 'key:executive', result: 'ok', rows: 1_000 }]);
  },
);

test('a letter that is repaired while a replay has it in hand is written as it was repaired', async () => {
  const { workspace, call, letters, records } = await fresh();
  const { database } = harness;
  await records.upsert(call, target, row(1, { amount: '0' }));
  await records.upsertMany(call, target, [row(1, { amount: 'x' })]);
  const id = (await letters.list(call)).items[0]?.id ?? '';
  const repair = (amount: string) => letters.repair(call, id, { source_id: 'D-1', fields: { amount } });
  await repair('1');
  const replay = await database.write([workspace.id], async (transaction) => {
    await database.query(transaction, { name: 'test_hold_record', text: `select from record where source_id = 'D-1' for update` });
    const replaying = letters.replay(call, { ids: [id] });
    await waitUntil('the replay waits for the record', async () => {
      const [found] = await database.select<{ readonly waiting: number }>([], WAITING);
      return found?.waiting === 1;
    });
    await repair('2');
    return { replaying };
  });
  expect(await replay.value.replaying).toMatchObject({ updated: 1 });
  expect((await records.getByKey(call, target, 'D-1')).data).toEqual({ amount: '2' });
  expect(await letters.get(call, id)).toMatchObject({ state: 'replayed', row: { fields: { amount: '2' } } });
});

const REPAIR_ALL = {
  name: 'test_repair_all',
  text: `update dead_letter set payload = jsonb_set(payload::jsonb, '{fields,amount}', '"1"')::text, state = 'repaired'`,
};

const WAITING = {
  name: 'test_waiting_for_locks',
  text: `select count(*)::int as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
};

test('letters are read, repaired, discarded and replayed no longer than their caller may wait', async () => {
  const { call, letters } = await fresh();
  const brief = { ...call, deadline: 200 };
  const ends = await whileLocked(harness, 'dead_letter', () => [
    letters.list(brief),
    letters.get(brief, '1'),
    letters.repair(brief, '1', { fields: {} }),
    letters.discard(brief, ['1']),
    letters.replay(brief, {}),
  ]);
  for (const end of ends) expect(end).toMatchObject({ code: 'deadline_exceeded' });
});
