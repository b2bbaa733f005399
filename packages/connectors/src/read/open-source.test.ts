import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import iconv from 'iconv-lite';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { chunks, collect } from '../testing/chunks.ts';
import { readAll } from '../testing/read-all.ts';
import { openSource } from './open-source.ts';

/** Many cases, on a machine that may be busy. */
vi.setConfig({ testTimeout: 30_000 });

const TABLE = 'id,city\n1,Köln\n2,Łódź\n';
const ROWS = [
  [2, ['1', 'Köln']],
  [3, ['2', 'Łódź']],
];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-sources-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('compression', () => {
  test.each([
    ['none', Buffer.from(TABLE)],
    ['gzip', gzipSync(TABLE)],
    ['zstd', zstdCompressSync(TABLE)],
  ])('%s is told by the first bytes', async (compression, content) => {
    for (const chunk of [1, 7, 1000]) {
      const { source, brief } = await readAll(content, {}, chunk);
      expect(source.description.compression).toBe(compression);
      expect(brief).toEqual(ROWS);
      expect(source.progress()).toEqual({ bytesRead: content.length, bytesTotal: null });
    }
  });

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('%s in several parts is read to its end', async (_, pack) => {
    const rows = Buffer.concat([pack(Buffer.from('id\n')), pack(Buffer.from('1\n2\n')), pack(Buffer.from('3\n'))]);
    for (const chunk of [1, 10, 1000]) expect((await readAll(rows, { header: true }, chunk)).rows).toHaveLength(3);
  });

  test.each([
    ['gzip', gzipSync(TABLE.repeat(5_000))],
    ['zstd', zstdCompressSync(TABLE.repeat(5_000))],
  ])('%s that is cut off, or broken, fails', async (_, content) => {
    await expect(readAll(content.subarray(0, content.length - 6))).rejects.toMatchObject({ code: 'source_damaged' });
    const broken = Buffer.from(content);
    const middle = Math.floor(content.length / 2);
    broken.fill(0x55, middle, middle + 20);
    await expect(readAll(broken)).rejects.toMatchObject({ code: 'source_damaged' });
  });

  test('is left off when the rows are no longer wanted', async () => {
    const content = gzipSync(`id,city\n${'1,Köln\n'.repeat(200_000)}`);
    let taken = 0;
    async function* slowly() {
      for await (const chunk of chunks(content, 512)) {
        taken += chunk.length;
        yield chunk;
      }
    }
    const source = await openSource({ kind: 'stream', stream: slowly() }, { sampleRows: 1 });
    for await (const batch of source.rows) {
      expect(batch.length).toBeGreaterThan(0);
      break;
    }
    await source.close();
    expect(taken).toBeLessThan(content.length);
  });

  test('an error of the stream comes out as it is', async () => {
    const packed = gzipSync(TABLE.repeat(1000));
    async function* failing() {
      yield packed.subarray(0, 40);
      throw new Error('connection reset');
    }
    await expect(openSource({ kind: 'stream', stream: failing() })).rejects.toThrow('connection reset');
  });
});

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

