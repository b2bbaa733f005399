import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExactJson, parseExactNumbers, parseVerbatimJson } from './parse-exact-json.ts';

const values = [fc.string(), fc.maxSafeInteger(), fc.double({ min: -1e15, max: 1e15, noNaN: true }), fc.boolean(), fc.constant(null)];

describe('exact JSON', () => {
  it.each([
    ['9007199254740991', 9_007_199_254_740_991],
    ['-9007199254740991', -9_007_199_254_740_991],
    ['9007199254740993', '9007199254740993'],
    ['-9223372036854775808', '-9223372036854775808'],
    [`1${'0'.repeat(400)}`, `1${'0'.repeat(400)}`],
    ['1e20', 1e20],
    ['-9007199254740992.5', '-9007199254740992.5'],
    ['12345678901234567890.50', '12345678901234567890.50'],
    ['9007199254740992.0', 9_007_199_254_740_992],
    ['-1e400', '-1e400'],
    ['1.0e20', 1e20],
    ['0.30000000000000004', 0.30000000000000004],
    ['4.9999999999999999999999', '4.9999999999999999999999'],
    ['-4.9999999999999999', '-4.9999999999999999'],
    ['[1,{"a": 12345678.49999999999}]', [1, { a: '12345678.49999999999' }]],
    ['49999999999999999999999E-22', '49999999999999999999999E-22'],
    ['0.10000000000000001', '0.10000000000000001'],
    [`0.${'0'.repeat(400)}1`, `0.${'0'.repeat(400)}1`],
    ['{"a":"1.00000000000000001, 1e-400","b":1.5000000000000000000}', { a: '1.00000000000000001, 1e-400', b: 1.5 }],
    ['0.12345678901234567890', 0.12345678901234568],
    ['"9007199254740993"', '9007199254740993'],
    ['{"id":1234567890123456789,"n":1}', { id: '1234567890123456789', n: 1 }],
    [
      '[1,[1234567890123456789],{"a":{"b":1234567890123456788}},null]',
      [1, ['1234567890123456789'], { a: { b: '1234567890123456788' } }, null],
    ],
  ])('reads %s as %j', (text, value) => {
    expect(parseExactJson(text)).toEqual(value);
  });

  it('is JSON.parse for all that a double holds', () => {
    fc.assert(
      fc.property(fc.object({ values }), (value) => {
        const text = JSON.stringify(value);
        expect(parseExactJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('takes no number for another of few digits, wherever it stands', () => {
    const parts = fc.tuple(fc.string(), fc.integer({ min: 1, max: 999_999 }), fc.integer({ min: 16, max: 40 }), fc.constantFrom('0', '9'));
    fc.assert(
      fc.property(parts, ([before, whole, length, digit]) => {
        const number = `${whole}.${digit.repeat(length)}${digit === '0' ? '1' : ''}`;
        expect(parseExactJson(`{"before":${JSON.stringify(before)},"after":${number}}`)).toEqual({ before, after: number });
      }),
    );
  });

  it('keeps every integer apart', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n }), (id) => {
        expect(parseExactJson(`{"id":${id}}`)).toEqual({ id: String(id) });
      }),
    );
  });

  it('has a member of any name', () => {
    const value = parseExactJson('{"__proto__":{"id":1234567890123456789}}');
    expect(JSON.stringify(value)).toBe('{"__proto__":{"id":"1234567890123456789"}}');
  });

  it('says of no JSON what JSON.parse says', () => {
    expect(() => parseExactJson('{"id":1234567890123456789,')).toThrow(SyntaxError);
  });

  it('does not run out of stack', () => {
    const deep = `${'['.repeat(100_000)}1234567890123456789${']'.repeat(100_000)}`;
    expect(Array.isArray(parseExactJson(deep))).toBe(true);
  });
});

describe('exact numbers', () => {
  it.each([
    ['12345678901234.4999', '12345678901234.4999'],
    ['-12345678901234567890.12', '-12345678901234567890.12'],
    ['9007199254740993', '9007199254740993'],
    ['1e400', '1e400'],
    ['12.3400', 12.34],
    ['0.0010', 0.001],
    ['-0.00', -0],
    ['1200', 1200],
    ['1.20E+22', 1.2e22],
    ['10000000000000000000000.00', 1e22],
    [
      '{"a":[0.1,{"b":90071992547409.9312}],"c":"90071992547409.9312"}',
      { a: [0.1, { b: '90071992547409.9312' }], c: '90071992547409.9312' },
    ],
  ])('reads %s as %j', (text, value) => {
    expect(parseExactNumbers(text)).toEqual(value);
  });

  it('take no longer where they have very many zeros', () => {
    const zeros = '0'.repeat(1_000_000);
    for (const text of [`1${zeros}1.5`, `0.${zeros}1`]) expect(parseExactNumbers(text) === text).toBe(true);
    expect(parseExactJson(`1${zeros}1.5`) === `1${zeros}1.5`).toBe(true);
    expect(parseExactNumbers(`12.5${zeros}`)).toBe(12.5);
  });

  it('are JSON.parse for all that a double holds', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(parseExactNumbers(JSON.stringify([value]))).toEqual(JSON.parse(JSON.stringify([value])));
      }),
    );
  });
});

describe('verbatim JSON', () => {
  it.each(['20260101123059.123456789', '0.30000000000000004441', '1.0', '-0', '1e400', '1E5', '{"a":[{"b":12345678901234567.89}]}'])(
    'writes %s again as it came',
    (text) => {
      expect(JSON.stringify(parseVerbatimJson(text))).toBe(text);
    },
  );

  it('does not run out of stack', () => {
    const deep = `${'['.repeat(100_000)}1.0${']'.repeat(100_000)}`;
    expect(Array.isArray(parseVerbatimJson(deep))).toBe(true);
  });

  it('is written with the integers it came with', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (bookmark) => {
        const text = `{"bookmarks":{"a":[${bookmark},"${bookmark}",1.5]}}`;
        expect(JSON.stringify(parseVerbatimJson(text))).toBe(text);
      }),
    );
  });

  it('is JSON.parse for all that a double holds', () => {
    fc.assert(
      fc.property(fc.object({ values }), (value) => {
        const text = JSON.stringify(value);
        expect(parseVerbatimJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });
});
