import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor, pageLimit } from './cursor.ts';

const text = fc.string().filter((value) => !value.includes('\0'));

test('a cursor leads back to its place in its listing, and nothing else is one', () => {
  fc.assert(
    fc.property(text, fc.array(text, { minLength: 1, maxLength: 3 }), (listing, place) => {
      const cursor = encodeCursor(listing, place);
      expect(decodeCursor(listing, cursor, place.length)).toEqual(place);
      expect(() => decodeCursor(listing, cursor, place.length + 1)).toThrow('none that this listing gave');
      expect(() => decodeCursor(`${listing}s`, cursor, place.length)).toThrow('none that this listing gave');
    }),
  );
  fc.assert(
    fc.property(fc.string(), (cursor) => {
      expect(() => decodeCursor('records/deal', cursor, 2)).toThrow();
    }),
  );
  for (const part of ['null', '7', '"\\u0000"'])
    expect(() => decodeCursor('imports', Buffer.from(`["imports",${part}]`).toString('base64url'), 1)).toThrow();
});

test('a page has 1 to 1,000 items', () => {
  expect(pageLimit(undefined)).toBe(100);
  expect(pageLimit(1_000)).toBe(1_000);
  for (const limit of [0, 1_001, 1.5, Number.NaN]) expect(() => pageLimit(limit)).toThrow('limit is');
});
