import { expect, test } from 'vitest';
import { nanAssumptions } from './assumptions.ts';

test('of many columns that hold NaN the first are named, and the others counted', () => {
  const columns = Array.from({ length: 7 }, (_, index) => `f${index}`);
  expect(nanAssumptions(columns)).toEqual([expect.stringMatching(/^NaN in f0, f1, f2, f3, f4 and 2 more was taken /)]);
  expect(nanAssumptions(columns.slice(0, 5))).toEqual([expect.stringMatching(/^NaN in f0, f1, f2, f3, f4 was taken /)]);
});