describe('encodings', () => {
  test.each<[string, Buffer, string, boolean]>([
    ['UTF-8', Buffer.from(TABLE), 'utf-8', true],
    ['UTF-8 with a mark', iconv.encode(TABLE, 'utf-8', { addBOM: true }), 'utf-8', true],
    ['UTF-16 with a mark', iconv.encode(TABLE, 'utf-16le', { addBOM: true }), 'utf-16le', true],
    ['UTF-16 big-endian with a mark', iconv.encode(TABLE, 'utf-16be', { addBOM: true }), 'utf-16be', true],
    ['UTF-32 with a mark', iconv.encode(TABLE, 'utf-32le', { addBOM: true }), 'utf-32le', true],
    ['UTF-16 by its zeros', iconv.encode(TABLE, 'utf-16le', { addBOM: false }), 'utf-16le', false],
    ['UTF-16 big-endian by its zeros', iconv.encode(TABLE, 'utf-16be'), 'utf-16be', false],
  ])('%s is found out', async (_, content, name, certain) => {
    for (const chunk of [1, 3, 1000]) {
      const { source, brief } = await readAll(content, {}, chunk);
      expect(source.description.encoding).toMatchObject({ name, certain });
      expect(brief).toEqual(ROWS);
    }
  });

  test('western and Cyrillic letters are guessed, which is said', async () => {
    const german = 'id,ort,straße\n1,Köln,Große Straße\n2,München,Äußere Allee\n3,Düsseldorf,Grüner Weg\n';
    const western = await readAll(iconv.encode(german, 'windows-1252'));
    expect(western.brief[0]).toEqual([2, ['1', 'Köln', 'Große Straße']]);
    expect(western.source.description.encoding).toMatchObject({ name: 'windows-1252', certain: false, reason: 'statistics' });
    expect(western.source.description.assumptions[0]).toMatch(
      /^The encoding looks like windows-1252 \(or .*\); set encoding if letters come out wrong\.$/,
    );
    const russian = 'имя,город\nИван Петров,Москва\nАнна Смирнова,Санкт-Петербург\nОльга Кузнецова,Новосибирск\n';
    const cyrillic = await readAll(iconv.encode(russian, 'windows-1251'));
    expect(cyrillic.brief[0]).toEqual([2, ['Иван Петров', 'Москва']]);
  });

  test.each(['naïve café', 'Société café', 'Nestlé', 'Zoë'])('%s alone is no statistics: it is western', async (name) => {
    for (const rows of [1, 30]) {
      const { brief, source } = await readAll(iconv.encode(`id,name\n${`1,${name}\n`.repeat(rows)}`, 'windows-1252'));
      expect(brief[0]).toEqual([2, ['1', name]]);
      expect(source.description.encoding).toMatchObject({ name: 'windows-1252', certain: false });
    }
  });

  test('one that is set is taken; one that is unknown refused', async () => {
    const content = iconv.encode('ид,город\n1,Москва\n', 'koi8-r');
    expect((await readAll(content, { encoding: 'KOI8-R' })).brief).toEqual([[2, ['1', 'Москва']]]);
    expect((await readAll(Buffer.from('a,b\n1,\u00e9\n', 'latin1'), { encoding: 'latin1' })).brief).toEqual([[2, ['1', 'é']]]);
    expect((await readAll(TABLE, { encoding: 'ascii' })).brief).toEqual(ROWS);
    await expect(readAll('a', { encoding: 'klingon' })).rejects.toMatchObject({ code: 'unknown_encoding' });
  });

  test('rows that are no text in it are broken, the others good', async () => {
    const utf8 = Buffer.concat([Buffer.from(`id,city\n${'1,Köln\n'.repeat(50)}2,`), Buffer.from([0xff, 0xfe]), Buffer.from('\n3,Łódź\n')]);
    const { brief, source } = await readAll(utf8);
    expect(brief.slice(-2)).toEqual([
      [52, 'invalid_encoding'],
      [53, ['3', 'Łódź']],
    ]);
    expect(source.description.encoding).toMatchObject({ name: 'utf-8', certain: false });
    const cut = Buffer.concat([
      iconv.encode('id,city\n1,a\n2,', 'utf-16le', { addBOM: true }),
      Buffer.from([0x00, 0xdc]),
      iconv.encode('\n3,c\n', 'utf-16le'),
    ]);
    expect((await readAll(cut)).brief).toEqual([
      [2, ['1', 'a']],
      [3, 'invalid_encoding'],
      [4, ['3', 'c']],
    ]);
  });

  test('a text that is sent as JSON is UTF-8, with a mark or without', async () => {
    for (const mark of ['', '\ufeff']) {
      const source = await openSource({ kind: 'stream', stream: chunks(`${mark}{"a":1}`), contentType: 'application/json' });
      expect(await collect(source.rows)).toMatchObject([{ values: { a: 1 } }]);
      await source.close();
    }
  });

  test.each(['utf-16le', 'utf-16be', 'utf-32le', 'utf-8'])(
    'a file of JSON, sent as one, is in the encoding that its mark says (%s)',
    async (name) => {
      const object = '{"city":"Köln","note":"a, b"}';
      for (const [file, text] of [
        ['cities.ndjson', `${object}\n${object}\n`],
        ['cities.json', `[${object},\n${object}]`],
      ] as const) {
        for (const chunk of [1, 3, 1000]) {
          const { source, rows } = await readAll(iconv.encode(text, name, { addBOM: true }), { name: file }, chunk);
          expect(source.description.encoding).toMatchObject({ name, certain: true });
          expect(rows.map(({ values }) => values)).toEqual([JSON.parse(object), JSON.parse(object)]);
        }
      }
    },
  );

  test('a body that is no file is UTF-8, whatever it begins with', async () => {
    const stream = chunks(iconv.encode('{"a":1}\n', 'utf-16le', { addBOM: true }));
    const source = await openSource({ kind: 'stream', stream, contentType: 'application/x-ndjson' });
    expect((await collect(source.rows)).map(({ errors }) => errors?.[0]?.code)).toContain('invalid_encoding');
    await source.close();
  });

  test('bytes that are no text at all are still read as some', async () => {
    const { source } = await readAll(Buffer.from([0x80, 0x81, 0x8d, 0x0a, 0x90]));
    expect(source.description.encoding?.certain).toBe(false);
  });

  test('a text whose first part ends within a character is still UTF-8', async () => {
    for (const letter of ['é', '€', '🙂']) {
      for (let shift = 0; shift < 4; shift += 1) {
        const content = `id,text\n1,${'x'.repeat(shift)}${letter.repeat(100_000)}\n2,z\n`;
        const { source } = await readAll(content, {}, 4096);
        expect(source.description.encoding).toMatchObject({ name: 'utf-8', certain: true });
      }
    }
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
    'PK\n1\n',
    '<html>'.slice(1),
  ])('are not taken for what only begins alike: %j', async (content) => {
    expect((await readAll(content)).source.description.format).toBe('csv');
  });

  test('are not taken for what only begins alike in an old encoding', async () => {
    expect((await readAll(binary('PK\x80,b\n1,2\n'))).source.description.format).toBe('csv');
  });
});

