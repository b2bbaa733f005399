import { formatMicros, parseMicros } from '@sophia/shared';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDay, formatInstant, parseDay, parseInstant } from './calendar.ts';

const DAY_MS = 86_400_000;
const dates = fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true });

describe('days', () => {
  test('are counted as Date counts them', () => {
    fc.assert(
      fc.property(dates, (date) => {
        const text = date.toISOString().slice(0, 10);
        const days = Math.floor(date.getTime() / DAY_MS);
        expect(parseDay(text)).toBe(days);
        expect(formatDay(days)).toBe(text);
      }),
    );
  });

  test.each([
    '2026-02-29',
    '2026-04-31',
    '2026-13-01',
    '2026-00-10',
    '2026-01-00',
    '0000-01-01',
    '2026/01/01',
    '2026-1-01',
    '2026-01-01T',
    'x026-01-01',
    '1900-02-29',
  ])('%s is none', (text) => {
    expect(parseDay(text)).toBe(undefined);
  });

  test('the leap years are there', () => {
    expect(['2000-02-29', '2024-02-29'].map(parseDay)).toEqual([11_016, 19_782]);
  });
});

describe('instants', () => {
  test('are read and written to the microsecond', () => {
    fc.assert(
      fc.property(dates, fc.integer({ min: 0, max: 999 }), (date, rest) => {
        const micros = BigInt(date.getTime()) * 1_000n + BigInt(rest);
        expect(parseInstant(formatMicros(micros))).toBe(micros);
        expect(formatInstant(micros)).toBe(formatMicros(micros).replace(/\.?0+Z$/, 'Z'));
        expect(parseInstant(formatInstant(micros))).toBe(micros);
      }),
    );
  });

  test('the short form is judged as the long one is', () => {
    const part = (max: number) => fc.integer({ min: 0, max }).map((number) => String(number).padStart(2, '0'));
    const texts = fc
      .tuple(part(14), part(33), part(26), part(62), part(62))
      .map(([month, day, hour, minute, second]) => `2026-${month}-${day}T${hour}:${minute}:${second}Z`);
    fc.assert(
      fc.property(texts, (text) => {
        expect(parseInstant(text)).toBe(parseMicros(text));
      }),
    );
  });

  test.each(['2026-01-01T10-00-00Z', '2026-01-01T1x:00:00Z', '2026-01-01T10:00:00', '2026-01-01T10:00:00.0000001Z', 'soon'])(
    '%s is none',
    (text) => {
      expect(parseInstant(text)).toBe(undefined);
    },
  );

  test('zeros beyond microseconds lose nothing', () => {
    expect(parseInstant('1970-01-01T00:00:00.00000100Z')).toBe(1n);
    expect(parseInstant('1970-01-01T02:00:00+02:00')).toBe(0n);
  });
});
