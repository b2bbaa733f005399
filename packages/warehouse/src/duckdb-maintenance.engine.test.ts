import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDuckDbWarehouse, type DuckDbWarehouse, type DuckDbWarehouseOptions } from './duckdb-warehouse.ts';
import { createLogScript, type LogScript, ONE, TEST_TYPES } from './testing/log-script.ts';

describe('maintenance', () => {
  let folder: string;
  let log: LogScript;
  let warehouse: DuckDbWarehouse | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sophia-maintenance-'));
    log = createLogScript();
  });
  afterEach(async () => {
    await warehouse?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (maintenance: DuckDbWarehouseOptions['maintenance'] = {}): Promise<DuckDbWarehouse> => {
    warehouse = await createDuckDbWarehouse({
      file: join(folder, 'warehouse.duckdb'),
      memoryLimitMb: 256,
      threads: 1,
      readers: 2,
      builtinTypes: TEST_TYPES,
      maintenance,
    });
    return warehouse;
  };
  const value = async (of: DuckDbWarehouse, text: string) => (await of.query({ text, parameters: [] })).values[0]?.[0];
  const stored = (of: DuckDbWarehouse) => value(of, "select estimated_size from duckdb_tables() where table_name = 'deal'");
  const logBytes = async () => (await stat(join(folder, 'warehouse.1.duckdb.wal')).catch(() => ({ size: 0 }))).size;
  const ids = Array.from({ length: 2_000 }, (_, at) => at + 1);

  test('a table of which much is dead is written anew, in order, without a change to anyone', async () => {
    const of = await open({ rewriteRows: 500, rewriteShare: 0.2 });
    await of.apply(log.next(...ids.map((id) => log.upsert(id, { seats: id }))));
    await of.apply(log.next(...ids.slice(0, 1_000).map((id) => log.upsert(id, { seats: -id }, { version: 2 }))));
    const before = { digests: await of.digests(), version: of.version(ONE, ['deal']), applied: of.applied() };
    expect(await stored(of)).toBe(3_000);
    await of.maintain();
    expect(await stored(of)).toBe(2_000);
    expect(await value(of, 'select list(id) = list_sort(list(id)) from (select id from deal)')).toBe(true);
    expect({ digests: await of.digests(), version: of.version(ONE, ['deal']), applied: of.applied() }).toEqual(before);
    expect(await logBytes()).toBeLessThan(1_000_000);
  });

  test('it is broken off when the warehouse closes', async () => {
    const of = await open({ rewriteRows: 1, rewriteShare: 0 });
    await of.apply(log.next(...ids.map((id) => log.upsert(id, {}))));
    await of.apply(log.next(...ids.map((id) => log.upsert(id, {}, { version: 2 }))));
    const maintaining = expect(of.maintain()).rejects.toMatchObject({ code: 'warehouse_unavailable' });
    await of.close();
    await maintaining;
    expect(await value(await open(), 'select count(*) from deal where version = 2')).toBe(2_000);
  });

  test('it is left alone while little is dead', async () => {
    const of = await open({ rewriteRows: 500, rewriteShare: 0.4 });
    await of.apply(log.next(...ids.map((id) => log.upsert(id, {}))));
    await of.apply(log.next(...ids.slice(0, 600).map((id) => log.upsert(id, {}, { version: 2 }))));
    const before = await stored(of);
    const batch = log.next();
    await of.apply(batch);
    await of.maintain();
    await of.apply(batch);
    expect(await stored(of)).toBe(before);
  });

  test('W1: batches that are applied while a table is written anew are in it', async () => {
    const of = await open({ rewriteRows: 1, rewriteShare: 0 });
    const versions = new Map<number, number>();
    const expected = new Map<number, number>();
    const changes = (chosen: readonly number[], seats: number) =>
      chosen.map((id) => {
        const version = (versions.get(id) ?? 0) + 1;
        versions.set(id, version);
        if (seats % 5 === 0 && expected.delete(id)) return log.remove(id, { version });
        expected.set(id, seats);
        return log.upsert(id, { seats, kind: seats }, { version });
      });
    await of.apply(log.next(...changes(ids, 1)));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.uniqueArray(fc.integer({ min: 1, max: 2_500 }), { minLength: 1, maxLength: 30 }), fc.nat(20)), {
          minLength: 3,
          maxLength: 12,
        }),
        async (batches) => {
          const maintaining = of.maintain();
          for (const [chosen, seats] of batches) await of.apply(log.next(...changes(chosen, seats)));
          await of.maintain();
          await maintaining;
          const { values } = await of.query({ text: 'select id, seats from deal order by id', parameters: [] });
          const rows = [...expected].sort(([one], [other]) => one - other);
          expect(values).toEqual([rows.map(([id]) => id), rows.map(([, seats]) => seats)]);
        },
      ),
      { numRuns: 10 },
    );
  });

  test('W7: the warehouse that a rebuild made has all the memory that the one before had', async () => {
    const of = await open();
    const limit = () => value(of, "select current_setting('memory_limit')");
    const before = await limit();
    const rebuild = await of.startRebuild();
    await rebuild.switchOver();
    expect(await limit()).toBe(before);
  });

  test('readers that overlap all the time do not keep the log of writes from being folded in', async () => {
    const of = await open();
    let isReading = true;
    const query = { text: 'select count(*) from range(2000000) numbers where hash(range) % 7 = 3', parameters: [] };
    const readers = [0, 1].map(async () => {
      while (isReading) await of.query(query);
    });
    for (let batch = 0; batch < 5; batch++) {
      await of.apply(log.next(...ids.map((id) => log.upsert(id, { seats: batch }, { version: batch + 1 }))));
      await of.maintain();
      expect(await logBytes()).toBe(0);
    }
    isReading = false;
    await Promise.all(readers);
  });

  test('a reader from before a change of a table is waited for', async () => {
    const of = await open();
    await of.apply(log.next(log.upsert(1, {})));
    const reader = of.query(
      { text: 'select count(*) from deal, range(1000000000000) numbers where hash(range) % 7 = 3', parameters: [] },
      { deadline: 300 },
    );
    const outcome = expect(reader).rejects.toMatchObject({ code: 'deadline_exceeded' });
    await of.ensureType(ONE, 'deal', [{ name: 'region', type: 'text' }]);
    await of.maintain();
    expect(await logBytes()).toBe(0);
    await outcome;
  });

  test('the log of writes is folded into the file by itself, when it is long or old', async () => {
    const long = await open({ checkpointBytes: 10_000 });
    await long.apply(log.next(...ids.map((id) => log.upsert(id, { name: 'long enough' }))));
    await expect.poll(logBytes, { timeout: 20_000 }).toBeLessThan(10_000);
    await long.close();
    const old = await open({ checkpointInterval: 50 });
    await old.apply(log.next(...ids.map((id) => log.upsert(id, { name: 'some' }, { version: 2 }))));
    await expect.poll(logBytes, { timeout: 20_000 }).toBe(0);
    expect(await value(old, 'select count(*) from deal')).toBe(2_000);
  });
});
