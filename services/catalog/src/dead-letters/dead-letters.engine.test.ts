import type { Call, JsonObject, PolicyFilter } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportItem, ImportRow, WriteTarget } from '../catalog.ts';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { brokenChains } from '../testing/record-chains.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

const target = { recordType: 'deal', sourceSystem: 'crm' };
const row = (line: number, fields: JsonObject, id = `D-${line}`) => ({ line, source_id: id, fields });

async function fresh() {
  const workspace = await harness.workspace();
  return { workspace, call: harness.callOf(workspace), records: harness.catalog.records, letters: harness.catalog.deadLetters };
}

async function importRows(call: Call, name: string, rows: readonly ImportRow[], into: WriteTarget = target): Promise<string> {
  const items = (async function* (): AsyncGenerator<ImportItem> {
    yield { kind: 'rows', target: into, rows };
  })();
  return (await (await harness.catalog.imports.start(call, { name, kind: 'file' }, items)).finished).id;
}

/** A type with one field, whose type is defined anew: what was rejected before is accepted then. */
async function measured(type: string) {
  const { call, letters, records } = await fresh();
  const target = { recordType: type, sourceSystem: 'lab' };
  return {
    call,
    letters,
    records,
    target,
    define: (size: string) => harness.catalog.recordTypes.define(call, type, { type: 'object', properties: { size: { type: size } } }),
    size: async (id: string) => (await records.getByKey(call, target, id)).data.size,
  };
}

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
    const { call, records, letters, workspace } = await fresh();
    const id = await importRows(call, 'deals.csv', [row(1, { amount: '5' }), row(2, { amount: 'seven', name: 'x' })]);
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
    const { call, letters, records } = await fresh();
    const error = (column: string, code: string, value: string) => ({ line: 1, code, message: `${column}: expected`, column, value });
    const errors = [error('amount', 'invalid_money', '12.5'), error('stage', 'value_not_mapped', 'Someday')];
    const raw = { ...row(1, { amount: '12.5', stage: 'Someday', name: 'x' }), errors };
    const first = await importRows(call, 'deals.csv', [raw]);
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
    const { call, letters } = await fresh();
    const rejected = (column: string) => ({
      ...row(1, { amount: 'x', stage: 'y' }),
      streamVersion: 5,
      errors: [{ line: 1, code: 'value_not_mapped', message: column, column }],
    });
    await importRows(call, 'a', [rejected('amount')]);
    const second = await importRows(call, 'b', [rejected('stage')]);
    expect((await letters.list(call)).items).toMatchObject([{ import: second }]);
    expect(await letters.replay(call, {})).toMatchObject({ rejected: 1, errors: [{ column: 'stage' }] });
  });

  test('that comes again takes the place of the one before, and each import keeps its own', async () => {
    const { call, letters, records } = await fresh();
    const rows = [row(1, { amount: 'x' }, 'A'), row(2, { amount: 'x' }, 'A')];
    const first = await importRows(call, 'a.csv', rows);
    expect((await letters.list(call)).items.length).toBe(2);
    const second = await importRows(call, 'a.csv', rows);
    expect((await letters.list(call)).items.map((letter) => letter.import)).toEqual([second, second]);
    expect((await letters.list(call, { import: first, state: 'superseded' })).items.map(({ line }) => line).sort()).toEqual([1, 2]);
    await records.upsertMany(call, target, rows);
    await records.upsertMany(call, target, rows);
    expect((await letters.list(call)).items.map((letter) => letter.import)).toEqual([null, null]);
  });

  test('does not take back what its record has become since, unless it is repaired', async () => {
    const type = 'level';
    const { call, letters, records, define, size, target: levels } = await measured(type);
    await define('integer');
    const wrong = (id: string, value: string) => records.upsertMany(call, levels, [row(1, { size: value }, id)]);
    await wrong('passed', 'oldest');
    await importRows(call, 'levels.csv', [row(1, { size: 'old' }, 'passed')], levels);
    await wrong('twice', 'first');
    await importRows(call, 'levels.csv', [row(1, { size: 'second' }, 'twice')], levels);
    await wrong('repaired', 'old');
    await records.upsertMany(call, levels, [row(1, { size: 7 }, 'passed'), row(2, { size: 7 }, 'repaired')]);
    await define('string');
    const [repaired] = (await letters.list(call, { recordType: type })).items.filter(({ row: { source_id } }) => source_id === 'repaired');
    await letters.repair(call, repaired?.id ?? '', { source_id: 'repaired', fields: { size: 'mended' } });

    expect(await letters.replay(call, { recordType: type })).toMatchObject({ created: 1, updated: 2, unchanged: 2, stale: 2, rejected: 0 });
    expect([await size('passed'), await size('twice'), await size('repaired')]).toEqual([7, 'second', 'mended']);
    expect((await letters.list(call, { recordType: type })).items).toEqual([]);
  });

  test('does not take back a later row of its key that was written in the same transaction, nor loses to an earlier one', async () => {
    const type = 'mark';
    const { call, letters, records, define, size, target: marks } = await measured(type);
    const rows = (batch: string) => [
      row(1, { size: 'rejected' }, `${batch} later`),
      row(2, { size: 1 }, `${batch} earlier`),
      row(3, { size: 2 }, `${batch} later`),
      row(4, { size: 'rejected' }, `${batch} earlier`),
    ];
    await define('integer');
    await records.upsertMany(call, marks, rows('array'));
    await importRows(call, 'marks.csv', rows('import'), marks);
    await define('string');

    expect(await letters.replay(call, { recordType: type })).toMatchObject({ updated: 2, unchanged: 2, stale: 2, rejected: 0 });
    expect([await size('array later'), await size('import later')]).toEqual([2, 2]);
    expect([await size('array earlier'), await size('import earlier')]).toEqual(['rejected', 'rejected']);
  });

  test('does not take back what a later row said again, though that changed nothing', async () => {
    const type = 'grade';
    const { call, letters, records, define, size, target: grades } = await measured(type);
    const again = ['alone', 'among', 'imported', 'together'];
    await define('integer');
    await records.upsertMany(
      call,
      grades,
      [...again, 'before'].map((id, index) => row(index, { size: 1 }, id)),
    );
    await records.upsertMany(call, grades, [row(1, { size: 1 }, 'before'), row(2, { size: 'rejected' }, 'before')]);
    await records.upsertMany(
      call,
      grades,
      again.filter((id) => id !== 'together').map((id, index) => row(index, { size: 'rejected' }, id)),
    );
    await records.upsert(call, grades, row(1, { size: 1 }, 'alone'));
    await records.upsertMany(call, grades, [row(1, { size: 1 }, 'among')]);
    await importRows(call, 'grades.csv', [row(1, { size: 1 }, 'imported')], grades);
    await records.upsertMany(call, grades, [row(1, { size: 'rejected' }, 'together'), row(2, { size: 1 }, 'together')]);
    await define('string');

    expect(await letters.replay(call, { recordType: type })).toMatchObject({ updated: 1, unchanged: 4, stale: 4, rejected: 0 });
    expect(await Promise.all(again.map(size))).toEqual([1, 1, 1, 1]);
    expect(await size('before')).toBe('rejected');
  });

  test('replayed after an older one of its key is not taken for the older, nor an older one for the newer', async () => {
    const type = 'weight';
    const { call, letters, records, define, size, target: weights } = await measured(type);
    await define('integer');
    await records.upsertMany(call, weights, [row(1, { size: 1 }, 'same')]);
    const rejected = ['changed', 'back', 'same'].flatMap((id) => ['first', 'second'].map((value) => ({ id, value })));
    for (const { id, value } of rejected) await records.upsertMany(call, weights, [row(1, { size: value }, id)]);
    await define('string');
    await records.upsertMany(call, weights, [row(1, { size: '1' }, 'other')]);
    const [changed1, changed2, back1, back2, same1, same2] = (await letters.list(call, { recordType: type })).items.map(({ id }) => [id]);
    const replay = (ids: readonly string[] = []) => letters.replay(call, { ids });

    expect([await replay(changed1), await replay(changed2)]).toMatchObject([{ created: 1 }, { updated: 1 }]);
    expect([await replay(back2), await replay(back1)]).toMatchObject([{ created: 1 }, { unchanged: 1, stale: 1 }]);
    expect([await size('changed'), await size('back')]).toEqual(['second', 'second']);
    // The same as the record says already: that it was seen is as old as the letter.
    const [first] = (await letters.list(call, { recordType: type })).items;
    expect([first?.id]).toEqual(same1);
    await define('integer');
    await letters.repair(call, first?.id ?? '', { source_id: 'same', fields: { size: 1 } });
    expect(await replay(same1)).toMatchObject({ unchanged: 1, stale: 0 });
    await define('string');
    expect(await replay(same2)).toMatchObject({ unchanged: 1, stale: 1 });
  });

  describe('beside a clock that was ahead by an hour', () => {
    const run = (call: Call, name: string, text: string, values: unknown[] = []) =>
      harness.database.write([call.principal.workspace], (transaction) =>
        harness.database.query(transaction, { name: `test_${name}`, text }, values),
      );
    /** What was written before it was put right. */
    const setBack = async (call: Call) => {
      await run(
        call,
        'records_ahead',
        `update record set updated_at = updated_at + interval '1 hour', seen_at = seen_at + interval '1 hour'`,
      );
      await run(call, 'letters_ahead', `update dead_letter set created_at = created_at + interval '1 hour'`);
    };

    test('is as new as it came: before and after what its record was changed to or said to be', async () => {
      const type = 'depth';
      const { call, letters, records, define, size, target: depths } = await measured(type);
      const write = (id: string, value: number | string) => records.upsertMany(call, depths, [row(1, { size: value }, id)]);
      await define('integer');
      await write('changed before', 1);
      await write('changed since', 'rejected');
      await write('seen before', 1);
      await write('seen before', 'rejected');
      await write('seen before', 1);
      await write('seen since', 1);
      await write('seen since', 'rejected');
      await setBack(call);
      await write('changed before', 'rejected');
      await write('changed since', 1);
      await write('seen before', 'rejected again');
      await write('seen since', 1);
      await define('string');

      expect(await letters.replay(call, { recordType: type })).toMatchObject({ updated: 2, unchanged: 3, stale: 3, rejected: 0 });
      expect([await size('changed before'), await size('changed since')]).toEqual(['rejected', 1]);
      expect([await size('seen before'), await size('seen since')]).toEqual(['rejected again', 1]);
    });

    test('is as new as it came also where it is replayed before and after others of its key', async () => {
      const type = 'height';
      const { call, letters, records, define, size, target: heights } = await measured(type);
      const write = (id: string, value: number | string) => records.upsertMany(call, heights, [row(1, { size: value }, id)]);
      await define('integer');
      for (const id of ['forwards', 'back', 'same']) await write(id, 0);
      for (const id of ['forwards', 'back', 'same']) await write(id, id === 'same' ? '0' : 'first');
      await setBack(call);
      for (const id of ['forwards', 'back', 'same']) await write(id, 'second');
      await define('string');
      const [forwards1, back1, same1, forwards2, back2, same2] = (await letters.list(call, { recordType: type })).items.map(({ id }) => id);
      const stale = [];
      for (const id of [forwards1, forwards2, back2, back1, same1, same2]) {
        stale.push((await letters.replay(call, { ids: [id ?? ''] })).stale);
      }
      expect(stale).toEqual([0, 0, 0, 1, 0, 0]);
      expect([await size('forwards'), await size('back'), await size('same')]).toEqual(['second', 'second', 'second']);
    });
  });

  test('that a backup of before kept with its time alone is compared by that', async () => {
    const type = 'width';
    const { call, letters, records, define, size, target: widths } = await measured(type);
    await define('integer');
    await records.upsertMany(call, widths, [row(1, { size: 1 }, 'before')]);
    await records.upsertMany(
      call,
      widths,
      ['before', 'since', 'again'].map((id, index) => row(index, { size: 'rejected' }, id)),
    );
    await records.upsertMany(call, widths, [row(1, { size: 1 }, 'since'), row(2, { size: 1 }, 'again')]);
    await define('string');
    await harness.database.write([call.principal.workspace], async (transaction) => {
      const run = (name: string, text: string) => harness.database.query(transaction, { name: `test_${name}`, text });
      await run('forget_versions', 'update dead_letter set record_version = null');
      await run(
        'seen_long_ago',
        `update record set seen_at = updated_at, seen_line = 1, updated_at = updated_at - interval '1 hour' where source_id = 'again'`,
      );
    });

    expect(await letters.replay(call, { recordType: type })).toMatchObject({ updated: 1, unchanged: 2, stale: 2, rejected: 0 });
    expect([await size('before'), await size('since'), await size('again')]).toEqual(['rejected', 1, 1]);
  });

  test('is overtaken by a later row of its key that an instance of the version before saw again', async () => {
    const type = 'girth';
    const { call, letters, records, define, size, target: girths } = await measured(type);
    await define('integer');
    await records.upsertMany(call, girths, [row(1, { size: 1 }, 'before'), row(2, { size: 1 }, 'again')]);
    const seenAgain = async (id: string) =>
      harness.database.write([call.principal.workspace], (transaction) =>
        harness.database.query(
          transaction,
          { name: 'test_seen_again', text: 'update record set seen_at = now(), seen_line = 1 where source_id = $1' },
          [id],
        ),
      );
    await seenAgain('before');
    await records.upsertMany(call, girths, [row(1, { size: 'rejected' }, 'before'), row(2, { size: 'rejected' }, 'again')]);
    await seenAgain('again');
    await define('string');
    expect(await letters.replay(call, { recordType: type })).toMatchObject({ updated: 1, unchanged: 1, stale: 1, rejected: 0 });
    expect([await size('before'), await size('again')]).toEqual(['rejected', 1]);
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
    const { call, letters, records } = await fresh();
    const id = await importRows(call, 'a.csv', [row(1, { amount: 'x' }), row(2, { created_on: 'x' })]);
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
    await expect(letters.list(call, { cursor: Buffer.from('["x"]').toString('base64url') })).rejects.toMatchObject({
      code: 'invalid_cursor',
    });
    await expect(letters.get(call, 'x')).rejects.toMatchObject({ code: 'not_found' });
    await expect(letters.repair(call, '999999', { fields: {} })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a thousand and more are replayed, those of each import under its name', async () => {
    const { call, letters, records } = await fresh();
    const ids: string[] = [];
    for (const name of ['a.csv', 'b.csv']) {
      ids.push(
        await importRows(
          call,
          name,
          Array.from({ length: 700 }, (_, index) => row(index + 1, { amount: 'x' }, `${name}-${index}`)),
        ),
      );
    }
    await harness.database.write([call.principal.workspace], (transaction) =>
      harness.database.query(transaction, {
        name: 'test_repair_all',
        text: `update dead_letter set payload = jsonb_set(payload::jsonb, '{fields,amount}', '"1"')::text, state = 'repaired'`,
      }),
    );
    expect(await letters.replay(call, {})).toMatchObject({ created: 1_400, rejected: 0 });
    const { id } = await records.getByKey(call, target, 'b.csv-699');
    expect((await records.history(call, 'deal', id)).items[0]?.cause).toMatchObject({ import: ids[1], line: 700 });
  });

  test('what is given up stays out of the way', async () => {
    const { call, letters } = await fresh();
    await importRows(call, 'a.csv', [row(1, { amount: 'x' }), row(2, { amount: 'x' })]);
    const ids = (await letters.list(call)).items.map(({ id }) => id);
    expect(await letters.discard(call, [...ids, 'x', '99999999'])).toBe(2);
    expect((await letters.list(call)).items).toEqual([]);
    expect((await letters.list(call, { state: 'discarded' })).items.length).toBe(2);
    expect(await letters.discard(call, ids)).toBe(0);
    const { entries } = await harness.auth.audit.list(call, { action: 'dead_letter.discard' });
    expect(entries.map(({ rows }) => rows)).toEqual([0, 2]);
  });
});

