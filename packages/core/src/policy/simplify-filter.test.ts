import { expect, it } from 'vitest';
import { attributesOf } from './resolve-filter.ts';
import { ALWAYS, allOf, anyOf, NEVER, negate } from './simplify-filter.ts';

const one = { field: 'a', operator: 'is_null' as const };
const other = { field: 'b', operator: 'is_null' as const };

it('what is always true or never is said as that', () => {
  expect(allOf([])).toBe(ALWAYS);
  expect(allOf([ALWAYS, ALWAYS])).toBe(ALWAYS);
  expect(allOf([one, NEVER])).toBe(NEVER);
  expect(allOf([one, ALWAYS])).toBe(one);
  expect(allOf([one, other])).toEqual({ and: [one, other] });
  expect(anyOf([])).toBe(NEVER);
  expect(anyOf([one, ALWAYS])).toBe(ALWAYS);
  expect(anyOf([one, NEVER])).toBe(one);
  expect(anyOf([one, other])).toEqual({ or: [one, other] });
  expect(negate(ALWAYS)).toBe(NEVER);
  expect(negate(NEVER)).toBe(ALWAYS);
  expect(negate(one)).toEqual({ not: one });
});

it('attributes are found wherever they stand', () => {
  const team = { field: 'a', operator: 'eq' as const, values: ['x', { principal: 'team' }] };
  expect(attributesOf({ and: [one, { or: [team, { not: team }] }] })).toEqual(['team', 'team']);
});
