import { resolvePolicy } from '@sophia/core';
import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import { expect, test } from 'vitest';
import { seenData, seenFields, sightOf } from './sight.ts';

const types = BUILTIN_RECORD_TYPES;
const policyOf = (role: 'admin' | 'employee') => resolvePolicy({ role, rules: [], types, user: { team: 'East' } });

test('who sees everything asks for nothing but what is asked for', () => {
  expect(sightOf({ recordType: 'deal', types, policy: policyOf('admin'), offset: 2 })).toMatchObject({
    shown: 'array[]::boolean[]',
    parameters: [],
    masks: { rules: [] },
  });
});

test('parameters are numbered behind those that the statement has', () => {
  const sight = sightOf({
    recordType: 'deal',
    types,
    policy: policyOf('employee'),
    filter: { field: 'name', operator: 'eq', values: ['x'] },
    offset: 5,
  });
  const numbers = [...`${sight.where} ${sight.shown}`.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number));
  expect(Math.min(...numbers)).toBe(6);
  expect(new Set(numbers).size).toBe(sight.parameters.length);
  expect(Math.max(...numbers)).toBe(5 + sight.parameters.length);
});

test("a filter that cannot be is the caller's fault, anything else is not", () => {
  const policy = policyOf('admin');
  const filter = { field: 'amuont', operator: 'is_null' } as const;
  expect(() => sightOf({ recordType: 'deal', types, policy, filter, offset: 0 })).toThrow(/amuont.*did you mean amount/);
  const broken = {
    ...policy,
    records: (name: string) => (name === 'deal' ? { ...policy.records(name), rows: { and: null } as never } : policy.records(name)),
  };
  expect(() => sightOf({ recordType: 'deal', types, policy: broken, offset: 0 })).toThrow(TypeError);
});

test('masked fields are null, and left out of those that changed, unless the row shows them', () => {
  const rules = [{ fields: ['amount', 'email'] }, { fields: ['name'], visible: { and: [] } }];
  const masks = { rules, known: new Set(['amount', 'email', 'name']) };
  const data = { amount: '5', name: 'x', stage: 'new' };
  expect(seenData(data, masks, [false, true])).toEqual({ amount: null, email: null, name: 'x', stage: 'new' });
  expect(seenData(data, masks, [false, false])).toEqual({ amount: null, email: null, name: null, stage: 'new' });
  expect(seenData(data, { ...masks, rules: [] }, [])).toBe(data);
  expect(seenData(null, masks, [false, false])).toBeNull();
  expect(seenFields(data, masks, [false, true])).toEqual({ name: 'x', stage: 'new' });
  expect(seenFields(null, masks, [false, true])).toBeNull();
});

test('fields that the type does not know any more are left out where extra is masked', () => {
  const masks = {
    rules: [{ fields: ['amount'] }, { fields: ['extra'], visible: { and: [] } }],
    known: new Set(['amount', 'name', 'extra']),
  };
  const data = { name: 'x', dropped: 1, extra: { odd: 1 } };
  expect(seenData(data, masks, [false, false])).toEqual({ name: 'x', amount: null, extra: null });
  expect(seenData(data, masks, [false, true])).toEqual({ ...data, amount: null });
  expect(seenFields(data, masks, [false, false])).toEqual({ name: 'x' });
  expect(seenFields(data, masks, [false, true])).toEqual(data);
});