describe('who sees no amounts', () => {
  test('sees none in rejected rows, their errors and raw values, and cannot blank them by a repair', async () => {
    const { call, letters, workspace, records } = await fresh();
    await records.upsertMany(call, target, [
      { ...row(1, { amount: 'seven', name: 'x', currency: 'much' }), original: { amount: '7 €', name: 'X' } },
    ]);
    const employee = harness.callOf(workspace, 'employee');
    const [letter] = (await letters.list(employee)).items;
    expect(letter).toMatchObject({
      row: { fields: { amount: null, name: 'x', currency: 'much' }, original: { amount: null, name: 'X' } },
      errors: [
        { code: 'invalid_money', column: 'amount', message: 'Invalid amount' },
        { code: 'text_too_long', column: 'currency', value: 'much' },
      ],
    });
    expect(letter?.errors[0]).not.toHaveProperty('value');
    const id = letter?.id ?? '';
    await letters.repair(employee, id, { source_id: 'D-1', fields: { amount: null, name: 'y', currency: 'EUR' } });
    expect((await letters.get(call, id)).row.fields).toEqual({ amount: 'seven', name: 'y', currency: 'EUR' });
    await letters.repair(employee, id, { source_id: 'D-1', fields: { amount: '7', name: 'y', currency: 'EUR' } });
    expect((await letters.get(call, id)).row.fields).toEqual({ amount: '7', name: 'y', currency: 'EUR' });
  });

  test('sees none of unknown fields, of rows that could not be read, and in the answer of a replay', async () => {
    const { call, letters, workspace } = await fresh();
    const raw = '{"source_id":"D-1","amount":"4711"';
    const rows = [
      { line: 1, fields: { extra: { raw } }, errors: [{ line: 1, code: 'invalid_json', message: `no JSON: ${raw}`, value: raw }] },
      row(2, { amount: 'about 4711', bonus: '4711', name: 'x' }),
    ];
    await importRows(call, 'a.ndjson', rows);
    const employee = harness.callOf(workspace, 'employee');
    const seen = (await letters.list(employee)).items;
    expect(seen.map(({ row: { fields } }) => fields)).toEqual([{ extra: null }, { amount: null, bonus: null, name: 'x' }]);
    expect(JSON.stringify(seen)).not.toContain('4711');
    const answer = await letters.replay(employee, {});
    expect(answer).toMatchObject({ rejected: 2, errors: [{ line: 1 }, { line: 2, code: 'invalid_money', column: 'amount' }] });
    expect(JSON.stringify(answer)).not.toContain('4711');
    expect(JSON.stringify(await letters.replay(call, {}))).toContain('4711');
  });

  test('or only some rows of a type sees none of its rejected rows', async () => {
    const { call, letters, workspace, records } = await fresh();
    await records.upsertMany(call, target, [row(1, { amount: 'x' })]);
    const rows: PolicyFilter = { field: 'status', operator: 'eq', values: ['open'] };
    await harness.auth.policies.replace(call, [
      { rule: 'forbid', roles: ['executive'], actions: ['read'], record_types: ['deal'] },
      { rule: 'allow', roles: ['executive'], actions: ['read'], record_types: ['deal'], rows },
    ]);
    expect((await letters.list(harness.callOf(workspace, 'executive'))).items).toEqual([]);
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
