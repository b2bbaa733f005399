import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { ENDLESS_QUERY } from '../testing/endless-query.ts';
import { createLogScript, ONE, objectsOf } from '../testing/log-script.ts';
import { useSmallWarehouse } from '../testing/small-warehouse.ts';

const opened = useSmallWarehouse();

const rows = async (text: string) => objectsOf(await opened.current.query({ text, parameters: [] }));
const VIEWS = 'select view_name, sql from duckdb_views() where not internal order by view_name';
const define = (type: string) => opened.current.ensureType(ONE, type, [{ name: 'size', type: 'integer' }]);
const CATALOG = 'select record_type from unified_data_catalog order by record_type';

test('a definition makes no view; one that is read is made of all tables as they are then', async () => {
  const log = createLogScript();
  await define('visit');
  expect(await rows(VIEWS)).toEqual([]);
  await opened.current.apply(log.next(log.upsert(1, { size: 1 }, { type: 'visit' })));
  expect(await rows(CATALOG)).toEqual([{ record_type: 'visit' }]);

  const made = await rows(VIEWS);
  await Promise.all([define('call'), define('note')]);
  expect(await rows(VIEWS)).toEqual(made);
  await opened.current.apply(log.next(log.upsert(2, { size: 1 }, { type: 'call' })));
  expect(await Promise.all([rows(CATALOG), rows(CATALOG.toUpperCase())])).toEqual(
    Array.from({ length: 2 }, () => [{ record_type: 'call' }, { record_type: 'visit' }]),
  );
});

test('a query of one waits for what is written no longer than it may take, nor than its caller wants it', async () => {
  const create = [{ text: `create table rollup_endless as ${ENDLESS_QUERY}`, parameters: [] }];
  const making = opened.current.setDerivedTables([{ name: 'rollup_endless', fingerprint: '1', reads: [], create, refresh: [] }]);
  const outcome = expect(making).rejects.toMatchObject({ code: 'warehouse_unavailable' });
  const statement = { text: CATALOG, parameters: [] };
  await expect(opened.current.query(statement, { deadline: 100 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
  const caller = new AbortController();
  const left = expect(opened.current.query(statement, { signal: caller.signal })).rejects.toThrow('gone');
  caller.abort(new Error('gone'));
  await left;
  await opened.current.close();
  await outcome;
});

test('a file that was closed has the views of its tables, and they are not made again when it is opened', async () => {
  await define('visit');
  await opened.current.close();
  const instance = await DuckDBInstance.create(join(opened.folder, 'warehouse.1.duckdb'));
  const connection = await instance.connect();
  const names = (await connection.runAndReadAll(VIEWS)).getRows().map(([name]) => name);
  expect(names).toEqual(['active_deals', 'record_versions', 'unified_data_catalog']);
  await connection.run("create or replace view unified_data_catalog as select 'as it was' as record_type");
  connection.closeSync();
  instance.closeSync();
  await opened.open();
  expect(await rows(CATALOG)).toEqual([{ record_type: 'as it was' }]);
});
