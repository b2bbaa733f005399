import { type Day, isWritableDay, parseDay } from './calendar.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;

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

/** The first instant of a day in a zone, in milliseconds since 1970: where clocks skip midnight, the moment after the gap. */
export function startOfDay(day: Day, zone: string): number {
  if (zone === 'UTC') return day * DAY;
  // No zone is further from UTC than 15 hours; no offset that is in force has seconds since 1972.
  let before = day * DAY - 15 * 60 * MINUTE;
  let after = day * DAY + 15 * 60 * MINUTE;
  while (after - before > MINUTE) {
    const middle = before + Math.floor((after - before) / MINUTE / 2) * MINUTE;
    if (dayAt(middle, zone) < day) before = middle;
    else after = middle;
  }
  return after;
}

const FORMATTERS = new Map<string, Intl.DateTimeFormat>();

/** There are about 600 zones; names in other cases would be kept beside them. */
const MOST_FORMATTERS = 1_000;

/** Formats as `YYYY-MM-DD`; kept, since making one takes a hundred times as long as using it. */
function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = FORMATTERS.get(zone);
  if (known !== undefined) return known;
  const formatter = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    calendar: 'iso8601',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  if (FORMATTERS.size >= MOST_FORMATTERS) FORMATTERS.clear();
  FORMATTERS.set(zone, formatter);
  return formatter;
}
