import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunks, collect } from '../testing/chunks.ts';
import type { CsvDialect } from './csv-dialect.ts';
import { createCsvParser } from './csv-parser.ts';
import { DEFAULT_LIMITS, type ReadLimits } from './limits.ts';
import type { SourceRow } from './source-row.ts';
import { textBlocks } from './text-blocks.ts';

const COMMA: CsvDialect = { delimiter: ',', quote: '"', escaping: 'double' };

async function parseAll(
  content: string | Buffer,
  options: { chunk?: number; columns?: number; dialect?: CsvDialect; limits?: Partial<ReadLimits> } = {},
): Promise<SourceRow[]> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const parser = createCsvParser(options.dialect ?? COMMA, limits);
  if (options.columns !== undefined) parser.expectColumns(options.columns);
  async function* rows() {
    for await (const block of textBlocks(chunks(content, options.chunk), limits)) yield* parser.push(block);
  }
  return collect(rows());
}

const brief = (rows: readonly SourceRow[]) => rows.map((row) => [row.line, row.errors?.[0]?.code ?? row.values]);

describe('rows', () => {
  test.each<[string, string, unknown]>([
    [
      'end with LF, CRLF or the source',
      'a,b\r\nc,d\ne,f',
      [
        [1, ['a', 'b']],
        [2, ['c', 'd']],
        [3, ['e', 'f']],
      ],
    ],
    ['may end with a return at the very end', 'a,b\r', [[1, ['a', 'b']]]],
    [
      'are not made of empty lines',
      'a\n\n\r\nb\n',
      [
        [1, ['a']],
        [4, ['b']],
      ],
    ],
    [
      'have empty cells',
      ',a,\n,\n',
      [
        [1, ['', 'a', '']],
        [2, ['', '']],
      ],
    ],
    ['keep the spaces of cells', ' a , b\n', [[1, [' a ', ' b']]]],
    ['keep a return within a line', 'a\rb,c\n', [[1, ['a\rb', 'c']]]],
    [
      'have quoted cells with delimiters, lines and quotes',
      '"a,b","c\nd","e""f"\ng,h,i\n',
      [
        [1, ['a,b', 'c\nd', 'e"f']],
        [3, ['g', 'h', 'i']],
      ],
    ],
    [
      'have quoted and other cells side by side',
      'a,"b",c\r\n"d",e,"f"\r\n',
      [
        [1, ['a', 'b', 'c']],
        [2, ['d', 'e', 'f']],
      ],
    ],
    ['have empty quoted cells', '"",""\n', [[1, ['', '']]]],
    ['keep a quote within a cell', 'a 5" pipe,b\n', [[1, ['a 5" pipe', 'b']]]],
    ['keep a return before a delimiter beside a quoted cell', '"a",b\r,c\r\n', [[1, ['a', 'b\r', 'c']]]],
    ['may end within a line of a quoted cell at the end', '"a","b"', [[1, ['a', 'b']]]],
    ['may end with a quoted cell and a return', '"a","b"\r', [[1, ['a', 'b']]]],
  ])('%s', async (_, content, expected) => {
    expect(brief(await parseAll(content))).toEqual(expected);
    expect(brief(await parseAll(content, { chunk: 1 }))).toEqual(expected);
  });

  test('with another delimiter, quote and escaping', async () => {
    const dialect: CsvDialect = { delimiter: ';', quote: "'", escaping: 'backslash' };
    const rows = await parseAll("'a;b';'c\\'d';'e\\\\'\n'plain';\"x\";y\n", { dialect });
    expect(brief(rows)).toEqual([
      [1, ['a;b', "c'd", 'e\\']],
      [2, ['plain', '"x"', 'y']],
    ]);
    expect(brief(await parseAll("'a\\'\n", { dialect }))).toEqual([[1, 'invalid_quote']]);
  });
});

