import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDuckDbWarehouse, type DuckDbWarehouse, type DuckDbWarehouseOptions } from './duckdb-warehouse.ts';
import { isEnvironmentalWarehouseError } from './environmental-error.ts';
import { ENDLESS_QUERY } from './testing/endless-query.ts';
import { canLimitFiles, limitFiles } from './testing/limit-files.ts';
import { createLogScript, type LogScript, ONE, select, TEST_TYPES } from './testing/log-script.ts';
import type { DerivedTable } from './warehouse.ts';

describe('DuckDB and its surroundings', () => {
  let folder: string;
  let options: DuckDbWarehouseOptions;
  const opened: DuckDbWarehouse[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sophia-faults-'));
    options = { file: join(folder, 'warehouse.duckdb'), memoryLimitMb: 64, threads: 1, readers: 1, builtinTypes: TEST_TYPES };
  });
  afterEach(async () => {
    if (canLimitFiles) await limitFiles('unlimited');
    for (const warehouse of opened.splice(0)) await warehouse.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (more: Partial<DuckDbWarehouseOptions> = {}): Promise<DuckDbWarehouse> => {
    const warehouse = await createDuckDbWarehouse({ ...options, ...more });
    opened.push(warehouse);
    return warehouse;
  };
  /** Runs statements on the file of the first generation while nobody has it open. */
  const onFile = async (...statements: string[]): Promise<void> => {
    const instance = await DuckDBInstance.create(join(folder, 'warehouse.1.duckdb'));
    const connection = await instance.connect();
    for (const statement of statements) await connection.run(statement);
    connection.closeSync();
    instance.closeSync();
  };

  describe.runIf(canLimitFiles)('a disk that is full', () => {
    test('W1: batches that cannot be written are refused as environmental, and go on when there is room', async () => {
      const warehouse = await open();
      const log = createLogScript();
      await warehouse.apply(log.next(...longRows(log, 1)));
      await limitFiles(1_000_000);
      const batch = log.next(...longRows(log, 2_001));
      for (let time = 0; time < 3; time++) {
        const refused = warehouse.apply(batch);
        await expect(refused).rejects.toMatchObject({ code: 'warehouse_unavailable', message: expect.stringContaining('File too large') });
        await refused.catch((error: unknown) => expect(isEnvironmentalWarehouseError(error)).toBe(true));
        expect((await warehouse.query({ text: 'select count(*) from deal', parameters: [] })).values).toEqual([[1_000]]);
      }
      await limitFiles('unlimited');
      await warehouse.apply(batch);
      const { values } = await warehouse.query({ text: 'select count(*), min(length(name)) >= 1000 from deal', parameters: [] });
      expect(values).toEqual([[2_000], [true]]);
    });

    test('W1: a checkpoint that cannot be written is told in the background, and loses nothing', async () => {
      const warehouse = await open({ maintenance: { checkpointBytes: 1 } });
      const log = createLogScript();
      const warned = once(process, 'warning');
      await limitFiles(1_800_000);
      await warehouse.apply(log.next(...longRows(log, 1)));
      expect(String((await warned)[0])).toContain('checkpoint');
      // DuckDB gives up on the file, which is then opened again.
      expect((await warehouse.query({ text: 'select count(*) from deal', parameters: [] })).values).toEqual([[1_000]]);
      await limitFiles('unlimited');
      await warehouse.apply(log.next(...longRows(log, 1_001)));
      await warehouse.maintain();
      const { values, applied } = await warehouse.query({ text: 'select count(*) from deal', parameters: [] });
      expect({ values, tick: applied.tick }).toEqual({ values: [[2_000]], tick: 2 });
    });
  });

  test('W1: when its folder is gone for a while, it refuses, and goes on when the folder is back', async () => {
    const warehouse = await open();
    const log = createLogScript();
    await warehouse.apply(log.next(log.upsert(1, { name: 'a' })));
    await warehouse.maintain();
    await rename(folder, `${folder}-away`);
    const batch = log.next(log.upsert(2, { name: 'b' }));
    try {
      await expect(warehouse.setDerivedTables([DERIVED])).rejects.toMatchObject({ code: 'warehouse_unavailable' });
      for (let time = 0; time < 3; time++) {
        const refused = warehouse.apply(batch);
        await expect(refused).rejects.toMatchObject({ code: 'warehouse_unavailable' });
        await refused.catch((error: unknown) => expect(isEnvironmentalWarehouseError(error)).toBe(true));
      }
      expect(warehouse.applied().tick).toBe(1);
    } finally {
      await rename(`${folder}-away`, folder);
    }
    const query = warehouse.query({ text: 'select count(*) from deal', parameters: [] });
    await Promise.all([warehouse.apply(batch), query]);
    expect(await select(warehouse, 'name')).toEqual([{ name: 'a' }, { name: 'b' }]);
  });

  test('W7: a rebuild that cannot begin leaves room for the next; closing does not wait for one', async () => {
    const warehouse = await open();
    await rename(folder, `${folder}-away`);
    try {
      await expect(warehouse.startRebuild()).rejects.toMatchObject({ code: 'warehouse_unavailable' });
    } finally {
      await rename(`${folder}-away`, folder);
    }
    await (await warehouse.startRebuild()).abandon();
    await rename(folder, `${folder}-away`);
    try {
      const starting = warehouse.startRebuild();
      const outcome = expect(starting).rejects.toMatchObject({ code: 'warehouse_unavailable' });
      await warehouse.close();
      await outcome;
    } finally {
      await rename(`${folder}-away`, folder);
    }
  });

  test('W5: closing while work is under way lets it end first', async () => {
    const warehouse = await open({ maintenance: { checkpointInterval: 1 } });
    const log = createLogScript();
    const applying = warehouse.apply(log.next(log.upsert(1, { name: 'a' })));
    const maintaining = warehouse.maintain();
    await Promise.all([warehouse.close(), applying, maintaining]);
    expect((await open()).applied().tick).toBe(1);
  });

  test('W5: closing while the file is opened again waits for that', async () => {
    const warehouse = await open();
    const log = createLogScript();
    await warehouse.maintain();
    await rename(folder, `${folder}-away`);
    try {
      const batch = log.next(log.upsert(1, { name: 'a' }));
      await expect(warehouse.apply(batch)).rejects.toMatchObject({ code: 'warehouse_unavailable' });
      await expect(warehouse.setDerivedTables([])).rejects.toMatchObject({ code: 'warehouse_unavailable' });
      const again = expect(warehouse.apply(batch)).rejects.toMatchObject({ code: 'warehouse_unavailable' });
      await warehouse.close();
      await again;
    } finally {
      await rename(`${folder}-away`, folder);
    }
  });

  test('W5: a file that cannot be read is told as it is', async () => {
    await mkdir(join(folder, 'warehouse.current.json'));
    await expect(open()).rejects.toMatchObject({ code: 'EISDIR' });
  });

  test.each(['no json', '{}', 'null'])('W5: a damaged note of the generation in use is told with what to do: %s', async (text) => {
    await writeFile(join(folder, 'warehouse.current.json'), text);
    await expect(open()).rejects.toMatchObject({
      code: 'warehouse_damaged',
      message: expect.stringMatching(/^The file .*warehouse\.current\.json is damaged: .*move the folder of the warehouse away/),
    });
  });

  test('W5: a damaged file is told with what to do, and is made anew without it', async () => {
    const warehouse = await open();
    await warehouse.maintain();
    await warehouse.close();
    const file = join(folder, 'warehouse.1.duckdb');
    const whole = await readFile(file);
    for (const bytes of [Buffer.from('no database'), whole.subarray(0, 5_000), Buffer.from(whole).fill(1, 4_096)]) {
      await writeFile(file, bytes);
      const refused = open();
      await expect(refused).rejects.toMatchObject({
        code: 'warehouse_damaged',
        message: expect.stringMatching(/^The warehouse .*warehouse\.1\.duckdb is damaged: .*move the folder of the warehouse away/),
      });
      // What is applied to such a warehouse is tried again, and nothing is set aside for it.
      await refused.catch((error: unknown) => expect(isEnvironmentalWarehouseError(error)).toBe(true));
    }
    await rm(file);
    expect((await open()).applied().cursor).toBeNull();
  });

  test('W7: a switch that another process makes while the warehouse is opened is followed', async () => {
    const opening = open();
    const first = join(folder, 'warehouse.1.duckdb');
    while (
      await access(first).then(
        () => false,
        () => true,
      )
    );
    await writeFile(join(folder, 'warehouse.current.json'), '{"generation":2}');
    expect((await opening).applied().generation).toBe(2);
    expect((await readdir(folder)).filter((name) => name.endsWith('.duckdb'))).toEqual(['warehouse.2.duckdb']);
  });

  test('W2: a query that does not fit into memory uses the disk; where that cannot be, it alone fails', async () => {
    const warehouse = await open();
    const sorted = 'select count(*) from (select hash(range) as h from range(3000000) order by h limit 2900000)';
    expect((await warehouse.query({ text: sorted, parameters: [] }, { deadline: 60_000 })).values).toEqual([[2_900_000]]);
    const whole = warehouse.query(
      { text: 'select length(string_agg(range::varchar)) from range(30000000)', parameters: [] },
      { deadline: 60_000 },
    );
    await expect(whole).rejects.toMatchObject({ code: 'warehouse_out_of_memory' });
    await whole.catch((error: unknown) => expect(isEnvironmentalWarehouseError(error)).toBe(true));
    expect((await warehouse.query({ text: 'select 1', parameters: [] })).values).toEqual([[1]]);
  });

  test('W1: a batch that takes too long is given up whole, as environmental', async () => {
    const warehouse = await open({ writeDeadline: 2_000 });
    const log = createLogScript();
    await warehouse.setDerivedTables([{ ...DERIVED, refresh: [{ text: `insert into rollup_deals ${ENDLESS_QUERY}`, parameters: [] }] }]);
    const batch = log.next(log.upsert(1, { name: 'a' }));
    await expect(warehouse.apply(batch)).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(warehouse.applied().cursor).toBe(null);
    await warehouse.setDerivedTables([]);
    await warehouse.apply(batch);
    expect(await select(warehouse, 'name')).toEqual([{ name: 'a' }]);
  });

  test('W5: a file that is none, and one of a newer format, are refused with the reason', async () => {
    await writeFile(join(folder, 'warehouse.1.duckdb'), 'something else, long enough to be looked at as a database'.repeat(100));
    await expect(open()).rejects.toMatchObject({ code: 'warehouse_damaged' });
    await rm(join(folder, 'warehouse.1.duckdb'));
    await (await open()).close();
    await onFile('update sophia.format set format = 1000');
    await expect(open()).rejects.toMatchObject({ code: 'warehouse_from_newer_version', message: expect.stringContaining('1000') });
  });

  test('W5: a file of before there were marks is brought up, and knows the mark of the next batch', async () => {
    const log = createLogScript();
    const warehouse = await open();
    await warehouse.apply(log.next(log.upsert(1, { name: 'a' })));
    await warehouse.close();
    await onFile('alter table sophia.state drop column mark', 'update sophia.format set format = 1', 'checkpoint');
    const older = await open();
    expect(older.applied().mark).toBeUndefined();
    await older.apply({ ...log.next(log.upsert(2, { name: 'b' })), mark: 'of the second' });
    await older.close();
    const again = await open();
    expect(again.applied().mark).toBe('of the second');
    await again.close();
  });

  test('W5: a file whose views have the casts of an older version gets those of this one', async () => {
    const view = { text: 'select source_id from unified_data_catalog', parameters: [] };
    const log = createLogScript();
    const warehouse = await open();
    await warehouse.apply(log.next(log.upsert(1, { name: 'a' })));
    const { values } = await warehouse.query(view);
    await warehouse.close();
    await onFile(
      "create or replace view unified_data_catalog as select 'older' as source_id",
      'update sophia.format set format = format - 1',
      'checkpoint',
    );
    const again = await open();
    expect((await again.query(view)).values).toEqual(values);
    await again.close();
  });

  test('W7: what a rebuild or a rewrite left unfinished is removed when the warehouse is opened', async () => {
    const log = createLogScript();
    const warehouse = await open();
    await warehouse.apply(log.next(log.upsert(1, { name: 'a' })));
    await warehouse.close();
    await onFile('create table rewrite__deal as from deal', 'checkpoint');
    await writeFile(join(folder, 'notes.txt'), 'not ours');
    for (const left of ['warehouse.2.duckdb', 'warehouse.2.duckdb.wal', 'warehouse.7.duckdb.tmp']) await writeFile(join(folder, left), '');
    const again = await open();
    const others = (await readdir(folder)).filter((name) => !name.startsWith('warehouse.1.'));
    expect(others.sort()).toEqual(['notes.txt', 'warehouse.current.json']);
    const { values } = await again.query({ text: "select count(*) from duckdb_tables() where table_name like 'rewrite%'", parameters: [] });
    expect(values).toEqual([[0]]);
    expect(await select(again, 'name')).toEqual([{ name: 'a' }]);
  });

  test('W5: the warehouse of this process is told as such, whatever path leads to it', async () => {
    await open();
    await expect(open({ file: join(folder, '..', folder.split('/').at(-1) ?? '', 'warehouse.duckdb') })).rejects.toMatchObject({
      code: 'warehouse_in_use',
      message: expect.stringContaining(String(process.pid)),
    });
  });
});

const DERIVED: DerivedTable = {
  name: 'rollup_deals',
  fingerprint: '1',
  reads: [{ workspace: ONE, recordType: 'deal' }],
  create: [{ text: 'create table rollup_deals (n bigint)', parameters: [] }],
  refresh: [],
};

/** A thousand records with texts that do not compress. */
const longRows = (log: LogScript, from: number) =>
  Array.from({ length: 1_000 }, (_, at) => log.upsert(from + at, { name: randomBytes(750).toString('base64') }));
