import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { startTestCluster, type TestCluster } from '@sophia/database/testing';
import { createObservability, type Observability } from '@sophia/observability';
import { parseConfiguration } from '@sophia/shared';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestPlatform } from '../testing/test-platform.ts';
import type { BackupCounts } from './backup-line.ts';
import { type RestoreBackupOptions, restoreBackup } from './restore.ts';

/** More than are read, written and told of at once. */
const DEALS = 1_200;

describe('a backup that is damaged', () => {
  let whole: Buffer;
  let lines: string[];
  let folder: string;
  let observability: Observability;
  let cluster: TestCluster;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sophia-damaged-'));
    observability = createObservability({ service: 'test', version: 'test', logLevel: 'fatal', destination: { write: () => undefined } });
    cluster = await startTestCluster();
    const test = await openTestPlatform();
    const deals = Array.from({ length: DEALS }, (_, at) => ({
      line: at + 1,
      source_id: `d-${at}`,
      fields: { name: `Deal ${at}`, status: 'open' },
    }));
    await test.platform.catalog.records.upsertMany(test.call, { recordType: 'deal', sourceSystem: 'test' }, deals);
    const chunks: Buffer[] = [];
    for await (const chunk of test.platform.backup()) chunks.push(chunk);
    whole = Buffer.concat(chunks);
    lines = zstdDecompressSync(whole).toString().split('\n');
    await test.close();
  });
  afterAll(async () => {
    await observability.close();
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Into a new database of a PostgreSQL that runs, whose address it resolves to. */
  const newDatabase = async (): Promise<string> => {
    const { host, port, user, password } = cluster.connections.owner;
    const name = `restored_${randomUUID().replaceAll('-', '')}`;
    const client = new pg.Client({ ...cluster.connections.owner, database: 'postgres' });
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    return `postgres://${user}:${encodeURIComponent(password)}@localhost:${port}/${name}?host=${encodeURIComponent(host)}`;
  };
  const restore = async (bytes: Buffer, { database, progress }: { database?: string; progress?: RestoreBackupOptions['progress'] } = {}) =>
    restoreBackup({
      configuration: parseConfiguration({
        env: { SOPHIA_DATABASE: 'postgres', SOPHIA_DATABASE_URL: database ?? (await newDatabase()) },
        arguments: { 'data-dir': join(folder, randomUUID()) },
        file: 'log:\n  level: error\n',
      }),
      backup: Readable.from([bytes]),
      version: 'test',
      observability,
      progress,
    });
  /** Without the checksum of all: what each line says is judged by itself, too. */
  const packed = (changed: readonly string[]): Buffer => zstdCompressSync(changed.join('\n').replace(/,"crc32":\d+\}\}/, '}}'));
  const replaced = (from: string | RegExp, to: string): Buffer => {
    const index = lines.findIndex((line) => line.search(from) >= 0);
    expect(index, String(from)).toBeGreaterThanOrEqual(0);
    return packed(lines.with(index, (lines[index] ?? '').replace(from, to)));
  };
  const firstOfLog = (): number => lines.findIndex((line) => line.startsWith('{"log"'));
  const flipped = (at: number): Buffer => {
    const bytes = Buffer.from(whole);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
    return bytes;
  };

  it.each<readonly [string, () => Buffer]>([
    ['no byte', () => Buffer.alloc(0)],
    ['another file', () => Buffer.from('source_id,name\n1,a\n')],
    ['a first line that is null', () => packed(['null', ...lines.slice(1)])],
    ['cut in its first bytes', () => whole.subarray(0, 10)],
    ['cut in the middle', () => whole.subarray(0, Math.floor(whole.length / 2))],
    ['a bit flipped at its beginning', () => flipped(2)],
    ['a bit flipped in the middle', () => flipped(Math.floor(whole.length / 2))],
    ['a letter changed in a row that is well formed all the same', () => zstdCompressSync(lines.join('\n').replace('Deal 7"', 'Deal 8"'))],
    ['no last line', () => packed(lines.slice(0, -2))],
    ['fewer rows than it says', () => packed(lines.filter((line) => !line.includes('"d-7"')))],
    ['a row that is no JSON', () => replaced(/^\{"id":/, '{"id"')],
    ['a row with a value that its column does not take', () => replaced(/"record_type":"deal"/, '"record_type":null')],
    ['a column that is none', () => replaced(/"columns":\["id"/, '"columns":["nothing_of_ours"')],
    ['a table line without columns', () => replaced(/"columns":\[.*\]/, '"columns":7')],
    ['a column whose name is none', () => replaced(/"columns":\["id"/, '"columns":["id\\" from"')],
    ['no log', () => packed(lines.filter((line) => !line.startsWith('{"log"')))],
    ['of the log but its first line', () => packed(lines.filter((line, at) => !line.startsWith('{"log"') || at === firstOfLog()))],
    ['an event before its tick', () => packed(lines.filter((line) => !line.startsWith('{"log":{"tick"')))],
    ['a tick that is no number', () => replaced(/"log":\{"tick":\d+/, '"log":{"tick":"one"')],
    ['an event with a version that is none', () => replaced(/^(\{"log":\{"event".*?"version":)\d+/, '$1"one"')],
    ['a model outside its folder', () => packed([lines[0] ?? '', '{"model":"../models2/x.yaml","text":""}', ...lines.slice(1)])],
  ])('is refused: %s', async (_, bytes) => {
    await expect(restore(bytes())).rejects.toMatchObject({ code: 'backup_damaged' });
  });

  it('of a later form, or with a table or sequence of a later version, is told as that', async () => {
    await expect(restore(replaced(/"sophia_backup":1/, '"sophia_backup":2'))).rejects.toMatchObject({ code: 'backup_newer' });
    await expect(restore(replaced(/"table":"workspace"/, '"table":"of_tomorrow"'))).rejects.toMatchObject({ code: 'backup_newer' });
    await expect(restore(replaced(/"sequence":"record_id"/, '"sequence":"of_tomorrow"'))).rejects.toMatchObject({ code: 'backup_newer' });
  });

  it('of an earlier version has rejected rows that were repaired to another id, which are of the record that they name', async () => {
    const at = lines.findIndex((line) => line.startsWith('{"table":"dead_letter"'));
    const { columns } = JSON.parse(lines[at] ?? '') as { readonly columns: readonly string[] };
    const { workspace } = JSON.parse(lines.find((line) => line.includes('"d-7"')) ?? '') as { readonly workspace: number };
    const common = { id: 1, workspace, state: 'repaired', record_type: 'deal', source_system: 'test', source_id: 'before', line: 1 };
    const payload = JSON.stringify({ source_id: ' d-7 ', fields: {} });
    const times = { created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' };
    const letter = { ...common, ...times, code: 'invalid_money', errors: [], payload, fingerprint: 'f', attempts: 1 };
    const table = { table: 'dead_letter', columns: columns.filter((column) => column !== 'record_version') };
    const counted = lines.map((line) => line.replace(/^\{"end":\{"rows":(\d+)/, (_, rows) => `{"end":{"rows":${Number(rows) + 1}`));
    const database = await newDatabase();
    await restore(packed(counted.toSpliced(at, 1, JSON.stringify(table), JSON.stringify(letter))), { database });
    const client = new pg.Client(database);
    await client.connect();
    await client.query(`select set_config('sophia.workspaces', $1, false)`, [`${workspace}`]);
    const { rows: letters } = await client.query('select source_id from dead_letter');
    await client.end();
    expect(letters).toEqual([{ source_id: 'd-7' }]);
  });

  it('whole it is restored, with every row and event, into a database that is empty', async () => {
    const told: BackupCounts[] = [];
    const database = await newDatabase();
    const { events, rows } = await restore(whole, { database, progress: (counts) => told.push(counts) });
    expect([events >= DEALS, rows > DEALS]).toEqual([true, true]);
    expect(told).toContainEqual({ rows, events: 1_000 });
    expect(told.map((counts) => counts.rows)).toEqual(told.map((counts) => counts.rows).sort((one, other) => one - other));
    await expect(restore(whole, { database })).rejects.toMatchObject({ code: 'log_not_empty' });
  });
});
