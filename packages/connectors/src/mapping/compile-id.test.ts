import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileId } from './compile-id.ts';

const join = (separator: string, ...parts: readonly (string | number | null)[]) =>
  compileId(
    parts.map((_, index) => index),
    separator,
  )(parts);

describe('the id of a row', () => {
  test('is the value of its one column as it is', () => {
    expect([join('/', 'x/y'), join('/', 7), join('/', null)]).toEqual(['x/y', 7, null]);
  });

  test.each<[string, readonly (string | number)[], string]>([
    ['/', ['a', 7], 'a/7'],
    ['/', [' a ', 'b'], 'a/b'],
    ['/', ['x/y', 'z'], 'x\\/y/z'],
    ['/', ['x', 'y/z'], 'x/y\\/z'],
    ['/', ['x\\', 'y'], 'x\\\\/y'],
    ['--', ['a-b', 'c-'], 'a-b--c-'],
    ['--', ['a-', 'b'], 'a\\---b'],
    ['--', ['a', '-b'], 'a---b'],
  ])('of several columns is joined by %j: %j is %s', (separator, parts, expected) => {
    expect(join(separator, ...parts)).toBe(expected);
  });

  test('is missing where a part is', () => {
    expect([join('/', 'a', null), join('/', ' ', 'b')]).toEqual([undefined, undefined]);
  });

  test('law: no two keys of several columns are one id', () => {
    const sign = fc.constantFrom('a', '-', '/', '\\');
    const part = fc.string({ unit: sign, minLength: 1, maxLength: 4 });
    const separator = fc.string({ unit: fc.constantFrom('a', '-', '/'), minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(separator, part, part, part, part, (between, a, b, c, d) => {
        expect(join(between, a, b) === join(between, c, d)).toBe(a === c && b === d);
      }),
      { numRuns: 2_000 },
    );
  });

  test('law: nor are those of one text that is cut at one separator or another', () => {
    const separator = fc.string({ unit: fc.constantFrom('a', '-'), minLength: 1, maxLength: 3 });
    const pieces = fc.array(fc.constantFrom('a', '-', '\\', 'SEPARATOR'), { maxLength: 8 });
    fc.assert(
      fc.property(separator, pieces, (between, around) => {
        const text = `a${around.join('').replaceAll('SEPARATOR', between)}a`;
        const places = Array.from(text, (_, at) => at).filter(
          (at) => at > 0 && text.startsWith(between, at) && at + between.length < text.length,
        );
        const ids = places.map((at) => join(between, text.slice(0, at), text.slice(at + between.length)));
        expect(new Set(ids).size).toBe(places.length);
      }),
      { numRuns: 1_000 },
    );
  });
});
