import { expect, it } from 'vitest';
import { maskRecord, omitMasked } from './mask-record.ts';

const data = { email: 'a@example.org', name: 'A', amount: '5' };
const masks = [{ fields: ['amount'], visible: { field: 'name', operator: 'eq' as const, values: ['A'] } }, { fields: ['email'] }];

it('what is masked looks the same whether it is there or not', () => {
  const { email: _, ...lacking } = data;
  const seen = [data, lacking].map((each) => JSON.stringify(maskRecord(each, masks, () => true)));
  expect(seen).toEqual(Array(2).fill('{"name":"A","amount":"5","email":null}'));
});

it('fields are shown where their rows are', () => {
  expect(maskRecord(data, masks, () => true)).toEqual({ ...data, email: null });
  expect(maskRecord(data, masks, () => false)).toEqual({ ...data, amount: null, email: null });
});

it('of some fields those that are masked are left out', () => {
  expect(omitMasked(data, masks, () => true)).toEqual({ name: 'A', amount: '5' });
  expect(omitMasked({ amount: '5' }, masks, () => false)).toEqual({});
});

it('data without anything masked stays the same object', () => {
  const shown = masks.slice(0, 1);
  for (const mask of [maskRecord, omitMasked]) {
    expect(mask(data, shown, () => true)).toBe(data);
    expect(mask(data, [], () => false)).toBe(data);
  }
});
