import { SophiaError } from '@sophia/shared';
import type { MetricQuery } from '@sophia/types';
import { canonicalValue } from '../expression/coerce.ts';
import { parseDay } from '../time/calendar.ts';
import { microsecondsOf } from '../time/microseconds.ts';
import { dayAt, isTimeZone } from '../time/time-zone.ts';
import type { CompileContext } from './compile-context.ts';
import type { QueryTime } from './time-bounds.ts';

/** Where a query is in time: its zone, its today, and the past that it asks about. Throws `invalid_query`. */
export function readQueryTime(
  { time_zone, week_start, as_of }: Pick<MetricQuery, 'time_zone' | 'week_start' | 'as_of'>,
  context: CompileContext,
): QueryTime & { readonly asOf: bigint | null } {
  const timeZone = time_zone ?? context.timeZone ?? 'UTC';
  if (!isTimeZone(timeZone)) {
    throw new SophiaError('invalid_query', `time_zone: ${JSON.stringify(timeZone)} is not a zone's name, such as Europe/Berlin or UTC.`);
  }
  const asOf = as_of === undefined ? null : readAsOf(as_of);
  const reportingDay = context.reportingDate === undefined ? undefined : parseDay(context.reportingDate);
  const moment = asOf === null ? context.now : Number(asOf / 1000n);
  return { timeZone, weekStart: week_start ?? context.weekStart ?? 'monday', today: reportingDay ?? dayAt(moment, timeZone), asOf };
}

function readAsOf(text: string): bigint {
  const instant = canonicalValue('timestamp', text);
  if (typeof instant !== 'string') {
    throw new SophiaError(
      'invalid_query',
      `as_of: ${JSON.stringify(text)} is not an instant with its offset, such as 2026-11-20T00:00:00Z.`,
    );
  }
  return microsecondsOf(instant);
}
