import type { TimeGrain } from '@sophia/types';

export type WeekStart = 'monday' | 'sunday';

/** A calendar day of the proleptic Gregorian calendar: days since 1970-01-01. */
export type Day = number;

const MILLISECONDS = 86_400_000;

/** Reads `YYYY-MM-DD`; undefined where there is no such day. */
export function parseDay(text: string): Day | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < '0001') return undefined;
  const milliseconds = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(milliseconds) || formatDay(milliseconds / MILLISECONDS) !== text ? undefined : milliseconds / MILLISECONDS;
}

export const formatDay = (day: Day): string => new Date(day * MILLISECONDS).toISOString().slice(0, 10);

/** Whether the day can be written with four digits of the year. */
export const isWritableDay = (day: Day): boolean => day >= -719_162 && day <= 2_932_896;

/** The first day of the period that the day is in. */
export function startOfPeriod(day: Day, grain: TimeGrain, weekStart: WeekStart): Day {
  const { year, month } = partsOf(day);
  switch (grain) {
    case 'day':
      return day;
    case 'week':
      // 1970-01-01 was a Thursday.
      return day - modulo(day + (weekStart === 'monday' ? 3 : 4), 7);
    case 'month':
      return dayOf(year, month);
    case 'quarter':
      return dayOf(year, month - (month % 3));
    case 'year':
      return dayOf(year, 0);
  }
}

/** The day so many periods later (earlier, if negative); a day that the month does not have becomes its last. */
export function addPeriods(day: Day, count: number, grain: TimeGrain): Day {
  if (grain === 'day') return day + count;
  if (grain === 'week') return day + 7 * count;
  return addMonths(day, count * MONTHS[grain]);
}

export const MONTHS = { month: 1, quarter: 3, year: 12 } as const;

export function addMonths(day: Day, count: number): Day {
  const { year, month, date } = partsOf(day);
  const last = partsOf(dayOf(year, month + count + 1) - 1).date;
  return dayOf(year, month + count) + Math.min(date, last) - 1;
}

/** How many periods there are from the one that begins at `first` to the one that begins at `last`, both counted. */
export function countPeriods(first: Day, last: Day, grain: TimeGrain): number {
  if (grain === 'day') return last - first + 1;
  if (grain === 'week') return (last - first) / 7 + 1;
  const [from, to] = [partsOf(first), partsOf(last)];
  return ((to.year - from.year) * 12 + to.month - from.month) / MONTHS[grain] + 1;
}

/** Year, month from 0 and day of the month from 1. */
export function partsOf(day: Day): { readonly year: number; readonly month: number; readonly date: number } {
  const instant = new Date(day * MILLISECONDS);
  return { year: instant.getUTCFullYear(), month: instant.getUTCMonth(), date: instant.getUTCDate() };
}

/** The first of a month, which may be outside 0 to 11. */
function dayOf(year: number, month: number): Day {
  const instant = new Date(0);
  instant.setUTCFullYear(year, month, 1);
  return instant.getTime() / MILLISECONDS;
}

const modulo = (value: number, divisor: number): number => ((value % divisor) + divisor) % divisor;
