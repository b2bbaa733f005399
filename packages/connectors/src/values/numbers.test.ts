import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scaleDecimal } from './decimal.ts';
import { detectNumbers } from './detect-number.ts';
import { compileNumberFormat, type NumberFormat } from './number-format.ts';
import { UNITS, type Unit } from './units.ts';

describe('a number format', () => {
  const point: NumberFormat = { decimal: '.' };
  const comma: NumberFormat = { decimal: ',' };
  const dollars: NumberFormat = { decimal: '.', symbol: '$' };

  test.each<[NumberFormat, string, string | undefined]>([
    [point, '1,234,567.50', '1234567.50'],
    [point, ' 12 ', '12'],
    [point, '.5', '.5'],
    [point, "1'234.5", '1234.5'],
    [point, '1 234', '1234'],
    [point, '-1,234', '-1234'],
    [point, '+1,234', '1234'],
    [point, '\u2212 5', '-5'],
    [point, '(5.25)', '-5.25'],
    [point, '5-', '-5'],
    [point, '1,23', undefined],
    [point, '1,234 567', undefined],
    [point, '12,34,567', undefined],
    [point, '5.', undefined],
    [point, '', undefined],
    [point, '-', undefined],
    [point, 'five', undefined],
    [point, '9'.repeat(101), undefined],
    [comma, '1.234,50', '1234.50'],
    [comma, '1 234,50', '1234.50'],
    [comma, '1234', '1234'],
    [comma, '1,234.50', undefined],
    [dollars, '$1,234.50', '1234.50'],
    [dollars, '-$5', '-5'],
    [dollars, '$-5', '-5'],
    [dollars, '($5)', '-5'],
    [dollars, '5 $', '5'],
    [dollars, '5$-', '-5'],
    [dollars, '5', '5'],
    [dollars, '€5', undefined],
    [dollars, '5$5', undefined],
  ])('%j reads %j as %j', (format, text, expected) => {
    expect(compileNumberFormat(format)(text)).toBe(expected);
  });

  test('law: what Intl writes is read back', () => {
    const locales: readonly (readonly [string, NumberFormat])[] = [
      ['en-US', point],
      ['de-DE', comma],
      ['fr-FR', comma],
      ['de-CH', point],
    ];
    fc.assert(
      fc.property(fc.constantFrom(...locales), fc.integer({ min: -1e12, max: 1e12 }), ([locale, format], cents) => {
        const text = new Intl.NumberFormat(locale, { minimumFractionDigits: 2 }).format(cents / 100);
        expect(Number(compileNumberFormat(format)(text))).toBe(cents / 100);
      }),
    );
  });
});