describe('tables', () => {
  test.each([
    ['commas', 'a,b\n1,2\n', ','],
    ['semicolons', 'a;b\n1,5;2,5\n', ';'],
    ['tabs', 'a\tb\n1, 2\t3\n', '\t'],
    ['bars', 'a|b\n1|2\n', '|'],
    ['nothing', 'a\n1\n', ','],
    ['bars, better than commas', 'a,b|c|d\n1|2|3\n', '|'],
    ['commas in quotes beside semicolons', '"a,b,c";d\n"e,f,g";h\n', ';'],
  ])('separated by %s', async (_, content, delimiter) => {
    expect((await readAll(content)).source.description.dialect?.delimiter).toBe(delimiter);
  });

  test('in single quotes, with a hint of Excel, with backslashes', async () => {
    const single = await readAll("id,'name'\n1,'a,b'\n2,'c'\n");
    expect(single.brief).toEqual([
      [2, ['1', 'a,b']],
      [3, ['2', 'c']],
    ]);
    const hinted = await readAll('sep=;\r\nid;name\r\n1;a,b\r\n');
    expect(hinted.source.columns).toEqual(['id', 'name']);
    expect(hinted.brief).toEqual([[3, ['1', 'a,b']]]);
    const set = await readAll("1|'a\\'|b'\n", { delimiter: '|', quote: "'", escaping: 'backslash', header: false });
    expect(set.brief).toEqual([[1, ['1', "a'|b"]]]);
    const escaped = await readAll('id,name\n1,"12\\" pipe"\n2,"b"\n');
    expect(escaped.brief[0]).toEqual([2, ['1', '12" pipe']]);
  });

  test.each<[string, string, readonly (readonly [number, string | readonly string[]])[]]>([
    [
      'open one more cell than they close',
      "id,title,n\n1,'Heroes',1\n2,'Hello',2\n3,'Twas the night,3\n4,Imagine,4\n5,Goin',5\n",
      [
        [2, ['1', "'Heroes'", '1']],
        [3, ['2', "'Hello'", '2']],
        [4, ['3', "'Twas the night", '3']],
        [5, ['4', 'Imagine', '4']],
        [6, ['5', "Goin'", '5']],
      ],
    ],
    [
      'would make two cells one',
      "id,title,n\n1,'Heroes',1\n2,'Til Tuesday,Goin'\n",
      [
        [2, ['1', "'Heroes'", '1']],
        [3, ['2', "'Til Tuesday", "Goin'"]],
      ],
    ],
    [
      'would hide an uneven row by swallowing others',
      "id,title\n1,'Heroes'\n2,'Hello'\n3,'Twas,x,y\n4,a\n5,Goin'\n",
      [
        [2, ['1', "'Heroes'"]],
        [3, ['2', "'Hello'"]],
        [4, 'wrong_column_count'],
        [5, ['4', 'a']],
        [6, ['5', "Goin'"]],
      ],
    ],
    ['stand at one cell', "id,title\n1,'Heroes'\n", [[2, ['1', "'Heroes'"]]]],
  ])('with apostrophes that %s keep them, every row for itself', async (_, content, expected) => {
    const { brief, source } = await readAll(content);
    expect(brief).toEqual(expected);
    expect(source.description.dialect?.quote).toBe('"');
  });

  test('with cells of several lines in single quotes', async () => {
    const { brief, source } = await readAll("'id','note'\n'1','a\nb, c'\n'2','d, e'\n");
    expect([source.columns, brief]).toEqual([
      ['id', 'note'],
      [
        [2, ['1', 'a\nb, c']],
        [4, ['2', 'd, e']],
      ],
    ]);
  });

  test('in quotes that are guessed, or escaped in a way that is, say so; set ones do not', async () => {
    const quoted = "id,title\n1,'Heroes'\n2,'a,''b'\n";
    const sentence = "Cells look enclosed in '; set quote if these belong to the values.";
    const guessed = await readAll(quoted);
    expect([guessed.brief[1], guessed.source.description.assumptions]).toEqual([[3, ['2', "a,'b"]], [sentence]]);
    expect((await readAll(quoted, { quote: "'" })).source.description.assumptions).toEqual([]);
    expect((await readAll(quoted, { quote: '"' })).brief[0]).toEqual([2, ['1', "'Heroes'"]]);
    const escaped = 'id,name\n1,"12\\" pipe"\n';
    expect((await readAll(escaped)).source.description.assumptions).toEqual([
      'A quote within a cell looks written as \\"; set escaping if backslashes belong to the values.',
    ]);
    expect((await readAll(escaped, { escaping: 'backslash', delimiter: ',' })).source.description.assumptions).toEqual([]);
    const braced = await readAll('id,name\n1,(a\\(b(\n', { quote: '(' });
    expect([braced.brief, braced.source.description.dialect?.escaping]).toEqual([[[2, ['1', 'a(b']]], 'backslash']);
  });

  test('with old line ends', async () => {
    expect((await readAll('id,name\r1,a\r2,b')).brief).toEqual([
      [2, ['1', 'a']],
      [3, ['2', 'b']],
    ]);
    expect((await readAll('id,name\r1,a\r2,b', {}, 3)).rows).toHaveLength(2);
  });

  test('with a delimiter that is not sure say so', async () => {
    const { source } = await readAll('a,b;c\n1,2;3\n');
    expect(source.description.assumptions).toContain('Cells look separated by ","; set delimiter if not.');
  });

  test.each<[string, string, readonly string[], number]>([
    ['names above values', 'id,name\n1,a\n', ['id', 'name'], 1],
    ['no names', '1,a\n2,b\n', ['column_1', 'column_2'], 2],
    ['names that repeat', 'id,name,name\n1,a,b\n', ['id', 'name', 'name_2'], 1],
    ['words that repeat', 'x,a,a\ny,a,b\n', ['column_1', 'column_2', 'column_3'], 2],
    ['names that are years', 'id,name,2016\nx,a,5\n', ['column_1', 'column_2', 'column_3'], 2],
    ['a column without a name', 'id,,name\n1,a,b\n', ['id', 'column_2', 'name'], 1],
    ['only words', 'first,second\nhello,world\n', ['first', 'second'], 1],
    ['a row that is short', 'id,name\na\nb,1\n', ['id', 'name'], 2],
    ['an address', 'a@example.org,b\nc@example.org,d\n', ['column_1', 'column_2'], 2],
    ['nothing at all', '', [], 0],
    ['an empty first row', ',\n1,2\n', ['column_1', 'column_2'], 2],
  ])('with %s', async (_, content, columns, rows) => {
    const read = await readAll(content);
    expect(read.source.columns).toEqual(columns);
    expect(read.rows).toHaveLength(rows);
  });

  test('have names where it is set, and numbers for those that repeat', async () => {
    const read = await readAll('1,1, name \n2,3,4\n', { header: true });
    expect(read.source.columns).toEqual(['1', '1_2', 'name']);
    expect((await readAll('id,name\n1,a\n', { header: false })).rows).toHaveLength(2);
    expect((await readAll('first,second\nhello,world\n')).source.description.assumptions).toEqual([
      'The first row looks like the names of the columns; set header if not.',
    ]);
    expect((await readAll('a,a\nb,c\n')).source.description.assumptions).toEqual(['The first row looks like data; set header if not.']);
  });

  test.each<[string, string, readonly string[], readonly string[], boolean]>([
    ['names that are years', 'id,name,2016,2017\nx,a,5,6\n', ['id', 'name'], ['id', 'name', '2016', '2017'], true],
    ['names that repeat', 'id, name,name\nx,a,b\n', ['id', 'name_2'], ['id', 'name', 'name_2'], true],
    ['only words', 'id,name\nx,a\n', ['id'], ['id', 'name'], true],
    ['no names, as the mapping knows', 'x,a\ny,b\n', ['column_2'], ['column_1', 'column_2'], true],
    ['other names', 'key,title\n1,a\n', ['id'], ['key', 'title'], true],
    ['other names that look like data', 'key,2016\nx,5\n', ['id'], ['column_1', 'column_2'], false],
  ])('with %s are held against what is expected of them', async (_, content, expected, columns, certain) => {
    const { source } = await readAll(content, { expected });
    expect([source.columns, source.description.header?.certain]).toEqual([columns, certain]);
  });

  test('without a row say nothing of their first one', async () => {
    for (const content of ['', '\n\n', '"x" y\n']) {
      const { source } = await readAll(content, { expected: ['id'] });
      expect([source.columns, source.description.header, source.description.assumptions]).toEqual([[], undefined, []]);
    }
  });

  test('with broken rows before the names', async () => {
    expect((await readAll('"x" y\nid,name\n1,a\n')).brief).toEqual([
      [1, 'invalid_quote'],
      [3, ['1', 'a']],
    ]);
  });

  test('of more columns than any table are refused', async () => {
    await expect(readAll(`${'a,'.repeat(3000)}\n`)).rejects.toMatchObject({ code: 'too_many_columns' });
    expect((await readAll('a,b,c\n', { limits: { columns: 3 } })).source.columns).toHaveLength(3);
  });

  test('of a single row longer than the sample', async () => {
    const { source, rows } = await readAll(`id,text\n1,${'x'.repeat(200_000)}\n`);
    expect(source.columns).toEqual(['id', 'text']);
    expect(rows).toHaveLength(1);
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
    await writeFile(path, TABLE);
    const source = await openSource({ kind: 'file', path });
    expect(source.name).toBe('cities.csv');
    expect(await collect(source.rows)).toHaveLength(2);
    expect(source.progress()).toEqual({ bytesRead: Buffer.byteLength(TABLE), bytesTotal: Buffer.byteLength(TABLE) });
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
