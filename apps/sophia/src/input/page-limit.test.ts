import { expect, it } from 'vitest';
import { pageLimit } from './page-limit.ts';

it('a page has 20 rows unless told, and at most 1,000', () => {
  expect([pageLimit(undefined), pageLimit('7'), pageLimit('1000')]).toEqual([20, 7, 1000]);
  for (const text of ['1001', '5000', '0']) {
    expect(() => pageLimit(text)).toThrow(`--limit is "${text}"; allowed is a whole number from 1 to 1,000.`);
  }
});
