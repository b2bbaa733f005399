import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMicros, isCalendarDay, isTimeZone, parseMicros } from './time.ts';

describe('microseconds', () => {
  it.each([
    [0n, '1970-01-01T00:00:00.000000Z'],
    [1n, '1970-01-01T00:00:00.000001Z'],
    [-1n, '1969-12-31T23:59:59.999999Z'],
    [1_795_166_999_123_456n, '2026-11-20T09:29:59.123456Z'],
  ])('%d is %s', (micros, text) => {
    expect(formatMicros(micros)).toBe(text);
    expect(parseMicros(text)).toBe(micros);
  });

  it.each([
    ['2026-11-20T10:30:00+01:00', '2026-11-20T09:30:00.000000Z'],
    ['2026-11-20T10:30:00-0130', '2026-11-20T12:00:00.000000Z'],
    ['2026-11-20 10:30+01', '2026-11-20T09:30:00.000000Z'],
    ['2026-11-20T10:30:00,1234567z', '2026-11-20T10:30:00.123456Z'],
  ])('%s is read as %s', (text, canonical) => {
    expect(formatMicros(parseMicros(text) ?? -1n)).toBe(canonical);
  });

  it.each([
    '',
    '2026-11-20',
    '2026-11-20T10:30:00',
    '2026-02-29T10:30:00Z',
    '2026-13-01T10:30:00Z',
    '2026-11-20T24:00:00Z',
    '2026-11-20T10:60:00Z',
    '2026-11-20T10:30:60Z',
    '2026-11-20T10:30:00+24:00',
    '2026-11-20T10:30:00+01:60',
    'x2026-11-20T10:30:00Z',
  ])('%j is no instant', (text) => {
    expect(parseMicros(text)).toBeUndefined();
  });

  it('are the same when they are written and read', () => {
    const range = { min: parseMicros('0001-01-01T00:00:00Z') ?? 0n, max: parseMicros('9999-12-31T23:59:59.999999Z') ?? 0n };
    fc.assert(
      fc.property(fc.bigInt(range), (micros) => {
        expect(parseMicros(formatMicros(micros))).toBe(micros);
      }),
    );
  });
});

it.each([
  ['2024-02-29', true],
  ['2023-02-29', false],
  ['2023-04-31', false],
  ['2023-4-01', false],
  ['2023-00-01', false],
])('%s is a day: %s', (text, expected) => {
  expect(isCalendarDay(text)).toBe(expected);
});

it('time zones are those of the IANA database', () => {
  expect(isTimeZone('Europe/Berlin')).toBe(true);
  expect(isTimeZone('Europe/Atlantis')).toBe(false);
});
