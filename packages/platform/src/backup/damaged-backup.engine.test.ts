import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { createObservability, type Observability } from '@sophia/observability';
import { parseConfiguration } from '@sophia/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestPlatform } from '../testing/test-platform.ts';
import { restoreBackup } from './restore.ts';

const DEALS = 300;

describe('a backup that is damaged', () => {
  let whole: Buffer;
  let lines: string[];
  let folder: string;
  let observability: Observability;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sophia-damaged-'));
    observability = createObservability({ service: 'test', version: 'test', logLevel: 'fatal', destination: { write: () => undefined } });
    const test = await openTestPlatform();
    for (let deal = 0; deal < DEALS; deal += 1) await test.write('deal', `d-${deal}`, { name: `Deal ${deal}`, status: 'open' });
    const chunks: Buffer[] = [];
    for await (const chunk of test.platform.backup()) chunks.push(chunk);
    whole = Buffer.concat(chunks);
    lines = zstdDecompressSync(whole).toString().split('\n');
    await test.close();
  });
  afterAll(async () => {
    await observability.close();
    await rm(folder, { recursive: true, force: true });
  });

  const restore = (bytes: Buffer) =>
    restoreBackup({
      configuration: parseConfiguration({ env: {}, arguments: { 'data-dir': join(folder, randomUUID()) }, file: 'log:\n  level: error\n' }),
      backup: Readable.from([bytes]),
      version: 'test',
      observability,
    });
  const packed = (changed: readonly string[]): Buffer => zstdCompressSync(changed.join('\n'));
  const replaced = (from: string | RegExp, to: string): Buffer => {
    const index = lines.findIndex((line) => line.search(from) >= 0);
    expect(index, String(from)).toBeGreaterThanOrEqual(0);
    return packed(lines.with(index, (lines[index] ?? '').replace(from, to)));
  };
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
    ['a bit flipped in its checksum', () => flipped(whole.length - 1)],
    ['no last line', () => packed(lines.slice(0, -2))],
    ['fewer rows than it says', () => packed(lines.filter((line) => !line.includes('"d-7"')))],
    ['a row that is no JSON', () => replaced(/^\{"id":/, '{"id"')],
    ['a row with a value that its column does not take', () => replaced(/"record_type":"deal"/, '"record_type":null')],
    ['a column that is none', () => replaced(/"columns":\["id"/, '"columns":["nothing_of_ours"')],
    ['a table line without columns', () => replaced(/"columns":\[.*\]/, '"columns":7')],
    ['an event before its tick', () => packed(lines.filter((line) => !line.startsWith('{"log":{"tick"')))],
    ['a tick that is no number', () => replaced(/"log":\{"tick":\d+/, '"log":{"tick":"one"')],
    ['an event with a version that is none', () => replaced(/^(\{"log":\{"event".*?"version":)\d+/, '$1"one"')],
    ['a model outside its folder', () => packed([lines[0] ?? '', '{"model":"../models2/x.yaml","text":""}', ...lines.slice(1)])],
  ])('is refused: %s', async (_, bytes) => {
    await expect(restore(bytes())).rejects.toMatchObject({ code: 'backup_damaged' });
  });

  it('of a later form or with a table of a later version is told as that', async () => {
    await expect(restore(replaced(/"sophia_backup":1/, '"sophia_backup":2'))).rejects.toMatchObject({ code: 'backup_newer' });
    await expect(restore(replaced(/"table":"workspace"/, '"table":"of_tomorrow"'))).rejects.toMatchObject({ code: 'backup_newer' });
  });

  it('whole it is restored, with every row and event', async () => {
    const { events, rows } = await restore(whole);
    expect([events >= DEALS, rows > DEALS]).toEqual([true, true]);
  });
});
