import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chunks, collect } from '../testing/chunks.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { openSource } from './open-source.ts';
import { readParquet } from './read-parquet.ts';

/** Files by Arrow, since DuckDB writes no decimal of more than 38 digits: `id` with `amount decimal(50,4)` and with a list of `price` of that type. */
const LONG_DECIMALS = {
  amount:
    'UEFSMRUAFRYVFiwVAhUAFQYVBhwAAAACAAAAAgEBAAAAMRUAFTYVNiwVAhUAFQYVBhwAAAACAAAAAgEAAAAAAAAAAAAAAAAAAAAAAAAAOpgVBBk8NQAYBnNj' +
    'aGVtYRUEABUMJQIYAmlkJQBMHAAAABUOFSoVAhgGYW1vdW50JQoVCBVkLFwVCBVkAAAAFgIZHBksJgAcFQwZJQYAGRgCaWQVABYCFjwWPCYISRwVABUAFQIA' +
    'PBYCGQYZJgACAAAAJgAcFQ4ZJQYAGRgGYW1vdW50FQAWAhZcFlwmREkcFQAVABUCADwpBhkmAAIAAAAWmAEWAiYIFpgBACggcGFycXVldC1jcHAtYXJyb3cg' +
    'dmVyc2lvbiAyNi4wLjEZLBwAABwAAADVAAAAUEFSMQ==',
  'lines.list.element.price':
    'UEFSMRUAFRYVFiwVAhUAFQYVBhwAAAACAAAAAgEBAAAAMRUAFUIVQiwVAhUAFQYVBhwAAAACAAAAAgACAAAAAgQAAAAAAAAAAAAAAAAAAAAAAAAAOpgVBBls' +
    'NQAYBnNjaGVtYRUEABUMJQIYAmlkJQBMHAAAADUCGAVsaW5lcxUCFQZMPAAAADUEGARsaXN0FQIANQIYB2VsZW1lbnQVAgAVDhUqFQIYBXByaWNlJQoVCBVk' +
    'LFwVCBVkAAAAFgIZHBksJgAcFQwZJQYAGRgCaWQVABYCFjwWPCYISRwVABUAFQIAPBYCGQYZJgACAAAAJgAcFQ4ZJQYAGUgFbGluZXMEbGlzdAdlbGVtZW50' +
    'BXByaWNlFQAWAhZoFmgmREkcFQAVABUCADwpJgIAGVYAAAAAAgAAABakARYCJggWpAEAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRksHAAA' +
    'HAAAABYBAABQQVIx',
};

let folder = '';
const at = (name: string): string => join(folder, name);

