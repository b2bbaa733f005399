import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { SophiaError } from '@sophia/shared';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chunks, collect } from '../testing/chunks.ts';
import { CITIES } from '../testing/cities.ts';
import { readAll } from '../testing/read-all.ts';
import { openSource } from './open-source.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-sources-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a stream may give plain bytes', async () => {
  async function* stream() {
    yield new Uint8Array(Buffer.from('{"a":1}'));
  }
  const source = await openSource({ kind: 'stream', stream: stream() });
  expect(source.sample).toMatchObject([{ values: { a: 1 } }]);
  await source.close();
});

test('a stream that is not asked to its end is closed', async () => {
  let isClosed = false;
  async function* stream() {
    try {
      for (;;) yield Buffer.from('{"a":1}\n');
    } finally {
      isClosed = true;
    }
  }
  const source = await openSource({ kind: 'stream', stream: stream(), contentType: 'application/x-ndjson' }, { sampleRows: 0 });
  await source.close();
  expect(isClosed).toBe(true);
});

describe('a stream whose sender says that it ended too early', () => {
  async function* failing(content: string | Buffer, size?: number, error: Error = new SophiaError('tap_failed', 'the sender gave up')) {
    yield* chunks(content, size);
    throw error;
  }
  const LINES = '{"a":1}\n{"a":2}\n';
  test.each<[string, string | Buffer, number?]>([
    ['a table', 'a\n1\n2\n'],
    ['a table that ends within a cell', 'a\n1\n2\n"3'],
    ['a table in UTF-16', Buffer.from('\uFEFFa\n1\n2\n', 'utf16le')],
    ['a table with returns for lines', 'a\r1\r2\r'],
    ['lines of objects', LINES],
    ['an array', '[{"a":1},{"a":2},{"a"'],
    ['a packed file', gzipSync(LINES), 7],
    ['a packed file that is not whole', zstdCompressSync(LINES, { params: { 201: 1 } }).subarray(0, -4)],
  ])('gives the rows before: %s', async (_, content, size) => {
    for (const sampleRows of [undefined, 0, 1]) {
      const source = await openSource({ kind: 'stream', stream: failing(content, size) }, { sampleRows });
      const values: unknown[] = [];
      const reading = (async () => {
        for await (const batch of source.rows) for (const row of batch) values.push(Number(Object.values(row.values)[0]));
      })();
      await expect(reading).rejects.toThrow('the sender gave up');
      expect(values).toEqual([1, 2]);
      await source.close();
    }
  });

  test('before any row fails at once', async () => {
    for (const content of ['', 'a', 'a\n', '[{"a"'])
      await expect(openSource({ kind: 'stream', stream: failing(content) })).rejects.toThrow('the sender gave up');
  });

  test('is told from one that breaks, which fails at once where it is short', async () => {
    const broken = failing(LINES, undefined, new Error('the connection broke'));
    await expect(openSource({ kind: 'stream', stream: broken })).rejects.toThrow('the connection broke');
  });
});

describe('formats', () => {
  test.each<[string, string, string | undefined, string]>([
    ['an array', '[{"a":1}]', undefined, 'json'],
    ['one object', '{"a":1}', undefined, 'json'],
    ['one object over lines', '{"a":\n1}', undefined, 'json'],
    ['lines of objects', '{"a":1}\n{"a":2}\n', undefined, 'ndjson'],
    ['a table', 'a,b\n1,2\n', undefined, 'csv'],
    ['a name', 'a\tb\n1\t2\n', 'x.TSV', 'tsv'],
    ['a name of a packed file', '{"a":1}', 'x.jsonl.gz', 'ndjson'],
    ['a name that says nothing', 'a;b\n1;2\n', 'x.txt', 'csv'],
  ])('are found out by %s', async (_, content, name, format) => {
    const { source } = await readAll(content, name === undefined ? {} : { name });
    expect(source.description.format).toBe(format);
    expect(source.name).toBe(name);
  });

  test('are told by the media type', async () => {
    const open = async (content: string, contentType: string) => {
      const source = await openSource({ kind: 'stream', stream: chunks(content), contentType, size: content.length });
      const rows = await collect(source.rows);
      await source.close();
      return { format: source.description.format, rows: rows.length, progress: source.progress() };
    };
    expect(await open('{"a":1}', 'application/x-ndjson; charset=utf-8')).toEqual({
      format: 'ndjson',
      rows: 1,
      progress: { bytesRead: 7, bytesTotal: 7 },
    });
    expect(await open('a|b\n1|2\n', 'text/csv')).toMatchObject({ format: 'csv', rows: 1 });
    expect(await open('{"a":1}', 'application/octet-stream')).toMatchObject({ format: 'json', rows: 1 });
  });

  test('Parquet is known by its beginning only', async () => {
    await expect(readAll('a,b\n', { name: 'x.parquet' })).rejects.toMatchObject({ code: 'unknown_format' });
    await expect(readAll('PAR1', {})).rejects.toMatchObject({ code: 'unknown_format' });
  });
});

