import type { Call } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { measured, row } from '../testing/rejected-rows.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

describe('a rejected row', () => {
  test('does not take back what its record has become since, unless it is repaired', async () => {
    const type = 'level';
    const { call, letters, importRows, records, define, size, target: levels } = await measured(harness, type);
    await define('integer');
    const wrong = (id: string, value: string) => records.upsertMany(call, levels, [row(1, { size: value }, id)]);
    await wrong('passed', 'oldest');
    await importRows('levels.csv', [row(1, { size: 'old' }, 'passed')], levels);
    await wrong('twice', 'first');
    await importRows('levels.csv', [row(1, { size: 'second' }, 'twice')], levels);
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
    const { call, letters, importRows, records, define, size, target: marks } = await measured(harness, type);
    const rows = (batch: string) => [
      row(1, { size: 'rejected' }, `${batch} later`),
      row(2, { size: 1 }, `${batch} earlier`),
      row(3, { size: 2 }, `${batch} later`),
      row(4, { size: 'rejected' }, `${batch} earlier`),
    ];
    await define('integer');
    await records.upsertMany(call, marks, rows('array'));
    await importRows('marks.csv', rows('import'), marks);
    await define('string');

    expect(await letters.replay(call, { recordType: type })).toMatchObject({ updated: 2, unchanged: 2, stale: 2, rejected: 0 });
    expect([await size('array later'), await size('import later')]).toEqual([2, 2]);
    expect([await size('array earlier'), await size('import earlier')]).toEqual(['rejected', 'rejected']);
  });

  test('does not take back what a later row said again, though that changed nothing', async () => {
    const type = 'grade';
    const { call, letters, importRows, records, define, size, target: grades } = await measured(harness, type);
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
    await importRows('grades.csv', [row(1, { size: 1 }, 'imported')], grades);
    await records.upsertMany(call, grades, [row(1, { size: 'rejected' }, 'together'), row(2, { size: 1 }, 'together')]);
    await define('string');

    expect(await letters.replay(call, { recordType: type })).toMatchObject({ updated: 1, unchanged: 4, stale: 4, rejected: 0 });
    expect(await Promise.all(again.map(size))).toEqual([1, 1, 1, 1]);
    expect(await size('before')).toBe('rejected');
  });

  test('replayed after an older one of its key is not taken for the older, nor an older one for the newer', async () => {
    const type = 'weight';
    const { call, letters, records, define, size, target: weights } = await measured(harness, type);
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
      const { call, letters, records, define, size, target: depths } = await measured(harness, type);
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
      const { call, letters, records, define, size, target: heights } = await measured(harness, type);
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
    const { call, letters, records, define, size, target: widths } = await measured(harness, type);
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
    const { call, letters, records, define, size, target: girths } = await measured(harness, type);
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
});
