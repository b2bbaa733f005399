import { parseExactJson } from '@sophia/shared';
import type { JsonValue } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunks, collect } from '../testing/chunks.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { readJson } from './read-json.ts';
import { readNdjson } from './read-ndjson.ts';
import type { SourceRow } from './source-row.ts';

const brief = (rows: readonly SourceRow[]) => rows.map((row) => [row.line, row.errors?.[0]?.code ?? row.values]);
const json = async (content: string | Buffer, chunk?: number, rowBytes = DEFAULT_LIMITS.rowBytes) =>
  collect(readJson(chunks(content, chunk), { ...DEFAULT_LIMITS, rowBytes }));
const ndjson = async (content: string | Buffer, chunk?: number, rowBytes = DEFAULT_LIMITS.rowBytes) =>
  collect(readNdjson(chunks(content, chunk), { ...DEFAULT_LIMITS, rowBytes }));

const nested = (levels: number): string => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;

describe('a JSON array', () => {
  test.each([1, 3, 1000])('gives its items, each good or broken by itself (chunks of %d)', async (chunk) => {
    const content = ' [ {"a":"]},\\"["} , 3, {"b":[1,{"c":2}]},{"d":tru}, {"e":"é"} ,null,[1],"x" ] ';
    expect(brief(await json(content, chunk))).toEqual([
      [1, { a: ']},"[' }],
      [2, 'invalid_json'],
      [3, { b: [1, { c: 2 }] }],
      [4, 'invalid_json'],
      [5, { e: 'é' }],
      [6, 'invalid_json'],
      [7, 'invalid_json'],
      [8, 'invalid_json'],
    ]);
  });

  test('tells what is wrong with an item', async () => {
    const rows = await json('[{"d":tru},3,null,[1]]');
    expect(rows.map((row) => row.errors?.[0]?.message)).toEqual([
      "This is no JSON: Unexpected token '}'.",
      'Expected an object, found a number.',
      'Expected an object, found null.',
      'Expected an object, found an array.',
    ]);
  });

  test.each<[string, string, unknown]>([
    ['may be empty', '[ ]', []],
    [
      'lacks an item between commas',
      '[{},,{}]',
      [
        [1, {}],
        [2, 'invalid_json'],
        [3, {}],
      ],
    ],
    [
      'lacks an item behind a comma',
      '[{},]',
      [
        [1, {}],
        [2, 'invalid_json'],
      ],
    ],
    ['is not closed', '[{}', [[1, 'invalid_json']]],
    [
      'is not closed behind an item',
      '[{},{}',
      [
        [1, {}],
        [2, 'invalid_json'],
      ],
    ],
    [
      'has something behind it',
      '[{}] x',
      [
        [1, {}],
        [2, 'invalid_json'],
      ],
    ],
    [
      'has a brace too many',
      '[{}},{}]',
      [
        [1, 'invalid_json'],
        [2, {}],
      ],
    ],
    ['is nothing', ' \n', []],
  ])('%s', async (_, content, expected) => {
    expect(brief(await json(content))).toEqual(expected);
    expect(brief(await json(content, 1))).toEqual(expected);
  });

  test('has items that are too long, no UTF-8, or too deep', async () => {
    const content = Buffer.concat([
      Buffer.from(`[{"a":"${'x'.repeat(500)}"},{"b":"`),
      Buffer.from([0xff]),
      Buffer.from(`"},${nested(64)},{"c":1}]`),
    ]);
    for (const chunk of [1, 50, 10_000]) {
      expect(brief(await json(content, chunk, 200))).toEqual([
        [1, 'row_too_long'],
        [2, 'invalid_encoding'],
        [3, 'json_too_deep'],
        [4, { c: 1 }],
      ]);
    }
    expect((await json(nested(63)))[0]?.errors).toBeUndefined();
  });
});

test('a row has at most 10,000 members and values, in an array and in lines', async () => {
  const rowOf = (values: number): string => `{"a":[${Array(values).fill('1').join(',')}],"b":"${','.repeat(20_000)}"}`;
  const rows = [rowOf(9_998), rowOf(9_999), '{}'];
  const codes = (found: readonly SourceRow[]) => found.map(({ errors }) => errors?.[0]?.code);
  expect(codes(await json(`[${rows.join(',')}]`))).toEqual([undefined, 'too_many_fields', undefined]);
  expect(codes(await ndjson(rows.join('\n')))).toEqual([undefined, 'too_many_fields', undefined]);
});

