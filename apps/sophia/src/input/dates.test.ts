import { expect, it } from 'vitest';
import { parseDay, parseMoment } from './dates.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');

it.each([
  ['2017', '2017-01-01'],
  ['2017-03', '2017-03-01'],
  ['2017-Q1', '2017-01-01'],
  ['2017q4', '2017-10-01'],
  ['2017-03-05', '2017-03-05'],
  ['2017-03-05T08:00Z', '2017-03-05T08:00Z'],
  ['2017-03-05 08:00+01:00', '2017-03-05T08:00+01:00'],
  ['2017-03-05T08:00:00+02:00', '2017-03-05T08:00:00+02:00'],
  ['this_month-5months', 'this_month-5months'],
  ['today', 'today'],
])('%s begins at %s', (text, day) => {
  expect(parseDay(text, '--from')).toBe(day);
});

it.each(['', 'march', '2017-02-30', '2017-13', '2017-Q5', '17-03-05', '2017-03-05T25:00Z', '2017-03-05T08:00'])(
  'refuses the day %j',
  (text) => {
    expect(() => parseDay(text, '--from')).toThrow(/--from is .*, which is no date/);
  },
);

it.each([
  ['2h', '2026-11-20T10:00:00.000Z'],
  ['30 min ago', '2026-11-20T11:30:00.000Z'],
  ['10s', '2026-11-20T11:59:50.000Z'],
  ['2 days ago', '2026-11-18T12:00:00.000Z'],
  ['1w', '2026-11-13T12:00:00.000Z'],
  ['2026-11-01', '2026-11-01T00:00:00Z'],
  ['2026-11-01T08:00:00.123456Z', '2026-11-01T08:00:00.123456Z'],
])('%s is %s', (text, moment) => {
  expect(parseMoment(text, '--as-of', NOW)).toBe(moment);
});

it.each(['yesterday', '2026-02-30', '5 fortnights', '2026-11-01 08:00', '999999999999d', '3000000000h', '900000 days ago'])(
  'refuses the moment %j',
  (text) => {
    expect(() => parseMoment(text, '--as-of', NOW)).toThrow(/--as-of/);
  },
);