async function writeParquet(name: string, query: string): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`copy (${query}) to '${at('made.parquet')}' (format parquet)`);
  connection.closeSync();
  instance.closeSync();
  await writeFile(at(name), await readFile(at('made.parquet')));
  return at(name);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-parquet-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a Parquet file', () => {
  test('gives every type as JSON has it, without loss', async () => {
    const path = await writeParquet(
      'types.parquet',
      `select 'é"' as t, null::varchar n, true b, 1::tinyint i1, 4294967295::uinteger u4, 9007199254740993::bigint i8,
        12345678901234567890123456789::decimal(38,0) as h, 12.3400::decimal(18,4) d, 0.1::float f, 0.1::double g, 'nan'::double x,
        date '2017-03-01' as day, timestamp '2017-03-01 10:00:00.5' as local, timestamptz '2017-03-01 10:00:00+02' as instant,
        ['a', null] as list, {'a': 1, 'b': [2]} as struct, map {'k': 'v'} as m, '\\xAA\\x00'::blob as bytes, uuid 'b3c1a5e2-0000-4000-8000-000000000000' as id,
        'x "y"' as "quoted "" name"`,
    );
    const source = await openSource({ kind: 'file', path });
    const [row] = await collect(source.rows);
    expect(source.description).toMatchObject({ format: 'parquet', compression: 'none' });
    expect(Object.fromEntries((source.columns ?? []).map((column, index) => [column, Object.values(row?.values ?? [])[index]]))).toEqual({
      t: 'é"',
      n: null,
      b: true,
      i1: 1,
      u4: 4294967295,
      i8: '9007199254740993',
      h: '12345678901234567890123456789',
      d: '12.3400',
      f: 0.1,
      g: 0.1,
      x: null,
      day: '2017-03-01',
      local: '2017-03-01 10:00:00.5',
      instant: '2017-03-01 08:00:00+00',
      list: ['a', null],
      struct: { a: 1, b: [2] },
      m: { k: 'v' },
      bytes: 'qgA=',
      id: 'b3c1a5e2-0000-4000-8000-000000000000',
      'quoted " name': 'x "y"',
    });
    await source.close();
  });

  test('keeps long integers apart within lists and structs', async () => {
    const path = await writeParquet(
      'long.parquet',
      `select [1234567890123456789, 7] as list, {'a': 18446744073709551615::ubigint, 'b': ['-9223372036854775808'::bigint]} as struct,
        map {'k': 9007199254740993::bigint} as m`,
    );
    const source = await openSource({ kind: 'file', path });
    expect(await collect(source.rows)).toEqual([
      {
        line: 1,
        values: [['1234567890123456789', 7], { a: '18446744073709551615', b: ['-9223372036854775808'] }, { k: '9007199254740993' }],
      },
    ]);
    await source.close();
  });

  test('keeps decimals and short floats within lists, structs and maps as they are', async () => {
    const path = await writeParquet(
      'nested.parquet',
      `select {'a': 12345678901234.4999::decimal(18,4), 'b "c': [90071992547409.9312::decimal(18,4), 12.5]} as struct,
        [12345678901234567890.12::decimal(22,2), null] as list, map {'k': 0.1::decimal(38,20)} as m,
        [0.1::float, null, {'x': 1}.x::float] as floats, {'f "g': 0.1::float, 't': ['x'], 'n': map {0.5::float: 0.2::float}} as mixed,
        0.25::double as d, 9007199254740993::bigint as i`,
    );
    const source = await openSource({ kind: 'file', path });
    expect(await collect(source.rows)).toEqual([
      {
        line: 1,
        values: [
          { a: '12345678901234.4999', 'b "c': ['90071992547409.9312', 12.5] },
          ['12345678901234567890.12', null],
          { k: 0.1 },
          [0.1, null, 1],
          { 'f "g': 0.1, t: ['x'], n: { '0.5': 0.2 } },
          0.25,
          '9007199254740993',
        ],
      },
    ]);
    await source.close();
  });

  test.each([
    ['long integers', '9007199254740993::bigint', '9007199254740993'],
    ['decimals', '12345678901234.4999::decimal(18,4)', '12345678901234.4999'],
    ['short floats', '0.1::float', 0.1],
  ])('keeps %s as they are in a map that is the only column', async (_, written, read) => {
    const source = await openSource({ kind: 'file', path: await writeParquet('map.parquet', `select map {'k': ${written}} as m`) });
    expect(await collect(source.rows)).toEqual([{ line: 1, values: [{ k: read }] }]);
    await source.close();
  });

  test('has Infinity as a text, which no number is, and so has NaN within a list or struct', async () => {
    const path = await writeParquet(
      'odd.parquet',
      `select * from (values
        (1.5::double, 'inf'::float, [1.5::double], {'t': 'NaN "'}), ('-inf', 0.1, [2.5], {'t': '[\\'}),
        (1, 1, ['nan'::double, '-inf', 1.5], {'t': 'NaN, -Infinity'}), ('inf', null, null, null)) t(a, b, list, struct)`,
    );
    const source = await openSource({ kind: 'file', path });
    expect(await collect(source.rows)).toEqual([
      { line: 1, values: [1.5, 'Infinity', [1.5], { t: 'NaN "' }] },
      { line: 2, values: ['-Infinity', 0.1, [2.5], { t: '[\\' }] },
      { line: 3, values: [1, 1, ['NaN', '-Infinity', 1.5], { t: 'NaN, -Infinity' }] },
      { line: 4, values: ['Infinity', null, null, null] },
    ]);
    await source.close();
  });

  test('has no value where a number is NaN, and tells the columns that hold it, beyond the first rows too', async () => {
    const path = await writeParquet(
      'nan.parquet',
      `select i, case when i = 20000 then 'nan'::double else i / 2 end as a, 0.5::double as b,
        case when i % 2 = 1 then 'nan'::float else 0.1::float end as "c ""d", 'NaN' as t from range(20001) t(i)`,
    );
    const source = await openSource({ kind: 'file', path });
    expect(source.description.assumptions).toEqual([expect.stringContaining('NaN in a, c "d was taken for no value')]);
    const rows = await collect(source.rows);
    expect(rows.slice(0, 2).map(({ values }) => values)).toEqual([
      ['0', 0, 0.5, 0.1, 'NaN'],
      ['1', 0.5, 0.5, null, 'NaN'],
    ]);
    expect(rows.at(-1)?.values).toEqual(['20000', null, 0.5, 0.1, 'NaN']);
    await source.close();
  });

  test('is read some rows at a time, with its progress', async () => {
    const path = await writeParquet('many.parquet', 'select i, i % 7 as seven from range(100000) t(i)');
    const source = await openSource({ kind: 'file', path }, { sampleRows: 5 });
    const begun = source.progress();
    expect(begun.bytesRead).toBeLessThan(begun.bytesTotal ?? 0);
    let lines = 0;
    for await (const batch of source.rows) {
      expect(batch.length).toBeLessThan(10_000);
      lines += batch.length;
      expect(batch.at(-1)?.line).toBe(lines);
    }
    expect(lines).toBe(100_000);
    expect(source.progress().bytesRead).toBe(source.progress().bytesTotal);
    await source.close();
    await source.close();
  });

  test('may have no rows, and any name', async () => {
    const path = await writeParquet("a [b] *'c.parquet", 'select 1 as a where false');
    const source = await openSource({ kind: 'file', path });
    expect(source.columns).toEqual(['a']);
    expect(await collect(source.rows)).toEqual([]);
    expect(source.progress().bytesRead).toBe(source.progress().bytesTotal);
    await source.close();
  });

  test('from a stream, or packed, is kept in a file while it is read', async () => {
    const content = await readFile(await writeParquet('stream.parquet', 'select 1 as a'));
    const spool = { directory: folder };
    const before = await readdir(folder);
    for (const bytes of [content, gzipSync(content)]) {
      const source = await openSource(
        { kind: 'stream', stream: chunks(bytes), ...(bytes === content ? { size: bytes.length } : {}) },
        { spool: { ...spool, maxBytes: content.length } },
      );
      expect(source.progress().bytesTotal).toBe(bytes.length);
      expect(await collect(source.rows)).toMatchObject([{ line: 1, values: [1] }]);
      await source.close();
    }
    expect(await readdir(folder)).toEqual(before);
    const tooLong = openSource({ kind: 'stream', stream: chunks(content) }, { spool: { ...spool, maxBytes: content.length - 1 } });
    await expect(tooLong).rejects.toMatchObject({ code: 'payload_too_large' });
    await expect(openSource({ kind: 'stream', stream: chunks(content) })).rejects.toMatchObject({ code: 'unknown_format' });
    expect(await readdir(folder)).toEqual(before);
  });

  test('that is damaged fails, at once or where it is damaged', async () => {
    const content = await readFile(await writeParquet('good.parquet', 'select i, md5(i::varchar) as h from range(500000) t(i)'));
    await writeFile(at('cut.parquet'), content.subarray(0, content.length - 100));
    await expect(openSource({ kind: 'file', path: at('cut.parquet') })).rejects.toMatchObject({ code: 'source_damaged' });
    const broken = Buffer.from(content);
    broken.fill(0xff, Math.floor(content.length * 0.6), Math.floor(content.length * 0.8));
    await writeFile(at('broken.parquet'), broken);
    const source = await openSource({ kind: 'file', path: at('broken.parquet') }, { sampleRows: 1 });
    await expect(collect(source.rows)).rejects.toMatchObject({ code: 'source_damaged' });
    await source.close();
  });

  test('has rows that are refused by themselves: of too many values, too long, too deep', async () => {
    const path = await writeParquet(
      'members.parquet',
      `select [i for i in range(n)] as list, repeat('x', length) as text, (repeat('[', depth) || repeat(']', depth))::json as deep
        from (values (9990, 0, 5), (10001, 0, 1), (1, 200000, 1), (1, 0, 64), (1, 0, 63)) t(n, length, depth)`,
    );
    const source = await openSource({ kind: 'file', path }, { limits: { rowBytes: 100_000 } });
    const rows = await collect(source.rows);
    expect(rows.map(({ line, errors }) => [line, errors?.[0]?.code])).toEqual([
      [1, undefined],
      [2, 'too_many_fields'],
      [3, 'row_too_long'],
      [4, 'json_too_deep'],
      [5, undefined],
    ]);
    await source.close();
  });

  test('of rows that memory has no room for is refused as such', async () => {
    const path = await writeParquet('heavy.parquet', `select repeat('x', 170000000) as text`);
    const source = openSource({ kind: 'file', path });
    await expect(source.then(({ rows }) => collect(rows))).rejects.toMatchObject({
      code: 'payload_too_large',
      message: expect.stringContaining('write it with fewer rows'),
    });
  });

  test('of too many columns is refused', async () => {
    const path = await writeParquet('wide.parquet', 'select 1 as a, 2 as b, 3 as c');
    await expect(readParquet({ path, name: 'wide.parquet' }, { ...DEFAULT_LIMITS, columns: 2 })).rejects.toMatchObject({
      code: 'too_many_columns',
    });
  });

  test('of decimals longer than DuckDB reads them is refused, be they within lists', async () => {
    for (const [column, content] of Object.entries(LONG_DECIMALS)) {
      await writeFile(at('long-decimals.parquet'), Buffer.from(content, 'base64'));
      await expect(openSource({ kind: 'file', path: at('long-decimals.parquet') })).rejects.toMatchObject({
        code: 'unsupported_column_type',
        message: `The column ${column} is a decimal of 50 digits, of which at most 38 are read. Write it as decimal(38, s), or as text.`,
        details: { column, precision: 50 },
      });
    }
  });

  test('may have columns that differ only in case: they keep their names, and a name that repeats gets a number', async () => {
    const path = await writeParquet('case.parquet', `select 1 as "I64", [2] as xyz, 3 as uvw, 4 as "n "`);
    const content = (await readFile(path)).toString('latin1').replace(/xyz|uvw/g, 'i64'); // DuckDB would not write it so.
    await writeFile(path, Buffer.from(content, 'latin1'));
    const source = await openSource({ kind: 'file', path });
    expect(source.columns).toEqual(['I64', 'i64', 'i64_2', 'n ']);
    expect(await collect(source.rows)).toEqual([{ line: 1, values: [1, [2], 3, 4] }]);
    await source.close();
  });

  test('holds what it holds, whatever the folders that it lies in are called', async () => {
    const path = await writeParquet('part.parquet', 'select 1 as a, 2018 as year');
    await mkdir(at('year=2017/month=3'), { recursive: true });
    await rename(path, at('year=2017/month=3/part.parquet'));
    const source = await openSource({ kind: 'file', path: at('year=2017/month=3/part.parquet') });
    expect(source.columns).toEqual(['a', 'year']);
    expect(await collect(source.rows)).toEqual([{ line: 1, values: [1, 2018] }]);
    await source.close();
  });

  test('that is damaged is called by its name, not by where it is kept meanwhile', async () => {
    const stream = (): AsyncGenerator<Buffer> => chunks('PAR1, and no Parquet file');
    const spool = { directory: folder };
    await expect(openSource({ kind: 'stream', stream: stream(), name: 'deals.parquet' }, { spool })).rejects.toMatchObject({
      code: 'source_damaged',
      message: "The Parquet file cannot be read: Invalid Input Error: No magic bytes found at end of file 'deals.parquet'",
    });
    await expect(openSource({ kind: 'stream', stream: stream() }, { spool })).rejects.toMatchObject({
      message: expect.stringContaining("at end of file 'the stream'"),
    });
  });
});
