import type { JsonValue } from '@sophia/types';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

describe('canonical JSON', () => {
  it('is the example of RFC 8785, section 3.2.2', () => {
    const value = {
      // biome-ignore lint/correctness/noPrecisionLoss: the example has more digits than a double
      numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('orders keys by UTF-16 code units, as in section 3.2.3', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      1: 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect(Object.values(JSON.parse(canonicalJson(value)))).toEqual(
      // Parsed again, the index-like key comes first.
      [
        'One',
        'Carriage Return',
        'Control',
        'Latin Small Letter O With Diaeresis',
        'Euro Sign',
        'Emoji: Grinning Face',
        'Hebrew Letter Dalet With Dagesh',
      ],
    );
    expect(canonicalJson(value).startsWith('{"\\r":"Carriage Return","1":"One",')).toBe(true);
  });

  it.each<[JsonValue, string]>([
    [{ 10: 1, 9: 2, a: { 2: [], 1: {} } }, '{"10":1,"9":2,"a":{"1":{},"2":[]}}'],
    [[{ b: 1, a: 2 }, [{ 2: 'x', 10: 'y' }]], '[{"a":2,"b":1},[{"10":"y","2":"x"}]]'],
    [JSON.parse('{"b":1,"__proto__":{"a":1}}'), '{"__proto__":{"a":1},"b":1}'],
    [-0, '0'],
    ['\\ud800 is only text', '"\\\\ud800 is only text"'],
    [{ '\\udc00': ['\\ud800', null, 1] }, '{"\\\\udc00":["\\\\ud800",null,1]}'],
  ])('of %j is %s', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  it('is what another implementation makes of any value', () => {
    const key = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('0', '1', '9', 'a') }), fc.constant('__proto__'));
    const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constant(null),
        fc.boolean(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
        fc.array(tie('value')),
        fc
          .array(
            fc.tuple(
              key.map((text) => text.toWellFormed()),
              tie('value'),
            ),
          )
          .map((members) => Object.fromEntries(members)),
      ),
    }));
    fc.assert(
      fc.property(value, (each) => {
        expect(canonicalJson(each)).toBe(canonicalize(each));
      }),
      { numRuns: 1_000 },
    );
  });

  it('does not depend on the order in which members came', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (value) => {
        expect(canonicalJson(Object.fromEntries(Object.entries(value).reverse()))).toBe(canonicalJson(value));
      }),
    );
  });

  it.each([
    [Number.NaN, 'NaN has no JSON form'],
    [{ a: [Number.POSITIVE_INFINITY] }, 'Infinity has no JSON form'],
    [{ a: undefined }, 'type undefined has no JSON form'],
    [{ 1: undefined }, 'type undefined has no JSON form'],
    [[1n], 'type bigint has no JSON form'],
    ['\ud800', 'lone surrogate'],
    [{ a: [{ '\udc00': 1 }] }, 'lone surrogate'],
    [{ 1: '\ud800' }, 'lone surrogate'],
  ])('of %o is refused', (value, message) => {
    expect(() => canonicalJson(value as JsonValue)).toThrow(TypeError);
    expect(() => canonicalJson(value as JsonValue)).toThrow(message);
  });
});
