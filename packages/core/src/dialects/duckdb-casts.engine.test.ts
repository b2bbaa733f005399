import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ValueType } from '../expression/bound-expression.ts';
import { useDuckdb } from '../testing/use-duckdb.ts';
import { duckdb } from './duckdb.ts';

const COLUMNS = { number: 'double', text: 'varchar', json: 'json' } as const;
type Source = keyof typeof COLUMNS;
const SOURCES = ['number', 'text', 'json'] as const;

const connection = useDuckdb();

/** What values of a column become where its field has another type now, as texts. */
async function cast(values: readonly string[], from: Source, to: ValueType): Promise<(string | null)[]> {
  const rows = values.map((value, index) => `(${index}, '${value}'::${COLUMNS[from]})`).join(', ');
  const sql = `select cast(${duckdb.safeCast('x', from, to)} as varchar) from (values ${rows}) as t(i, x) order by i`;
  return (await connection().runAndReadAll(sql)).getRows().map(([text]) => text as string | null);
}

const withScale = (units: bigint, digits: number): string => {
  const text = (units < 0n ? -units : units).toString().padStart(digits + 1, '0');
  return `${units < 0n ? '-' : ''}${text.slice(0, -digits)}.${text.slice(-digits)}`;
};

describe.each(['text', 'json'] as const)('a column of %s', (from) => {
  it.each([
    ['2024-01-05', '2024-01-05', '2024-01-05 00:00:00'],
    ['2024-01-05T00:00:00Z', '2024-01-05', '2024-01-05 00:00:00'],
    ['2024-01-05T10:00:00.25+02:00', null, '2024-01-05 08:00:00.25'],
    ['2024-01-05 (BC)', null, null],
    ['290000-01-05', null, null],
    ['infinity', null, null],
    ['epoch', null, null],
  ])('of %s is %s as a day and %s as a time', async (text, date, timestamp) => {
    const quoted = from === 'json' ? JSON.stringify(text) : text;
    expect(await cast([quoted], from, 'date')).toEqual([date]);
    expect(await cast([quoted], from, 'timestamp')).toEqual([timestamp]);
  });
});

describe.each(SOURCES)('a column of %s', (from) => {
  it('keeps every amount that a double holds when its field becomes money', async () => {
    const cents = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
    await fc.assert(
      fc.asyncProperty(fc.array(cents, { minLength: 1, maxLength: 200 }), async (amounts) => {
        const texts = amounts.map((each) => withScale(each, 2));
        expect(await cast(texts, from, 'money')).toEqual(texts.map((text) => (Number(text) === 0 ? '0.0000' : `${text}00`)));
      }),
    );
  });

  it('keeps every whole number that a double holds when its field becomes a whole number', async () => {
    const whole = fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n });
    await fc.assert(
      fc.asyncProperty(fc.array(whole, { minLength: 1, maxLength: 200 }), async (numbers) => {
        const texts = numbers.map(String);
        expect(await cast(texts, from, 'integer')).toEqual(texts);
        expect(await cast(texts, from, 'money')).toEqual(texts.map((text) => `${text}.0000`));
      }),
    );
  });

  it.each([
    ['2500.5', null, '2500.5000'],
    ['8980294990.0', '8980294990', '8980294990.0000'],
    ['0.30000000000000004', null, '0.3000'],
    ['1e-5', null, null],
    ['12.34567', null, null],
    ['1e16', '10000000000000000', '10000000000000000.0000'],
    ['1e20', null, '100000000000000000000.0000'],
    ['1e300', null, null],
  ])('of %s is %s as a whole number and %s as money', async (text, integer, money) => {
    expect(await cast([text], from, 'integer')).toEqual([integer]);
    expect(await cast([text], from, 'money')).toEqual([money]);
  });
});