describe('objects one after another', () => {
  test.each<[string, string, unknown]>([
    ['one', '{\n"a": 1\n}', [[1, { a: 1 }]]],
    [
      'several',
      '{"a":1} {"b":2}\n{"c":3}',
      [
        [1, { a: 1 }],
        [2, { b: 2 }],
        [3, { c: 3 }],
      ],
    ],
    [
      'with something between them',
      '{"a":1},{"b":2}',
      [
        [1, { a: 1 }],
        [2, 'invalid_json'],
        [3, { b: 2 }],
      ],
    ],
    [
      'with something before them',
      'x {"b":2}',
      [
        [1, 'invalid_json'],
        [2, { b: 2 }],
      ],
    ],
    [
      'with a bracket before them',
      'x [1] {"b":2}',
      [
        [1, 'invalid_json'],
        [2, 'invalid_json'],
        [3, { b: 2 }],
      ],
    ],
    [
      'with a brace that closes nothing',
      '{} }',
      [
        [1, {}],
        [2, 'invalid_json'],
      ],
    ],
    [
      'of which the last is cut',
      '{"a":1} {"b"',
      [
        [1, { a: 1 }],
        [2, 'invalid_json'],
      ],
    ],
    ['none', '"just a text"', [[1, 'invalid_json']]],
  ])('%s', async (_, content, expected) => {
    expect(brief(await json(content))).toEqual(expected);
    expect(brief(await json(content, 1))).toEqual(expected);
  });
});

describe('NDJSON', () => {
  test.each([1, 10, 1000])('gives each line, good or broken by itself (chunks of %d)', async (chunk) => {
    const content = Buffer.concat([
      Buffer.from('{"a":1}\r\n\n  \n {"b":"é"}\n{"c":\n[1]\n"x"\n{"d":"'),
      Buffer.from([0xe9]),
      Buffer.from(`"}\n{"e":"${'x'.repeat(100)}"}\n${nested(70)}\n{"f":1}`),
    ]);
    expect(brief(await ndjson(content, chunk, 150))).toEqual([
      [1, { a: 1 }],
      [4, { b: 'é' }],
      [5, 'invalid_json'],
      [6, 'invalid_json'],
      [7, 'invalid_json'],
      [8, 'invalid_encoding'],
      [9, { e: 'x'.repeat(100) }],
      [10, 'json_too_deep'],
      [11, { f: 1 }],
    ]);
    expect(brief(await ndjson(content, chunk, 80)).map(([line, what]) => (line === 9 ? what : line))).toContain('row_too_long');
  });
});

test('64-bit ids that differ in their last digits come apart, at any depth, from an array, from objects and from lines', async () => {
  const ids = Array.from({ length: 8 }, (_, index) => String(1_234_567_890_123_456_780n + BigInt(index)));
  const lines = ids.map((id) => `{"source_id":${id},"extra":{"ids":[${id},1]}}`);
  const values = ids.map((id) => ({ source_id: id, extra: { ids: [id, 1] } }));
  for (const rows of [await json(`[${lines.join(',')}]`), await json(lines.join('\n')), await ndjson(lines.join('\n'))]) {
    expect(rows.map((row) => row.values)).toEqual(values);
  }
});

describe('laws', () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: true });
  const asJson = (values: readonly unknown[]): unknown => parseExactJson(JSON.stringify(values));

  test('what is written as an array or as lines comes back, in whatever chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(object), fc.integer({ min: 1, max: 30 }), async (objects, chunk) => {
        const fromArray = await json(JSON.stringify(objects, null, chunk % 3), chunk);
        expect(fromArray.map((row) => row.values)).toEqual(asJson(objects));
        const fromLines = await ndjson(objects.map((value) => `${JSON.stringify(value)}\n`).join(''), chunk);
        expect(fromLines.map((row) => row.values)).toEqual(asJson(objects));
      }),
    );
  });

  test('whatever is read, each row is an object or broken, and chunks change nothing', async () => {
    const almost = fc.stringMatching(/^[[\]{},:"\\a1 \n]{0,60}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          almost,
          almost.map((text) => `[${text}`),
        ),
        fc.integer({ min: 1, max: 30 }),
        async (content, chunk) => {
          for (const read of [json, ndjson]) {
            const rows = await read(content, chunk, 20);
            expect(rows).toEqual(await read(content, 1, 20));
            for (const row of rows) expect(row.errors === undefined).toBe(isObject(row.values));
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

const isObject = (value: JsonValue): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
