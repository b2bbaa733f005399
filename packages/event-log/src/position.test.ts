import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BEGINNING, comparePlaces, endOfTick, formatPosition, type Place, parsePosition } from './position.ts';

const place: fc.Arbitrary<Place> = fc.record({ tick: fc.integer({ min: 1, max: 1e12 }), offset: fc.nat(1e12) });

test('a position is read as the place that it was written for', () => {
  fc.assert(
    fc.property(place, (written) => {
      expect(parsePosition('abc123', formatPosition('abc123', written.tick, written.offset))).toEqual(written);
    }),
  );
});

test('places are ordered by tick and offset; the end of a tick stands behind its events and before those of the next', () => {
  fc.assert(
    fc.property(place, place, (a, b) => {
      expect(Math.sign(comparePlaces(a, b))).toBe(-Math.sign(comparePlaces(b, a)) + 0);
      expect(comparePlaces(a, endOfTick(a.tick))).toBeLessThan(0);
      expect(comparePlaces({ tick: a.tick + 1, offset: 1 }, endOfTick(a.tick))).toBeGreaterThan(0);
    }),
  );
});

test('places before the beginning are the beginning', () => {
  expect(parsePosition('abc123', 'abc123.0.0')).toEqual(BEGINNING);
  expect(parsePosition('abc123', 'abc123.0.9')).toEqual(BEGINNING);
});

test('nothing but a position is one', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => parsePosition('abc123', text)).toThrow(
        expect.objectContaining({ status: expect.toSatisfy((status) => status === 400 || status === 410) }),
      );
    }),
  );
  expect(() => parsePosition('abc123', 'abc124.1.0')).toThrow(expect.objectContaining({ code: 'cursor_of_another_log' }));
});
