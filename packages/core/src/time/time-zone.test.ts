import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDay, parseDay } from './calendar.ts';
import { dayAt, isTimeZone, startOfDay } from './time-zone.ts';

const at = (instant: string, zone: string): string => formatDay(dayAt(Date.parse(instant), zone));
const start = (day: string, zone: string): string => new Date(startOfDay(parseDay(day) ?? 0, zone)).toISOString();

describe('time zones', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'])('%s is one', (name) => {
    expect(isTimeZone(name)).toBe(true);
  });

  it.each(['', 'utc', 'CET', '+02:00', 'Europe/Nowhere', "Europe/Berlin'; drop table x", 'europe/berlin'])('%s is none', (name) => {
    expect(isTimeZone(name)).toBe(false);
  });

  it('give an instant its day', () => {
    expect(at('2017-03-31T22:30:00Z', 'Europe/Berlin')).toBe('2017-04-01');
    expect(at('2017-03-31T22:30:00Z', 'UTC')).toBe('2017-03-31');
    expect(at('2017-03-31T22:30:00Z', 'America/New_York')).toBe('2017-03-31');
    expect(at('1969-12-31T23:59:59Z', 'UTC')).toBe('1969-12-31');
    expect(at('2017-03-31T10:30:00Z', 'Pacific/Kiritimati')).toBe('2017-04-01');
  });

  it('give every instant a day that is at most one from that of UTC', () => {
    const instants = fc.integer({ min: -8.64e15, max: 8.64e15 });
    const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Pacific/Kiritimati', 'Asia/Kathmandu');
    fc.assert(
      fc.property(instants, zones, (instant, zone) => {
        expect(Math.abs(dayAt(instant, zone) - dayAt(instant, 'UTC'))).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('have the day of UTC in years that are not written with four digits', () => {
    expect(dayAt(Date.parse('-001000-03-01T23:30:00Z'), 'Asia/Tokyo')).toBe(dayAt(Date.parse('-001000-03-01T23:30:00Z'), 'UTC'));
    expect(at('9999-12-31T14:30:00Z', 'Asia/Tokyo')).toBe('9999-12-31');
    expect(at('9999-12-31T23:30:00Z', 'Asia/Tokyo')).toBe('9999-12-31');
    expect(at('0500-03-01T23:30:00Z', 'Asia/Tokyo')).toBe('0500-03-01');
  });

  it('are known by as many names as there are ways to write them', () => {
    // More than are kept at once.
    const written = Array.from({ length: 2_100 }, (_none, number) => {
      let letter = 0;
      return `A${'merica/new_york'.replaceAll(/[a-z]/g, (each) => ((number >> letter++) & 1 ? each.toUpperCase() : each))}`;
    });
    expect(new Set(written).size).toBeGreaterThan(2_000);
    for (const name of written) expect([name, isTimeZone(name), at('2017-04-01T03:00:00Z', name)]).toEqual([name, true, '2017-03-31']);
  });

  it('begin a day at their midnight', () => {
    expect(start('2017-03-01', 'UTC')).toBe('2017-03-01T00:00:00.000Z');
    expect(start('2017-03-01', 'Europe/Berlin')).toBe('2017-02-28T23:00:00.000Z');
    expect(start('2017-07-01', 'Europe/Berlin')).toBe('2017-06-30T22:00:00.000Z');
    expect(start('2017-07-01', 'Asia/Kathmandu')).toBe('2017-06-30T18:15:00.000Z');
    expect(start('2017-07-01', 'Pacific/Kiritimati')).toBe('2017-06-30T10:00:00.000Z');
    expect(start('2017-07-01', 'Pacific/Pago_Pago')).toBe('2017-07-01T11:00:00.000Z');
  });

  it.each([
    ['America/New_York', '1880-01-01', '1880-01-01T04:56:02.000Z'],
    ['Africa/Casablanca', '1910-11-11', '1910-11-11T00:30:20.000Z'],
    ['Africa/Monrovia', '1950-01-01', '1950-01-01T00:44:30.000Z'],
    ['America/Juneau', '1860-01-01', '1859-12-31T08:57:41.000Z'],
  ])('%s began %s at a second, %s', (zone, day, instant) => {
    expect(start(day, zone)).toBe(instant);
    expect(at(instant, zone)).toBe(day);
    expect(at(new Date(Date.parse(instant) - 1_000).toISOString(), zone) < day).toBe(true);
  });

  it('begin a day at the first of its two midnights where clocks went back over it', () => {
    // In Newfoundland clocks went back an hour at a minute past midnight.
    expect(start('1995-10-29', 'America/St_Johns')).toBe('1995-10-29T02:30:00.000Z');
    expect(start('2010-11-07', 'America/St_Johns')).toBe('2010-11-07T02:30:00.000Z');
    expect(start('2010-11-08', 'America/St_Johns')).toBe('2010-11-08T03:30:00.000Z');
    expect(start('0800-11-08', 'America/St_Johns')).toBe('0800-11-08T00:00:00.000Z');
  });

  it('begin a day after the gap where clocks skip midnight', () => {
    // In Brazil summer time began at midnight.
    expect(start('2017-10-15', 'America/Sao_Paulo')).toBe('2017-10-15T03:00:00.000Z');
    expect(start('2017-10-14', 'America/Sao_Paulo')).toBe('2017-10-14T03:00:00.000Z');
    expect(start('2017-10-16', 'America/Sao_Paulo')).toBe('2017-10-16T02:00:00.000Z');
  });
});
