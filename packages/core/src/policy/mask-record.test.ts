import { expect, it } from 'vitest';
import { maskRecord } from './mask-record.ts';

const data = { name: 'A', amount: '5', email: 'a@example.org' };

it('masked fields that are there become null', () => {
  expect(maskRecord(data, [{ fields: ['email', 'phone'] }], () => true)).toEqual({ ...data, email: null });
});

it('fields are shown where their rows are', () => {
  const masks = [{ fields: ['amount'], visible: { field: 'name', operator: 'eq' as const, values: ['A'] } }, { fields: ['email'] }];
  expect(maskRecord(data, masks, () => true)).toEqual({ ...data, email: null });
  expect(maskRecord(data, masks, () => false)).toEqual({ ...data, amount: null, email: null });
});

it('data without anything masked stays the same object', () => {
  expect(maskRecord(data, [{ fields: ['phone'] }], () => false)).toBe(data);
  expect(maskRecord(data, [], () => false)).toBe(data);
});
