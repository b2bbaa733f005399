import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toDate, toInt32, toInt64, toMoney, toNumber, toTimestamp } from './column-values.ts';

describe('money', () => {
  test('is exact for every amount of its digits, however it is written', () => {
    const amounts = fc.tuple(fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n }), fc.boolean());
    fc.assert(
      fc.property(amounts, ([scaled, isShort]) => {
        const digits = String(scaled < 0n ? -scaled : scaled).padStart(5, '0');
        const text = `${scaled < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`;
        expect(toMoney(isShort ? text.replace(/\.?0+$/, '') || '0' : text)).toBe(isShort ? scaled : scaled);
      }),
    );
  });

  test.each(['', '-', '.5', '5.', '1.23456', '123456789012345', '1e3', '1,000', '1.2.3', ' 1', '+1', 5, null])('%j is none', (value) => {
    expect(toMoney(value)).toBe(undefined);
  });
});

test('integers keep to their bits', () => {
  expect([2 ** 31 - 1, -(2 ** 31), 2 ** 31, 0.5, '1'].map(toInt32)).toEqual([2 ** 31 - 1, -(2 ** 31), undefined, undefined, undefined]);
  const limit = 2n ** 63n;
  expect([String(limit - 1n), String(-limit), String(limit), String(-limit - 1n), '1.5', 2 ** 53, 1.5, true].map(toInt64)).toEqual([
    limit - 1n,
    -limit,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('days are text', () => {
  expect(['1970-01-02', '1970-02-30', 1].map(toDate)).toEqual([1, undefined, undefined]);
});

test('numbers are finite, instants text or microseconds', () => {
  expect([1.5, Number.NaN, Number.POSITIVE_INFINITY, '1'].map(toNumber)).toEqual([1.5, undefined, undefined, undefined]);
  expect([5n, '1970-01-01T00:00:01Z', 5].map(toTimestamp)).toEqual([5n, 1_000_000n, undefined]);
});
