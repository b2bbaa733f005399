/** Calendar arithmetic over `YYYY-MM-DD`, by JavaScript's own dates in UTC. */
const DAY_MS = 86_400_000;

const parse = (day: string): Date => new Date(`${day}T00:00:00Z`);
const format = (date: Date): string => date.toISOString().slice(0, 10);

export const shiftDays = (day: string, days: number): string => format(new Date(parse(day).getTime() + days * DAY_MS));
export const daysBetween = (from: string, to: string): number => (parse(to).getTime() - parse(from).getTime()) / DAY_MS;
export const isFirstOfMonth = (day: string): boolean => day.endsWith('-01');

/** A day that the month does not have becomes its last. */
export const addMonths = (day: string, months: number): string => {
  const date = parse(day);
  const first = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1));
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  return format(new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), Math.min(date.getUTCDate(), last))));
};

/** First day of the period that a day is in; weeks begin on Monday. */
export const periodOf = (day: string, grain: string): string => {
  const [year, month] = [day.slice(0, 4), Number(day.slice(5, 7))];
  switch (grain) {
    case 'day':
      return day;
    case 'week':
      return shiftDays(day, -((parse(day).getUTCDay() + 6) % 7));
    case 'month':
      return `${day.slice(0, 7)}-01`;
    case 'quarter':
      return `${year}-${String(month - ((month - 1) % 3)).padStart(2, '0')}-01`;
    default:
      return `${year}-01-01`;
  }
};

/** First days of the periods from that of `first` to that of `last`; at most `most`. */
export const periodsBetween = (first: string, last: string, grain: string, most = 100_000): string[] => {
  const periods: string[] = [];
  for (let period = periodOf(first, grain); period <= last && periods.length < most; ) {
    periods.push(period);
    period = nextPeriod(period, grain);
  }
  return periods;
};

const MONTHS: Readonly<Record<string, number>> = { month: 1, quarter: 3, year: 12 };
const nextPeriod = (period: string, grain: string): string =>
  grain === 'day' ? shiftDays(period, 1) : grain === 'week' ? shiftDays(period, 7) : addMonths(period, MONTHS[grain] ?? 12);

/** So many months and days. */
export interface Span {
  readonly months: number;
  readonly days: number;
}

const MEAN_MONTH = 365.2425 / 12;

/** The period that is compared with one which is a span earlier; undefined where the later month has no such day. */
export const laterPeriod = (period: string, { months, days }: Span, grain: string): string | undefined => {
  if (grain === 'week') return shiftDays(period, 7 * Math.round((months * MEAN_MONTH + days) / 7));
  if (grain !== 'day') {
    const one = MONTHS[grain] ?? 12;
    return addMonths(period, one * Math.round(months / one + days / (one * MEAN_MONTH)));
  }
  const day = shiftDays(period, days);
  const later = addMonths(day, months);
  return later.slice(8) === day.slice(8) ? later : undefined;
};