describe('broken rows', () => {
  test('have too few or too many cells; empty ones behind the last column are dropped', async () => {
    const rows = await parseAll('a,b\nc\nd,e,f\ng,h,,\n"i",j,k\n', { columns: 2 });
    expect(brief(rows)).toEqual([
      [1, ['a', 'b']],
      [2, 'wrong_column_count'],
      [3, 'wrong_column_count'],
      [4, ['g', 'h']],
      [5, 'wrong_column_count'],
    ]);
    expect(rows[1]).toEqual({
      line: 2,
      values: [],
      errors: [{ line: 2, code: 'wrong_column_count', message: 'Expected 2 columns, found 1.', value: 'c\n' }],
      raw: 'c\n',
    });
  });

  test('have a quote that is not closed: the next lines are read', async () => {
    expect(brief(await parseAll('a,b\n"c,d\ne,f\n', { columns: 2 }))).toEqual([
      [1, ['a', 'b']],
      [2, 'invalid_quote'],
      [3, ['e', 'f']],
    ]);
  });

  test('have text behind a quote: the next lines are read', async () => {
    const rows = await parseAll('"12" pipe",b\nc,d\n"e,f\ng,"h",i\nj,k\n', { columns: 2 });
    expect(brief(rows)).toEqual([
      [1, 'invalid_quote'],
      [2, ['c', 'd']],
      [3, 'invalid_quote'],
      [4, 'wrong_column_count'],
      [5, ['j', 'k']],
    ]);
    expect(rows[0]?.errors?.[0]?.message).toBe('Expected a delimiter or the end of the line behind a closing quote, in cell 1.');
    expect(rows[2]?.errors?.[0]?.message).toBe('Expected a delimiter or the end of the line behind a closing quote, in cell 1.');
  });

  test('have a quoted cell that is longer than a row may be', async () => {
    const limits = { rowBytes: 100 };
    const long = `"${'x\n'.repeat(100)}`;
    const rows = await parseAll(`a,b\n${long}c,d\n`, { columns: 2, limits, chunk: 50 });
    expect(rows[1]).toMatchObject({ line: 2, errors: [{ code: 'invalid_quote' }] });
    expect(brief(rows).at(-1)).toEqual([102, ['c', 'd']]);
  });

  test.each([1, 7, 64, 1000])('are longer than a row may be (chunks of %d)', async (chunk) => {
    const limits = { rowBytes: 50 };
    const rows = await parseAll(`a,b\n${'"x'.repeat(100)}\nc,d\n${'y'.repeat(200)}`, { columns: 2, limits, chunk });
    expect(brief(rows)).toEqual([
      [1, ['a', 'b']],
      [2, 'row_too_long'],
      [3, ['c', 'd']],
      [4, 'row_too_long'],
    ]);
  });

  test.each([1, 5, 1000])('are no UTF-8 (chunks of %d)', async (chunk) => {
    const content = Buffer.concat([
      Buffer.from('é,b\n'),
      Buffer.from([0xff]),
      Buffer.from(',d\n"e\n'),
      Buffer.from([0xe9]),
      Buffer.from('",f\ng,h\n'),
    ]);
    const rows = await parseAll(content, { columns: 2, chunk });
    expect(brief(rows)).toEqual([
      [1, ['é', 'b']],
      [2, 'invalid_encoding'],
      [3, 'invalid_encoding'],
      [5, ['g', 'h']],
    ]);
    expect(rows[1]?.raw).toBe('\uFFFD,d\n');
  });

  test('have more cells than any table, with quotes or without', async () => {
    const limits = { columns: 3 };
    const rows = await parseAll('a,b,c\n1,2,3,4,5,6\n"1",2,3,4,5,"6"\nd,e,f\n"1",2,3,4,', { columns: 3, limits });
    expect(brief(rows)).toEqual([
      [1, ['a', 'b', 'c']],
      [2, 'wrong_column_count'],
      [3, 'wrong_column_count'],
      [4, ['d', 'e', 'f']],
      [5, 'wrong_column_count'],
    ]);
    expect(rows.flatMap(({ errors }) => errors?.map(({ message }) => message) ?? [])).toEqual(
      Array.from({ length: 3 }, () => 'Expected 3 columns, found 4.'),
    );
  });

  test.each([1, 5, 1000])('are by a character longer than the longest, which is whole (chunks of %d)', async (chunk) => {
    const limits = { rowBytes: 12 };
    const rows = await parseAll('"a\nb",123456\n"a\nb",1234567\nc,d\n', { columns: 2, limits, chunk });
    expect(brief(rows)).toEqual([
      [1, ['a\nb', '123456']],
      [3, 'invalid_quote'],
      [4, ['b"', '1234567']],
      [5, ['c', 'd']],
    ]);
  });
});

