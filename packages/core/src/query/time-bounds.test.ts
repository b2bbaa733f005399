import { describe, expect, it } from 'vitest';
import { formatDay, parseDay } from '../time/calendar.ts';
import { type QueryTime, readTimeBounds, shownPeriods } from './time-bounds.ts';

const time = (timeZone: string): QueryTime => ({ today: parseDay('2020-03-01') ?? 0, timeZone, weekStart: 'monday' });

/** First and last day that a range touches. */
const days = (from: string, to: string, timeZone = 'UTC') => {
  const { first, last } = shownPeriods(readTimeBounds({ from, to }, time(timeZone)).bounds, 'day', time(timeZone));
  return [first, last].map((day) => day !== undefined && formatDay(day));
};

describe('a range of time', () => {
  it.each([
    ['ends with the day before a day', '2019-12-30', '2020-01-01', '2019-12-31'],
    ['does not touch a day at whose first moment it ends', '2019-12-30', '2020-01-01T00:00:00Z', '2019-12-31'],
    ['touches a day of which it has less than a millisecond', '2019-12-30', '2020-01-01T00:00:00.000200Z', '2020-01-01'],
    ['touches such a day before 1970', '1960-12-30', '1961-01-01T00:00:00.000001Z', '1961-01-01'],
    ['does not touch it at its first moment', '1960-12-30', '1961-01-01T00:00:00Z', '1960-12-31'],
  ])('%s', (_, from, to, last) => {
    expect(days(from, to)).toEqual([from, last]);
  });

  it('may be shorter than a millisecond', () => {
    expect(days('2020-01-01T00:00:00.000100Z', '2020-01-01T00:00:00.000400Z')).toEqual(['2020-01-01', '2020-01-01']);
    expect(() => days('2020-01-01T00:00:00.000400Z', '2020-01-01T00:00:00.000400Z')).toThrow('is not before');
  });

  it('has days that its zone skipped: dates have them', () => {
    expect(days('2011-12-30', '2011-12-31', 'Pacific/Apia')).toEqual(['2011-12-30', '2011-12-30']);
    expect(days('2011-12-29', '2011-12-31', 'Pacific/Apia')).toEqual(['2011-12-29', '2011-12-30']);
    expect(() => days('2011-12-31', '2011-12-30', 'Pacific/Apia')).toThrow('is not before');
  });
});
