import type { PeriodCount, TimeGrain } from '@sophia/types';
import { addMonths, type Day, MONTHS } from '../time/calendar.ts';

/** How far back: calendar months and then days. */
export interface DateShift {
  readonly months: number;
  readonly days: number;
}

export const NO_SHIFT: DateShift = { months: 0, days: 0 };

export const shiftOf = ({ count, grain }: PeriodCount): DateShift => {
  if (grain === 'day') return { months: 0, days: count };
  return grain === 'week' ? { months: 0, days: 7 * count } : { months: count * MONTHS[grain], days: 0 };
};

export const addShifts = (a: DateShift, b: DateShift): DateShift => ({ months: a.months + b.months, days: a.days + b.days });

export const isNoShift = ({ months, days }: DateShift): boolean => months === 0 && days === 0;

export const earlier = (day: Day, { months, days }: DateShift): Day => addMonths(day, -months) - days;

/** Days of twelve months of the Gregorian calendar, in the mean. */
const DAYS_OF_YEAR = 365.2425;

/**
 * The shift between periods of a grain: months do not begin on the day that weeks do, so weeks are matched by the
 * nearest whole number of weeks; months and longer ones by the nearest whole number of their own length, of which half
 * a one more counts as a whole: whole months are divided by themselves, since a detour by days would fall short of some halves.
 */
export function shiftOfPeriods({ months, days }: DateShift, grain: TimeGrain): DateShift {
  if (grain === 'day') return { months, days };
  if (grain === 'week') return { months: 0, days: 7 * Math.round(((months * DAYS_OF_YEAR) / 12 + days) / 7) };
  const length = MONTHS[grain];
  return { months: length * Math.round(months / length + (days * 12) / (DAYS_OF_YEAR * length)), days: 0 };
}

/** The same day of another month; undefined where that month does not have it. */
export function addMonthsExactly(day: Day, months: number): Day | undefined {
  const moved = addMonths(day, months);
  return addMonths(moved, -months) === day ? moved : undefined;
}
