import type { JsonValue } from '@sophia/types';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ValueType } from '../expression/bound-expression.ts';
import { FieldFailure } from '../record-types/field-failure.ts';
import { compileFieldNormalizer } from '../record-types/field-normalizer.ts';
import { COLUMN_TYPES } from '../testing/test-engine.ts';
import { useDuckdb } from '../testing/use-duckdb.ts';
import { duckdb } from './duckdb.ts';

const TYPES = ['text', 'integer', 'number', 'money', 'boolean', 'date', 'timestamp', 'text_list', 'json'] as const;

const connection = useDuckdb();
beforeAll(async () => {
  await connection().run("set TimeZone = 'UTC'");
});

/** What values become whose field has another type now, as the catalog would have them. */
async function cast(values: readonly JsonValue[], from: ValueType, to: ValueType): Promise<(JsonValue | null)[]> {
  const rows = values.map((value, index) => `(${index}, cast(${literal(value, from)} as ${COLUMN_TYPES[from]}))`).join(', ');
  const json = duckdb.safeCast(duckdb.safeCast('x', from, to), to, 'json');
  const sql = `select cast(${json} as varchar) from (values ${rows}) as t(i, x) order by i`;
  return (await connection().runAndReadAll(sql)).getRows().map(([text]) => (text === null ? null : JSON.parse(String(text))));
}

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function literal(value: JsonValue, from: ValueType): string {
  if (from === 'json') return quote(JSON.stringify(value));
  if (Array.isArray(value)) return `[${value.map((item) => quote(String(item))).join(', ')}]`;
  return quote(from === 'timestamp' ? String(value).replace('Z', '') : String(value));
}

/** The canonical form of a value in a type, null where it has none. */
function canonical(value: JsonValue, type: ValueType): JsonValue | null {
  const normalized = compileFieldNormalizer({ name: 'x', type })(value);
  return normalized === undefined || normalized instanceof FieldFailure ? null : normalized;
}

function expected(value: JsonValue, from: ValueType, to: ValueType): JsonValue | null {
  if (to === 'json') return value;
  const text = typeof value === 'string' || typeof value === 'number' ? canonical(value, 'text') : JSON.stringify(value);
  if (to === 'text') return text;
  if (to === 'text_list')
    return canonical(typeof value === 'string' ? text : value, to) ?? (text === null || isArray(text) ? null : [String(text)]);
  if (from === 'boolean') return canonical(String(Number(value)), to);
  if (from === 'date' && to === 'timestamp') return `${value}T00:00:00Z`;
  return canonical(typeof value === 'number' ? String(value) : value, to);
}

function isArray(text: JsonValue): boolean {
  try {
    return Array.isArray(JSON.parse(String(text)));
  } catch {
    return false;
  }
}

const days = fc.stringMatching(/^(\d{4}|0000|9999|20\d\d)-[01]\d-[0-3]\d$/);
const times = fc.stringMatching(
  /^[Tt ]([0-2]\d|00):([0-6]\d|00)(:([0-6]\d|00)([.,](\d{1,9}|0))?)? ?([Zz]|[+-]([0-2]\d|00)(:?([0-6]\d|00))?)?$/,
);
const numerals = fc.stringMatching(/^[+-]?0{0,2}\d{0,21}(\.\d{0,5}0{0,3})?(e[+-]?\d{1,3})?$/);
const items = fc.oneof(
  fc.string(),
  fc.constantFrom('e\u0301', ' \u00a0'),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const arrays = fc.array(fc.oneof({ weight: 20, arbitrary: items }, fc.constantFrom(null, true, ['a'], { a: 1 })), { maxLength: 4 });
const strings = fc.oneof(
  numerals,
  days,
  fc.tuple(days, times).map(([day, time]) => day + time),
  fc.constantFrom('1_000', '1e3', '4.9e-324', '1e999', 'nan', 'infinity', 'epoch', '2024-01-05 (BC)', '[1,]', '[', 'Yes', 'F', '-0', 'İ'),
  fc.constantFrom('9223372036854775807', '-9223372036854775808', '9223372036854775808', '99999999999999.9999', '100000000000000'),
  fc.constantFrom('2017-03-01T12:30Z', '9999-12-31T23:00:00-05:00', '0001-01-01T00:00:00+01:00', '0000-12-31T23:00:00-05:00'),
  arrays.map((array) => JSON.stringify(array, null, 1)),
  fc.string(),
);
const anything = fc.oneof(
  strings,
  strings.map((text) => `\ufeff\t${text}\u00a0\n`),
  arrays,
  items,
  fc.constantFrom(true, false, 0, 1, 1e-13, 2.000_000_000_000_1, 1e14, 1e20, 1e21, 0.1 + 0.2, 5e-324, 99_999_999_999_999.12),
  fc.object({ maxDepth: 1, values: [fc.string(), fc.integer()] }) as fc.Arbitrary<JsonValue>,
);

describe.each(TYPES)('values of the type %s', (from) => {
  it.each(TYPES.filter((to) => to !== from))('are those that %s would take', async (to) => {
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { minLength: 100, maxLength: 200 }), async (sent) => {
        const values = sent.map((value) => canonical(value, from)).filter((value) => value !== null);
        fc.pre(values.length > 0);
        const seen = await cast(values, from, to);
        expect(values.map((value, at) => [value, seen[at]])).toEqual(values.map((value) => [value, expected(value, from, to)]));
      }),
      { numRuns: 20 },
    );
  });
});

it.each<[ValueType, JsonValue, ValueType, JsonValue | null]>([
  ['json', ['a', 'b'], 'text_list', ['a', 'b']],
  ['text', '["a", 2.50, "", null]', 'text_list', ['a', '2.5']],
  ['text', 'a', 'text_list', ['a']],
  ['json', ['a', ['b']], 'text_list', null],
  ['money', '99999999999999.9999', 'json', '99999999999999.9999'],
  ['integer', '9007199254740993', 'json', '9007199254740993'],
  ['timestamp', '2017-03-01T12:30:00Z', 'json', '2017-03-01T12:30:00Z'],
  ['text', '2017-03-01T12:30Z', 'timestamp', '2017-03-01T12:30:00Z'],
  ['text', '2017-03-01t12:30:00,1234567 +0530', 'timestamp', '2017-03-01T07:00:00.123456Z'],
  ['text', '2017-03-01T12:30:00', 'timestamp', null],
  ['text', '9999-12-31T23:00:00-05:00', 'timestamp', null],
  ['text', '2017-03-01T24:00:00Z', 'timestamp', null],
  ['text', '0000-03-01T12:30:00Z', 'timestamp', null],
  ['text', '0000-01-01', 'date', null],
  ['text', '1_000', 'integer', null],
  ['text', '1e3', 'money', null],
  ['number', 1e-13, 'integer', null],
  ['number', 1e16, 'integer', '10000000000000000'],
  ['number', 1e20, 'money', null],
  ['number', 99_999_999_999_999.12, 'money', '99999999999999.12'],
])('of %s %j as %s is %j', async (from, value, to, as) => {
  expect(await cast([value], from, to)).toEqual([as]);
});