test('a broken character breaks its own row, also behind one that came in two pieces', async () => {
  const rows = await parseAll(Buffer.from('a,"x\ny"\nb\xff,c\nd,e\n', 'latin1'), { chunk: 5 });
  expect(brief(rows)).toEqual([
    [1, ['a', 'x\ny']],
    [3, 'invalid_encoding'],
    [4, ['d', 'e']],
  ]);
});

test('rows come at most 5,000 at a time', async () => {
  const parser = createCsvParser(COMMA, DEFAULT_LIMITS);
  const batches = [...parser.push({ text: 'a\n'.repeat(12_000), bad: [], last: true })];
  expect(batches.map((batch) => batch.length)).toEqual([5000, 5000, 2000]);
  expect(batches[2]?.at(-1)?.line).toBe(12_000);
});

test('crafted quotes cost little more than other text: beyond an allowance nothing is read twice', async () => {
  const limits = { rowBytes: 20_000, rereading: 50_000 };
  const reopened = `"${'x","\n'.repeat(199)}x"y\n`;
  const misplaced = await parseAll(reopened.repeat(20), { limits, columns: 2 });
  expect(misplaced.length).toBeLessThan(400);
  const unclosed = `"x\n${'yyyyyyyyy\n'.repeat(3000)}`;
  const rows = await parseAll(`${unclosed.repeat(6)}"z`, { limits, columns: 1 });
  expect(rows.filter((row) => row.errors !== undefined)).toHaveLength(7);
  expect(rows.length).toBeGreaterThan(2 * 3000);
  expect(rows.length).toBeLessThan(6 * 3000);
});

describe('laws', () => {
  const cell = fc.oneof(fc.string(), fc.stringMatching(/^[a ",\n\r]{0,6}$/), fc.constantFrom('', '"', '""', 'a,b', 'x\ny'));
  const table = fc
    .integer({ min: 1, max: 5 })
    .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1 }));
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const write = (rows: readonly (readonly string[])[], feed: string): string =>
    rows.map((row) => row.map(quoted).join(',')).join(feed) + feed;

  test('what is written comes back, in whatever chunks it arrives', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom('\n', '\r\n'), fc.integer({ min: 1, max: 40 }), async (rows, feed, chunk) => {
        const parsed = await parseAll(write(rows, feed), { chunk });
        expect(parsed.map((row) => row.values)).toEqual(rows.map((row) => row.map((text) => text.toWellFormed())));
      }),
    );
  });

  test('csv-parse reads the same from whatever it can read', async () => {
    const messy = fc.stringMatching(/^[ab1 ",;\n\r]{0,60}$/);
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          messy,
          table.map((rows) => write(rows, '\n')),
        ),
        fc.integer({ min: 1, max: 40 }),
        async (content, chunk) => {
          const theirs = parseTheirs(content);
          if (theirs === undefined) return;
          compared += 1;
          const ours = await parseAll(content, { chunk });
          expect(ours.map((row) => row.values)).toEqual(theirs);
        },
      ),
      { numRuns: 300 },
    );
    expect(compared).toBeGreaterThan(30);
  });

  test('a block more or less changes nothing, not even for broken rows', async () => {
    const bytes = fc.stringMatching(/^[ab",\n\r]{0,80}$/).map((text) => Buffer.from(text));
    await fc.assert(
      fc.asyncProperty(bytes, fc.integer({ min: 1, max: 40 }), async (content, chunk) => {
        const options = { columns: 2, limits: { rowBytes: 12 } };
        expect(await parseAll(content, { ...options, chunk })).toEqual(await parseAll(content, { ...options, chunk: 1 }));
      }),
      { numRuns: 300 },
    );
  });
});

/** Undefined where it refuses the text, or reads what RFC 4180 has no word for: lone returns, and quotes in the midst of a cell. */
function parseTheirs(content: string): string[][] | undefined {
  if (/\r(?!\n)/.test(content)) return undefined;
  try {
    return parse(content, { relax_column_count: true, skip_empty_lines: true, record_delimiter: ['\n', '\r\n'] });
  } catch {
    return undefined;
  }
}
