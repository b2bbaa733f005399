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
  [{ metrics: undefined, metric: ['x'] }, '/ must have required properties metrics or must not have metric'],
])('%j is told as it is meant', (query, message) => {
  const asked = JSON.parse(JSON.stringify({ metrics: ['x'], ...query }));
  expect(() => parseMetricQuery(asked, '')).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  const told = (() => {
    try {
      return parseMetricQuery(asked, '');
    } catch (error) {
      return (error as Error).message;
    }
  })();
  expect(String(told).split('; ').sort().join('; ')).toBe(message);
});

test('a query in a list is told with its place, and one that is nested without end is not walked into', () => {
  expect(() => parseMetricQuery({ metrics: 'x' }, '/1')).toThrow('/1/metrics must be array');
  let filter: unknown = { field: 'a', operator: 'eq', values: [1] };
  for (let level = 0; level < 30; level++) filter = { not: filter };
  expect(() => parseMetricQuery({ metrics: ['x'], filters: [filter] }, '')).toThrow('nested deeper than 20 levels');
});