describe('contents that have no rows', () => {
  const binary = (text: string) => Buffer.from(text, 'latin1');
  test.each([
    [
      'a workbook',
      binary('PK\x03\x04\x14\0\x06\0'),
      'This is a zip archive, as an Excel workbook is one; unpack it, or save the sheet as CSV.',
    ],
    ['an encrypted Parquet file', binary('PARE\x21\0\0\0\x9f'), 'This is a Parquet file with an encrypted footer'],
    ['an ORC file', binary('ORC\x13\0\0\n\x07\x12\x05\x08\xe8\x07P\0'), 'This is an ORC file; write it as Parquet.'],
    ['an Arrow file', binary('ARROW1\0\0\xff\xff\xff\xff\xb0\0\0\0'), 'This is an Arrow or Feather file; write it as Parquet.'],
    ['an Arrow stream', binary('\xff\xff\xff\xff\xb0\x01\0\0\x10\0\0\0'), 'This is an Arrow or Feather file'],
    ['an old Feather file', binary('FEA1\0\0\0\0\x01'), 'This is an Arrow or Feather file'],
    ['an LZ4 file', binary('\x04"M\x18dp\xb9'), 'This is compressed in a way that is not read; gzip and zstd are.'],
    ['a gzip file packed again', gzipSync(gzipSync('id\n1\n')), 'This is compressed twice; unpack it once.'],
    ['a zstd file packed again', gzipSync(zstdCompressSync('id\n1\n')), 'This is compressed twice; unpack it once.'],
    ['an SQLite database', binary('SQLite format 3\0\x10'), 'This is an SQLite database; export its tables as CSV.'],
    ['a page', '\n<!DOCTYPE html><html>', 'This is an HTML page.'],
    ['a page without a declaration', '<HTML lang="en">', 'This is an HTML page.'],
  ])('are refused: %s', async (_, content, message) => {
    await expect(readAll(content, { name: 'x.csv' })).rejects.toMatchObject({
      code: 'unknown_format',
      message: expect.stringContaining(message),
    });
  });

  test.each([
    'PKG,ORC\n1,2\n',
    'PARENT\n1\n',
    'ORCID,b\n1,2\n',
    'ORCID;Pr\u00e9nom\n1;2\n',
    'Obj\u00e9t\n1\n',
    'SQLi\n1\n',
    'ARROW1,b\n1,2\n',
    'FEA1\n1\n',
    'PK\n1\n',
    '<html>'.slice(1),
  ])('are not taken for what only begins alike: %j', async (content) => {
    expect((await readAll(content)).source.description.format).toBe('csv');
  });

  test('are not taken for what only begins alike in an old encoding', async () => {
    expect((await readAll(binary('PK\x80,b\n1,2\n'))).source.description.format).toBe('csv');
  });
});

describe('samples', () => {
  test('hold the first rows, which come again', async () => {
    const content = `id,name\n${Array.from({ length: 30_000 }, (_, i) => `${i},n`).join('\n')}\n`;
    const source = await openSource({ kind: 'stream', stream: chunks(content) }, { sampleRows: 10 });
    expect(source.sample).toHaveLength(10);
    expect(source.sample[9]?.values).toEqual(['9', 'n']);
    expect(await collect(source.rows)).toHaveLength(30_000);
    await source.close();
    expect((await readAll(content)).source.sample).toHaveLength(10_000);
  });

  test('hold few rows where rows are long', async () => {
    const content = `id,name\n${`1,${'x'.repeat(100_000)}\n`.repeat(300)}`;
    const { source, rows } = await readAll(content);
    expect(source.sample.length).toBeLessThan(200);
    expect(rows).toHaveLength(300);
  });

  test('are not waited for where they are not wanted', async () => {
    async function* endless() {
      yield Buffer.from('{"a":1}\n');
      await new Promise(() => {});
    }
    const source = await openSource({ kind: 'stream', stream: endless(), contentType: 'application/x-ndjson' }, { sampleRows: 0 });
    const iterator = source.rows[Symbol.asyncIterator]();
    expect(await iterator.next()).toMatchObject({ value: [{ line: 1, values: { a: 1 } }] });
  });
});

describe('files', () => {
  test('tell how far they are read', async () => {
    const path = join(folder, 'cities.csv');
    await writeFile(path, CITIES);
    const source = await openSource({ kind: 'file', path });
    expect(source.name).toBe('cities.csv');
    expect(await collect(source.rows)).toHaveLength(2);
    expect(source.progress()).toEqual({ bytesRead: Buffer.byteLength(CITIES), bytesTotal: Buffer.byteLength(CITIES) });
    await source.close();
  });

  test('can be left before their end', async () => {
    const path = join(folder, 'long.csv');
    await writeFile(path, `id\n${'1\n'.repeat(400_000)}`);
    const source = await openSource({ kind: 'file', path }, { sampleRows: 1 });
    await source.close();
    expect(source.progress().bytesRead).toBeLessThan(800_000);
  });

  test('that are not there, or no files, are refused', async () => {
    await expect(openSource({ kind: 'file', path: join(folder, 'none.csv') })).rejects.toMatchObject({ code: 'source_not_found' });
    await expect(openSource({ kind: 'file', path: join(folder, 'cities.csv', 'x') })).rejects.toMatchObject({ code: 'source_not_found' });
    await expect(openSource({ kind: 'file', path: '/proc/self/mem' })).rejects.toMatchObject({
      code: 'source_unreadable',
      message: expect.stringContaining('EIO'),
    });
    await expect(openSource({ kind: 'file', path: folder })).rejects.toMatchObject({ code: 'source_unreadable' });
    await expect(openSource({ kind: 'file', path: join(folder, 'x'.repeat(5000)) })).rejects.toMatchObject({ code: 'source_unreadable' });
    expect(await readdir(folder)).not.toContain('none.csv');
  });
});
