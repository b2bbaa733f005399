import { type Day, isWritableDay, parseDay } from './calendar.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const SECOND = 1_000;

/** Whether this is the name of a zone in the IANA database (no offset, no abbreviation that only some systems know). */
export function isTimeZone(name: string): boolean {
  if (name === 'UTC') return true;
  if (!/^[A-Z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)+$/.test(name)) return false;
  try {
    formatterOf(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The calendar day at an instant (milliseconds since 1970) in a zone; that of UTC in years that are not written with four digits. */
export function dayAt(instant: number, zone: string): Day {
  const day = Math.floor(instant / DAY);
  // Years before the first are written like those after it.
  if (zone === 'UTC' || !isWritableDay(day)) return day;
  return parseDay(formatterOf(zone).format(instant)) ?? day;
}

/**
 * The first instant of a day in a zone, in milliseconds since 1970: where clocks skip midnight, the moment after the gap,
 * and where they go back over it, the first of the two. Offsets before 1972 have seconds.
 */
export function startOfDay(day: Day, zone: string): number {
  if (zone === 'UTC') return day * DAY;
  // No zone is further from UTC than 16 hours.
  let before = day * DAY - 16 * HOUR;
  let after = day * DAY + 16 * HOUR;
  while (after - before > SECOND) {
    const middle = before + Math.floor((after - before) / SECOND / 2) * SECOND;
    if (dayAt(middle, zone) < day) before = middle;
    else after = middle;
  }
  // Clocks that go back a minute after midnight make two: the first is by the offset of before.
  const first = day * DAY - offsetAt(after - 2 * HOUR, zone);
  return first < after && dayAt(first, zone) === day ? first : after;
}

/** How far the clocks of a zone are ahead of UTC at a whole second, in milliseconds; NaN in years that are not written with four digits. */
const offsetAt = (instant: number, zone: string): number =>
  Date.parse(`${formatterOf(zone, CLOCK).format(instant).replace(', ', 'T')}Z`) - instant;

const CLOCK: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };

const FORMATTERS = new Map<string, Intl.DateTimeFormat>();

/** There are about 600 zones, each kept twice; names in other cases would be kept beside them. */
const MOST_FORMATTERS = 2_000;

/** Formats as `YYYY-MM-DD`, or `YYYY-MM-DD, HH:MM:SS`; kept, since making one takes a hundred times as long as using it. */
function formatterOf(zone: string, clock?: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = clock === undefined ? zone : `${zone} with a clock`;
  const known = FORMATTERS.get(key);
  if (known !== undefined) return known;
  const formatter = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    calendar: 'iso8601',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    ...clock,
  });
  if (FORMATTERS.size >= MOST_FORMATTERS) FORMATTERS.clear();
  FORMATTERS.set(key, formatter);
  return formatter;
}
