import { expect, it } from 'vitest';
import { nearest } from './nearest.ts';

it('the nearest name is the one with the fewest changes, if they are few', () => {
  expect(nearest('revenu', ['revenue', 'win_rate'])).toBe('revenue');
  expect(nearest('REVENUE', ['revenue'])).toBe('revenue');
  expect(nearest('abc', ['xyz'])).toBeUndefined();
  expect(nearest('abc', [])).toBeUndefined();
});