describe('detection', () => {
  test.each<[readonly string[], boolean, unknown]>([
    [['1.5', '-2', '1e3'], false, { kind: 'plain' }],
    [['1.234'], false, { kind: 'plain' }],
    [['12', '7'], true, { kind: 'plain' }],
    [['0.500', '1.000'], true, { kind: 'plain' }],
    [['1.000', '1234.000'], true, { kind: 'plain' }],
    [['1.5', '1.234'], true, { kind: 'plain' }],
    [['1.234,5', '3'], false, { kind: 'found', format: { decimal: ',' }, percent: false }],
    [['1.234.567'], false, { kind: 'found', format: { decimal: ',' }, percent: false }],
    [['1,234.5', '1,234'], false, { kind: 'found', format: { decimal: '.' }, percent: false }],
    [['1,234'], true, { kind: 'found', format: { decimal: '.' }, percent: false }],
    [['1,234', '5,5'], false, { kind: 'found', format: { decimal: ',' }, percent: false }],
    [['$1,234.50', '($3.00)', '-$4'], false, { kind: 'found', format: { decimal: '.', symbol: '$' }, percent: false }],
    [['USD 5', 'USD 1,000,000'], false, { kind: 'found', format: { decimal: '.', symbol: 'USD' }, percent: false }],
    [['12,5 €', '3 €'], false, { kind: 'found', format: { decimal: ',', symbol: '€' }, percent: false }],
    [['12.5%', '3 %'], false, { kind: 'found', format: { decimal: '.', symbol: '%' }, percent: true }],
    [['12 %', '0', '0.0', 'n/a'], false, { kind: 'found', format: { decimal: '.', symbol: '%' }, percent: true }],
    [["1'234", "2'345", 'n/a'], false, { kind: 'found', format: { decimal: '.' }, percent: false }],
    [['€1.234'], true, { kind: 'found', format: { decimal: ',', symbol: '€' }, percent: false }],
    [['€1,5', '1.5'], false, { kind: 'found', format: { decimal: '.', symbol: '€' }, percent: false }],
    [['$5', '€6'], false, { kind: 'none' }],
    [['a', 'b'], false, { kind: 'none' }],
    [[' ', ''], false, { kind: 'none' }],
  ])('of %j (whole: %j) finds %j', (values, whole, expected) => {
    expect(detectNumbers(values, whole)).toEqual(expected);
  });

  test('finds columns that can be read in two ways', () => {
    expect(detectNumbers(['1,234', '12,345'], false)).toEqual({
      kind: 'ambiguous',
      example: '1,234',
      readings: [
        { key: 'decimal', value: '.', reading: '1234', format: { decimal: '.' }, percent: false },
        { key: 'decimal', value: ',', reading: '1.234', format: { decimal: ',' }, percent: false },
      ],
    });
    expect(detectNumbers(['$1,234'], false)).toMatchObject({ readings: [{ format: { symbol: '$' } }, { format: { symbol: '$' } }] });
    expect(detectNumbers(['1,234 %'], false)).toMatchObject({ readings: [{ percent: true }, { percent: true }] });
  });

  test.each([[['1.234', '2.000', '10.000']], [['2.000', '10.000']], [['12', '1.234']], [['1.234', 'n/a']]])(
    'finds whole numbers that may be thousands with a point: %j',
    (values) => {
      const [example = '', plain = ''] =
        values.filter((value) => value.includes('.')).map((value) => [value, value.replace('.', '')])[0] ?? [];
      expect(detectNumbers(values, true)).toMatchObject({
        kind: 'ambiguous',
        example,
        readings: [
          { value: '.', reading: example },
          { value: ',', reading: plain },
        ],
      });
    },
  );

  test('finds percentages beside numbers without the sign', () => {
    expect(detectNumbers(['12,5 %', '0,5', '3%'], false)).toEqual({
      kind: 'ambiguous',
      example: '0,5',
      readings: [
        { key: 'unit', value: 'percent', reading: '0.005', format: { decimal: ',', symbol: '%' }, percent: true },
        { key: 'decimal', value: ',', reading: '0.5', format: { decimal: ',' }, percent: false },
      ],
    });
    expect(detectNumbers(['1,234 %', '5'], false)).toMatchObject({ readings: [{ percent: false }, { percent: false }] });
  });

  test('looks at a bounded number of values', () => {
    expect(
      detectNumbers(
        Array.from({ length: 20_000 }, (_, i) => `${i},5`),
        false,
      ),
    ).toMatchObject({ format: { decimal: ',' } });
  });
});

describe('scaling', () => {
  test.each<[string, Unit, string | undefined]>([
    ['1100.04', 'millions', '1100040000'],
    ['-0.05', 'percent', '-0.0005'],
    ['+12', 'cents', '0.12'],
    ['100', 'cents', '1'],
    ['1.5', 'minutes', '90'],
    ['0.000', 'millions', '0'],
    ['.5', 'thousands', '500'],
    ['5.', 'thousands', '5000'],
    ['.', 'thousands', undefined],
    ['1e3', 'thousands', undefined],
    ['9'.repeat(101), 'thousands', undefined],
  ])('%s %s is %s', (text, unit, expected) => {
    expect(scaleDecimal(text, UNITS[unit])).toBe(expected);
  });

  test('law: nothing is lost', () => {
    const unit = fc.constantFrom(...Object.values(UNITS));
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.integer({ min: 0, max: 12 }), unit, (digits, scale, { factor, shift }) => {
        const text = String(digits).padStart(scale + 1, '0');
        const decimal = scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`;
        const [whole = '', fraction = ''] = (scaleDecimal(decimal, { factor, shift }) ?? '').split('.');
        const unscaled = BigInt(whole + fraction) * 10n ** BigInt(scale + 10 - shift);
        expect(unscaled).toBe(digits * factor * 10n ** BigInt(fraction.length + 10));
      }),
    );
  });
});
