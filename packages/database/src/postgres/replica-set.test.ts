import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseWalPosition } from './replica-set.ts';

test('positions of the write-ahead log are ordered as numbers, not as texts', () => {
  expect(parseWalPosition('0/0')).toBe(0n);
  expect(parseWalPosition('16/B374D848')).toBe(0x16b374d848n);
  expect(parseWalPosition('9/FFFFFFFF') < parseWalPosition('10/0')).toBe(true);
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (position) => {
      const text = `${(position >> 32n).toString(16)}/${(position & 0xffff_ffffn).toString(16)}`.toUpperCase();
      expect(parseWalPosition(text)).toBe(position);
    }),
  );
});
