import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor, pageLimit } from './cursor.ts';

test('a cursor leads back to its parts, and nothing else is one', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 3 }), (parts) => {
      expect(decodeCursor(encodeCursor(parts), parts.length)).toEqual(parts);
      expect(() => decodeCursor(encodeCursor(parts), parts.length + 1)).toThrow('none that this listing gave');
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => decodeCursor(text, 2)).toThrow();
    }),
  );
  expect(() => decodeCursor(Buffer.from('[null]').toString('base64url'), 1)).toThrow();
  expect(decodeCursor(encodeCursor([7]), 1)).toEqual(['7']);
});

test('a page has 1 to 1,000 items', () => {
  expect(pageLimit(undefined)).toBe(100);
  expect(pageLimit(1_000)).toBe(1_000);
  for (const limit of [0, 1_001, 1.5, Number.NaN]) expect(() => pageLimit(limit)).toThrow('limit is');
});
