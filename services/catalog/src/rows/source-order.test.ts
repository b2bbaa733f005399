import { expect, test } from 'vitest';
import { sourceOrder } from './source-order.ts';

test.each([
  [null, null],
  ['0', 0n],
  ['-12', -12n],
  ['999999999999999999', 999_999_999_999_999_999n],
  ['1970-01-01T00:00:01Z', 1_000_000n],
  ['1970-01-01T01:00:00.5+01:00', 500_000n],
  ['1970-01-02', 86_400_000_000n],
  ['1234567890123456789012', null],
  ['v1.2', null],
  ['2017-02-30', null],
  ['', null],
])('%s has the place %s', (version, place) => {
  expect(sourceOrder(version)).toBe(place);
});
