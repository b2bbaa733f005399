import { describe, expect, it } from 'vitest';
import { addMonths, addPeriods, countPeriods, formatDay, isWritableDay, parseDay, startOfPeriod } from './calendar.ts';
import { nests } from './nests.ts';

const day = (text: string): number => parseDay(text) ?? Number.NaN;

describe('days', () => {
  it('are counted from 1970', () => {
    expect(parseDay('1970-01-01')).toBe(0);
    expect(parseDay('1969-12-31')).toBe(-1);
    expect(parseDay('2017-03-01')).toBe(17_226);
    expect(formatDay(17_226)).toBe('2017-03-01');
    expect(formatDay(day('0001-01-01'))).toBe('0001-01-01');
  });

  it.each(['2017-02-29', '2017-13-01', '2017-3-1', '0000-01-01', 'today', '2017-03-01T00:00:00Z'])('%s is none', (text) => {
    expect(parseDay(text)).toBeUndefined();
  });

  it('are written with four digits of the year', () => {
    expect(isWritableDay(day('9999-12-31'))).toBe(true);
    expect(isWritableDay(day('9999-12-31') + 1)).toBe(false);
    expect(isWritableDay(day('0001-01-01') - 1)).toBe(false);
  });
});

describe('periods', () => {
  it.each([
    ['day', '2017-03-05', '2017-03-05'],
    ['week', '2017-03-05', '2017-02-27'],
    ['week', '2017-03-06', '2017-03-06'],
    ['week', '1969-12-31', '1969-12-29'],
    ['month', '2016-02-29', '2016-02-01'],
    ['quarter', '2017-06-30', '2017-04-01'],
    ['quarter', '2017-12-31', '2017-10-01'],
    ['year', '2017-12-31', '2017-01-01'],
    ['month', '0099-05-05', '0099-05-01'],
  ] as const)('the %s of %s begins on %s', (grain, inside, first) => {
    expect(formatDay(startOfPeriod(day(inside), grain, 'monday'))).toBe(first);
  });

  it('weeks may begin on Sunday', () => {
    expect(formatDay(startOfPeriod(day('2017-03-05'), 'week', 'sunday'))).toBe('2017-03-05');
    expect(formatDay(startOfPeriod(day('2017-03-04'), 'week', 'sunday'))).toBe('2017-02-26');
  });

  it('months keep the day, or take their last', () => {
    expect(formatDay(addMonths(day('2017-01-31'), 1))).toBe('2017-02-28');
    expect(formatDay(addMonths(day('2016-01-31'), 1))).toBe('2016-02-29');
    expect(formatDay(addMonths(day('2017-03-31'), -13))).toBe('2016-02-29');
    expect(formatDay(addMonths(day('2017-12-15'), 1))).toBe('2018-01-15');
  });

  it('are added by their grain', () => {
    expect(formatDay(addPeriods(day('2017-01-31'), 2, 'day'))).toBe('2017-02-02');
    expect(formatDay(addPeriods(day('2017-01-31'), -1, 'week'))).toBe('2017-01-24');
    expect(formatDay(addPeriods(day('2017-01-31'), 1, 'quarter'))).toBe('2017-04-30');
    expect(formatDay(addPeriods(day('2016-02-29'), 1, 'year'))).toBe('2017-02-28');
  });

  it('are counted, both ends', () => {
    expect(countPeriods(day('2017-01-01'), day('2017-01-01'), 'month')).toBe(1);
    expect(countPeriods(day('2016-11-01'), day('2017-02-01'), 'month')).toBe(4);
    expect(countPeriods(day('2016-01-01'), day('2017-10-01'), 'quarter')).toBe(8);
    expect(countPeriods(day('2016-01-01'), day('2018-01-01'), 'year')).toBe(3);
    expect(countPeriods(day('2017-01-02'), day('2017-01-16'), 'week')).toBe(3);
    expect(countPeriods(day('2017-01-02'), day('2017-01-16'), 'day')).toBe(15);
  });

  it('lie within longer ones, weeks within none', () => {
    expect(nests('day', 'week')).toBe(true);
    expect(nests('month', 'month')).toBe(true);
    expect(nests('month', 'year')).toBe(true);
    expect(nests('month', 'quarter')).toBe(true);
    expect(nests('quarter', 'year')).toBe(true);
    expect(nests('week', 'month')).toBe(false);
    expect(nests('month', 'week')).toBe(false);
    expect(nests('year', 'quarter')).toBe(false);
    expect(nests('quarter', 'month')).toBe(false);
  });
});
