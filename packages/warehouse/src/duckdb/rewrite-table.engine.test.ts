import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ONE } from '../testing/log-script.ts';
import { changeLayouts } from './change-layouts.ts';
import { checkpoint } from './checkpoint.ts';
import { type DatabaseFile, openDatabaseFile } from './database-file.ts';
import { withType } from './layouts.ts';
import { initializeMeta, readMeta } from './meta.ts';
import { rewriteTable } from './rewrite-table.ts';
import { writeTable } from './write-table.ts';
import { createWriter, type Writer } from './writer.ts';

let folder: string;
let file: DatabaseFile;
let writer: Writer;
const never = new AbortController().signal;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-rewrite-'));
  file = await openDatabaseFile({ path: join(folder, 'w.duckdb'), memoryLimitMb: 64, threads: 1 });
  const connection = await file.connect();
  await initializeMeta(connection, 1);
  writer = createWriter(connection, await readMeta(connection), 10_000);
});
afterEach(async () => {
  file.release();
  await rm(folder, { recursive: true });
});

const define = (...names: string[]) =>
  writer.exclusive((connection, transact) =>
    transact(async (meta) => {
      const fields = names.map((name) => ({ name, type: 'text' as const }));
      return changeLayouts(connection, meta, withType(meta.layouts, ONE, 'visit', fields));
    }),
  );
const run = (sql: string) => writer.exclusive(async (connection) => (await connection.runAndReadAll(sql)).getRows());

/** Does something at the moment when a copy begins, so that it comes before the copy takes the table's place. */
const whenCopyBegins = (work: () => Promise<unknown>) => {
  const done: Promise<unknown>[] = [];
  class Touched extends Map<string, Set<string>> {
    override set(table: string, ids: Set<string>): this {
      done.push(work());
      return super.set(table, ids);
    }
  }
  return { touched: new Touched(), done };
};

test('a table that gets a column while it is copied stays as it is, with the column', async () => {
  await define('a');
  await run("insert into x_1_visit (workspace, id, a) values (1, 2, 'x'), (1, 1, 'y')");
  const { touched, done } = whenCopyBegins(() => define('a', 'b'));
  await rewriteTable(file, writer, 'x_1_visit', touched, never);
  await Promise.all(done);
  expect(await run('select id, a, b from x_1_visit')).toEqual([
    [2n, 'x', null],
    [1n, 'y', null],
  ]);
  expect(await run("select table_name from duckdb_tables() where table_name like 'rewrite%'")).toEqual([]);
  expect(touched.size).toBe(0);
});

test('rows that changed while it was copied are those of the table', async () => {
  await define('a');
  await run("insert into x_1_visit (workspace, id, a) values (1, 3, 'x'), (1, 2, 'y'), (1, 1, 'z')");
  const { touched, done } = whenCopyBegins(async () => {
    await run(
      "update x_1_visit set a = 'changed' where id = 2; delete from x_1_visit where id = 3; insert into x_1_visit (workspace, id, a) values (1, 4, 'new')",
    );
    for (const id of ['2', '3', '4']) touched.get('x_1_visit')?.add(id);
  });
  await rewriteTable(file, writer, 'x_1_visit', touched, never);
  await Promise.all(done);
  expect(await run('select id, a from x_1_visit order by id')).toEqual([
    [1n, 'z'],
    [2n, 'changed'],
    [4n, 'new'],
  ]);
});

test('a row that was erased while it was copied is blank in the table', async () => {
  await define('a');
  await run("insert into x_1_visit (workspace, id, a) values (1, 2, 'x'), (1, 1, 'y')");
  const [layout] = writer.meta().layouts.values();
  if (layout === undefined) throw new Error('A type was defined.');
  const erasure = { layout, removed: new Map(), added: [], past: [], erased: ['2'], uncertain: new Set<string>() };
  const { touched, done } = whenCopyBegins(() =>
    writer.exclusive((connection, transact) =>
      transact(async (meta) => {
        await writeTable(connection, erasure, false, (table, ids) => {
          for (const id of ids()) touched.get(table)?.add(id);
        });
        return meta;
      }),
    ),
  );
  await rewriteTable(file, writer, 'x_1_visit', touched, never);
  await Promise.all(done);
  expect(await run('select id, a from x_1_visit order by id')).toEqual([
    [1n, 'y'],
    [2n, null],
  ]);
});

test('a checkpoint that a reader keeps from being made is given up in the end', async () => {
  const reader = await file.connect();
  await reader.run('begin');
  await reader.run('from sophia.state');
  await define('a');
  await expect(checkpoint(writer, never, 0)).rejects.toMatchObject({ code: 'warehouse_unavailable' });
  await reader.run('rollback');
  await checkpoint(writer, never, 0);
  await expect(writer.exclusive((connection) => connection.run('checkpoint nowhere'))).rejects.toMatchObject({
    code: 'warehouse_statement_failed',
  });
});

test('a copy that is broken off leaves the table as it is', async () => {
  await define('a');
  await run("insert into x_1_visit (workspace, id, a) select 1, range, 'x' from range(100000)");
  const stop = new AbortController();
  const { touched, done } = whenCopyBegins(async () => stop.abort(new Error('closing')));
  await expect(rewriteTable(file, writer, 'x_1_visit', touched, stop.signal)).rejects.toThrow('closing');
  await Promise.all(done);
  expect(await run('select count(*) from x_1_visit')).toEqual([[100_000n]]);
  expect(touched.size).toBe(0);
  await rewriteTable(file, writer, 'x_1_visit', touched, never);
  expect(await run('select count(*) from x_1_visit')).toEqual([[100_000n]]);
});
