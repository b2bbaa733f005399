import { SophiaError } from '@sophia/shared';
import type { MetricQuery, TimeGrain } from '@sophia/types';
import { allOf, type BoundExpression, literal, operation } from '../expression/bound-expression.ts';
import { canonicalValue } from '../expression/coerce.ts';
import { addPeriods, type Day, formatDay, isWritableDay, parseDay, partsOf, startOfPeriod, type WeekStart } from '../time/calendar.ts';
import { microsecondsOf } from '../time/microseconds.ts';
import { dayAt, startOfDay } from '../time/time-zone.ts';
import { type DateShift, earlier } from './date-shift.ts';

/** A half-open range of time. */
export interface TimeBounds {
  readonly from: TimeBound | undefined;
  readonly to: TimeBound | undefined;
}

/** A calendar day, with the instant where the query gave one. */
export interface TimeBound {
  readonly day: Day;
  /** ISO 8601 in UTC. */
  readonly instant: string | undefined;
}

export const UNBOUNDED: TimeBounds = { from: undefined, to: undefined };

/** Where the query is in time. */
export interface QueryTime {
  readonly today: Day;
  readonly timeZone: string;
  readonly weekStart: WeekStart;
}

/** Reads the query's range; `usesToday` where a bound is relative. Throws `invalid_query`. */
export function readTimeBounds(
  range: MetricQuery['time_range'],
  time: QueryTime,
): { readonly bounds: TimeBounds; readonly usesToday: boolean } {
  const from = range?.from === undefined ? undefined : readBound('from', range.from, time);
  const to = range?.to === undefined ? undefined : readBound('to', range.to, time);
  if (from !== undefined && to !== undefined && !isBefore(from, to, time.timeZone)) {
    throw new SophiaError('invalid_query', `time_range: ${range?.from} is not before ${range?.to}; the range is half-open.`);
  }
  return { bounds: { from, to }, usesToday: [range?.from, range?.to].some((text) => text !== undefined && RELATIVE.test(text)) };
}

/** Days as days, which a zone may have skipped; else by the microsecond. */
function isBefore(from: TimeBound, to: TimeBound, timeZone: string): boolean {
  if (from.instant === undefined && to.instant === undefined) return from.day < to.day;
  return microsecondsOf(instantOf(from, timeZone)) < microsecondsOf(instantOf(to, timeZone));
}

const RELATIVE = /^(?:today|this_(week|month|quarter|year))(?:([+-])(\d{1,4})(day|week|month|quarter|year)s?)?$/;

/** `2017-03-01`, `2017-03-01T12:00:00Z`, `today-30days`, `this_month-5months`. */
function readBound(name: string, text: string, time: QueryTime): TimeBound {
  const day = parseDay(text) ?? relativeDay(text, time);
  if (day !== undefined) return { day, instant: undefined };
  const instant = canonicalValue('timestamp', text);
  if (typeof instant === 'string') return { day: dayAt(Date.parse(instant), time.timeZone), instant };
  const expected = 'a day (2017-03-01), an instant with its offset (2017-03-01T12:00:00Z) or a relative day (today-30days, this_month)';
  throw new SophiaError('invalid_query', `time_range.${name}: ${JSON.stringify(text)} is not ${expected}.`);
}

function relativeDay(text: string, { today, weekStart }: QueryTime): Day | undefined {
  const match = RELATIVE.exec(text);
  if (match === null) return undefined;
  const [, period, sign, count = '0', grain = 'day'] = match;
  // The expression lets only grains through.
  const start = period === undefined ? today : startOfPeriod(today, period as TimeGrain, weekStart);
  const day = addPeriods(start, (sign === '-' ? -1 : 1) * Number(count), grain as TimeGrain);
  return isWritableDay(day) ? day : undefined;
}

/** The condition that a day or an instant is within the bounds; true where there are none. */
export function withinBounds(time: BoundExpression, { from, to }: TimeBounds, timeZone: string): BoundExpression {
  const conditions: BoundExpression[] = [];
  if (from !== undefined) conditions.push(operation('gte', 'boolean', [time, boundLiteral(time, from, timeZone)]));
  if (to !== undefined) conditions.push(operation('lt', 'boolean', [time, boundLiteral(time, to, timeZone)]));
  return allOf(conditions);
}

const boundLiteral = (time: BoundExpression, bound: TimeBound, timeZone: string): BoundExpression =>
  time.type === 'date' ? literal('date', formatDay(bound.day)) : literal('timestamp', instantOf(bound, timeZone));

/** A day begins at its first instant in the zone. */
const instantOf = ({ day, instant }: TimeBound, timeZone: string): string => instant ?? new Date(startOfDay(day, timeZone)).toISOString();

/** The last day that a range touches which ends there. */
export function lastDayBefore({ day, instant }: TimeBound, timeZone: string): Day {
  if (instant === undefined) return day - 1;
  // What ends within a millisecond touches it.
  const inside = microsecondsOf(instant) % 1000n === 0n ? 1 : 0;
  return dayAt(Date.parse(instant) - inside, timeZone);
}

/** First days of the first and the last period that the bounds touch. */
export function shownPeriods(
  { from, to }: TimeBounds,
  grain: TimeGrain,
  { timeZone, weekStart }: QueryTime,
): { readonly first: Day | undefined; readonly last: Day | undefined } {
  const lastDay = to === undefined ? undefined : lastDayBefore(to, timeZone);
  return {
    first: from === undefined ? undefined : startOfPeriod(from.day, grain, weekStart),
    last: lastDay === undefined ? undefined : startOfPeriod(lastDay, grain, weekStart),
  };
}

/** The bounds so much earlier; instants become days, which is why comparing asks for days. */
export const shiftBounds = ({ from, to }: TimeBounds, shift: DateShift): TimeBounds => ({
  from: from === undefined ? undefined : { day: earlier(from.day, shift), instant: undefined },
  to: to === undefined ? undefined : { day: earlier(to.day, shift), instant: undefined },
});

/** How far back the range of equal length lies: whole months where both bounds begin one, else days. */
export function previousShift(from: Day, to: Day): DateShift {
  const [first, last] = [partsOf(from), partsOf(to)];
  if (first.date !== 1 || last.date !== 1) return { months: 0, days: to - from };
  return { months: (last.year - first.year) * 12 + last.month - first.month, days: 0 };
}
