import { expect, test } from 'vitest';
import { parseMetricQuery } from './parse-metric-query.ts';

const FORMS = 'must be { field, operator, values }, { and: [...] }, { or: [...] } or { not: ... }';
const OPERATORS = 'eq, ne, in, gt, gte, lt, lte, between, contains, starts_with, is_null';

test.each<[Record<string, unknown>, string]>([
  [{ filters: [{ field: 'a', operator: 'like', values: ['x'] }] }, `/filters/0/operator must be one of ${OPERATORS}`],
  [{ filters: [{ fiel: 'a', operator: 'eq' }] }, `/filters/0 ${FORMS}`],
  [{ filters: [{}] }, `/filters/0 ${FORMS}`],
  [{ filters: [{ xor: [] }] }, `/filters/0 ${FORMS}`],
  [{ filters: ['a=b'] }, '/filters/0 must be object'],
  [
    { filters: [{ and: [{ field: 'a', operator: 'eq', values: [{}] }] }] },
    '/filters/0/and/0/values/0 must be string or must be number or must be boolean or must be null',
  ],
  [{ compare: 'previous_month' }, '/compare must be one of previous_period, previous_year'],
  [{ week_start: 'tuesday', limit: 'ten' }, '/limit must be integer; /week_start must be one of monday, sunday'],
  [
    {
      limit: 'ten',
      filters: [
        { field: 'a', operator: 'is_null' },
        { and: [], or: [] },
      ],
      having: [{ a: 1 }],
    },
    `/filters/1 must not have or or must not have and; /having/0 ${FORMS}; /limit must be integer`,
  ],
  [{ filters: [{ and: [{ not: { or: [{}] } }], or: [{ x: 1 }] }] }, `/filters/0/and/0/not/or/0 ${FORMS}`],
  [{ metrics: 'x', having: {} }, '/having must be array; /metrics must be array'],
  [{ metrics: undefined, metric: ['x'] }, '/ must have required properties metrics or must not have metric'],
])('%j is told as it is meant', (query, message) => {
  const asked = JSON.parse(JSON.stringify({ metrics: ['x'], ...query }));
  expect(() => parseMetricQuery(asked, '')).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  expect(String(parsed(asked)).split('; ').sort().join('; ')).toBe(message);
});

test('a query in a list is told with its place, and one that is nested without end is not walked into', () => {
  expect(() => parseMetricQuery({ metrics: 'x' }, '/1')).toThrow('/1/metrics must be array');
  let filter: unknown = { field: 'a', operator: 'eq', values: [1] };
  for (let level = 0; level < 50; level++) filter = { not: filter };
  expect(() => parseMetricQuery({ metrics: ['x'], filters: [filter] }, '')).toThrow('nested deeper than 44 objects and lists');
});

const parsed = (query: unknown): unknown => {
  try {
    return parseMetricQuery(query, '');
  } catch (error) {
    return (error as Error).message;
  }
};
const inList = (count: number): object => ({ field: 'a', operator: 'in', values: Array(count).fill('x') });

test('a query that is right but for one place is told that place, however long its lists are', () => {
  expect(parsed({ metric: ['x'], filters: Array(18).fill(inList(1_000)) })).toBe(
    '/ must have required properties metrics or must not have metric',
  );
  expect(parsed({ metrics: ['x'], filters: [inList(5_000)] })).toBe('/filters/0/values must not have more than 1000 items');
  expect(parsed({ metrics: ['x'], filters: [{ or: Array(500).fill(inList(1)) }] })).toBe('/filters/0/or must not have more than 100 items');
  expect(parsed({ metrics: ['x'], filters: Array(500).fill(inList(1)) })).toBe('/filters must not have more than 100 items');
  expect(parsed({ metrics: Array(500).fill('x') })).toBe('/metrics must not have more than 50 items');
});

test('of members that are unknown the first few are told', () => {
  const unknown = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, 1]));
  expect(parsed({ metrics: ['x'], ...unknown })).toBe('/ must not have k0, k1, k2');
  expect(parsed({ metrics: ['x'], filters: [{ ...unknown, ...inList(1) }] })).toBe('/filters/0 must not have k0, k1, k2');
});

test('what holds more than a query can is refused before the schema looks at it', () => {
  const fits = { metrics: ['x'], filters: Array(10).fill(inList(1_000)) };
  expect(parsed(fits)).toBe(fits);
  expect(parsed({ metrics: ['x'], filters: [inList(20_000)] })).toBe('The query has more than 20000 members and values.');
});
