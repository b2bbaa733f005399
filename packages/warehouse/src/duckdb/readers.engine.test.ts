import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { canLimitFiles, limitFiles } from '../testing/limit-files.ts';
import { type DatabaseFile, openDatabaseFile } from './database-file.ts';
import { initializeMeta, type Meta, readMeta } from './meta.ts';
import { createProgressWriter } from './progress.ts';
import { openReaders, type Readers } from './readers.ts';
import { createWriter, type Writer } from './writer.ts';

let folder: string;
let file: DatabaseFile;
let readers: Readers;
let writer: Writer;
let settled: () => Meta | undefined;
let invalidations: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-readers-'));
  file = await openDatabaseFile({ path: join(folder, 'w.duckdb'), memoryLimitMb: 64, threads: 1 });
  const connection = await file.connect();
  await initializeMeta(connection, 1);
  writer = createWriter(connection, await readMeta(connection), 10_000);
  settled = writer.settled;
  invalidations = 0;
  readers = await openReaders({
    file,
    count: 1,
    waiting: 4,
    settled: () => settled(),
    onInvalidated: () => {
      invalidations += 1;
    },
  });
});
afterEach(async () => {
  await readers.drain(0);
  file.release();
  await rm(folder, { recursive: true });
});

const ENDLESS = { text: 'select count(*) from range(1000000000000) numbers where hash(range) % 7 = 3', parameters: [] };
const moveOn = (tick: number) =>
  writer.exclusive((connection, transact) =>
    transact(async (meta) => {
      const applied = { ...meta.applied, tick };
      const entry = meta.entry + 1;
      await createProgressWriter(connection).saveState(entry, applied, meta.serial);
      return { ...meta, applied, entry };
    }),
  );

test('draining lets no query in, and ends those that run or wait after a while', async () => {
  const outcomes = [1, 2, 3].map(() => readers.query(ENDLESS).catch(({ code }) => code));
  const short = readers.query({ text: 'select 1', parameters: [] }, { deadline: 1 }).catch(({ code }) => code);
  const draining = readers.drain(100);
  await expect(readers.query(ENDLESS)).rejects.toMatchObject({ code: 'warehouse_unavailable' });
  await draining;
  expect(await Promise.all([...outcomes, short])).toEqual([...Array(3).fill('warehouse_unavailable'), 'deadline_exceeded']);
});

test('what ends in time is waited for', async () => {
  const query = readers.query({ text: 'select count(*) from range(10000000) numbers where hash(range) % 7 = 3', parameters: [] });
  await readers.drain(60_000);
  expect((await query).rowCount).toBe(1);
});

test.runIf(canLimitFiles)('a file that DuckDB gave up on is told', async () => {
  await writer.exclusive((connection) => connection.run('create table filler as select hash(range)::varchar as text from range(50000)'));
  await limitFiles(300_000);
  const checkpoint = writer.exclusive((connection) => connection.run('checkpoint'));
  await expect(checkpoint).rejects.toMatchObject({ code: 'warehouse_unavailable' });
  await limitFiles('unlimited');
  await expect(readers.query({ text: 'select count(*) from filler', parameters: [] })).rejects.toMatchObject({
    code: 'warehouse_unavailable',
  });
  expect(invalidations).toBeGreaterThan(0);
  expect(writer.isBroken).toBe(true);
});

test('W2: what is applied is read from the file while a commit is under way, or came in between', async () => {
  await moveOn(5);
  const tick = async () => (await readers.query({ text: 'select tick from sophia.state', parameters: [] })).applied.tick;
  expect(await tick()).toBe(5);
  settled = () => undefined;
  expect(await tick()).toBe(5);
  // Each look shows another commit.
  settled = () => ({ ...writer.meta(), applied: { ...writer.meta().applied, tick: 99 } });
  expect(await tick()).toBe(5);
});
