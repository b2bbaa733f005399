import { expect, test } from 'vitest';
import { parseFilter } from './parse-filter.ts';

const told = (text: string): string => {
  try {
    return JSON.stringify(parseFilter(text));
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_filter' });
    return (error as Error).message;
  }
};

const won = { field: 'status', operator: 'eq', values: ['won'] };
const FORMS = 'must be { field, operator, values }, { and: [...] }, { or: [...] } or { not: ... }';

test.each([won, { field: 'a', operator: 'is_null' }, { and: [won, { or: [] }] }, { not: { not: won } }])('%j is a filter', (filter) => {
  expect(parseFilter(JSON.stringify(filter))).toEqual(filter);
});

test.each<[unknown, string]>([
  [null, 'filter must be object'],
  [5, 'filter must be object'],
  [[], 'filter must be object'],
  [{}, `filter ${FORMS}`],
  [{ field: 'status' }, `filter ${FORMS}`],
  [{ ...won, not: won }, 'filter must not have not'],
  [{ ...won, x: 1 }, 'filter must not have x'],
  [{ and: [], or: [won] }, 'filter must not have or or must not have and'],
  [{ and: null }, 'filter/and must be array'],
  [{ and: [won, null] }, 'filter/and/1 must be object'],
  [{ not: 5 }, 'filter/not must be object'],
  [{ ...won, values: null }, 'filter/values must be array'],
  [{ ...won, operator: 'constructor' }, expect.stringMatching(/^filter\/operator must be one of eq, ne, /) as unknown as string],
])('%j is none, and told why', (filter, message) => {
  expect(told(JSON.stringify(filter))).toEqual(message);
});

test('what is no JSON, or nested without end, is no filter', () => {
  expect(told('status=won')).toMatch(/^filter is not JSON: /);
  expect(told(`{"x":[${'1,'.repeat(20_000)}`)).toBe('filter has more than 20000 members and values.');
  expect(told(`${'{"not":'.repeat(50)}{}${'}'.repeat(50)}`)).toBe('The filter is nested deeper than 44 objects and lists.');
});
