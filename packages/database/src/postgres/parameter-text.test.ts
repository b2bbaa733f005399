import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeParameter } from './parameter-text.ts';

describe('a parameter of a statement', () => {
  it.each([
    ['a text', 'it', 'it'],
    ['a number', 1.5, '1.5'],
    ['a large integer', 9_007_199_254_740_993n, '9007199254740993'],
    ['true', true, 't'],
    ['false', false, 'f'],
    ['null', null, null],
    ['nothing', undefined, null],
    ['an instant', new Date('2026-11-21T05:31:38.123Z'), '2026-11-21T05:31:38.123Z'],
    ['an object, as JSON', { a: ['x'] }, '{"a":["x"]}'],
    ['a list', ['a"b', null, 1, [true]], '{"a\\"b",null,1,{"t"}}'],
    ['a list of objects', [{ a: 'x' }], '{"{\\"a\\":\\"x\\"}"}'],
    ['a list of bytes', [Buffer.from([1, 255])], '{"\\\\x01ff"}'],
  ])('is bound as PostgreSQL reads it: %s', (_what, value, expected) => {
    expect(encodeParameter(value)).toBe(expected);
  });

  it('in a list has its quotes and backslashes escaped, and nothing else, whatever is in it', () => {
    const text = fc.string({ unit: fc.oneof(fc.constantFrom('"', '\\', '\n', '\u0001', 'a', 'ä', '\u2028', '\ud800', '😀')) });
    fc.assert(
      fc.property(text, (value) => {
        expect(encodeParameter([value])).toBe(`{"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"}`);
      }),
      { numRuns: 1_000 },
    );
  });

  it('of bytes is bound as they are, also where they are a part of others', () => {
    expect(encodeParameter(Buffer.from([1, 2]))).toEqual(Buffer.from([1, 2]));
    expect(encodeParameter(new Uint8Array([0, 1, 2, 3]).subarray(1, 3))).toEqual(Buffer.from([1, 2]));
  });

  it.each([[() => 1], [Symbol('x')]])('that has no text is refused', (value) => {
    expect(() => encodeParameter(value)).toThrow(new TypeError(`A ${typeof value} cannot be bound to a statement.`));
  });
});
