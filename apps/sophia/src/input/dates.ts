import { CommandError } from '../command-line/command-error.ts';

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MONTH = /^\d{4}-\d{2}$/;
const YEAR = /^\d{4}$/;
const QUARTER = /^(\d{4})-?q([1-4])$/i;
const INSTANT = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/i;
/** Relative to today: what exactly may stand there is for the answer to say. */
const RELATIVE = /^(today|this_)/;
const BEFORE = /^(\d+)\s*(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?|w|weeks?)(\s+ago)?$/i;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** A period's first day, an instant, or a day relative to today, as it is typed: `2017`, `2017-Q1`, `2017-03`, `2017-03-01`, `2017-03-01T08:00Z`, `this_month-5months`. */
export const parseDay = (text: string, option: string): string => {
  const [, year, quarter] = QUARTER.exec(text) ?? [];
  if (year !== undefined) return `${year}-${String(3 * Number(quarter) - 2).padStart(2, '0')}-01`;
  if (RELATIVE.test(text)) return text;
  const day = YEAR.test(text) ? `${text}-01-01` : MONTH.test(text) ? `${text}-01` : text;
  if (DAY.test(day) && isDay(day)) return day;
  if (isInstant(text)) return withT(text);
  throw unreadable(text, option, '2017, 2017-Q1, 2017-03, 2017-03-01, 2017-03-01T08:00Z or this_month-5months');
};

/** A moment as it is typed: an instant, a day (its beginning in UTC), or how long ago: `2h`, `30 min ago`. */
export const parseMoment = (text: string, option: string, now: number): string => {
  const [, amount, unit = ''] = BEFORE.exec(text) ?? [];
  if (amount !== undefined) {
    const before = new Date(now - Number(amount) * (SECONDS[unit.slice(0, 1).toLowerCase()] ?? 0) * 1_000);
    // False too where it is so long ago that it is no date.
    if (before.getUTCFullYear() >= 1) return before.toISOString();
  }
  if (DAY.test(text) && isDay(text)) return `${text}T00:00:00Z`;
  // As it is: microseconds count.
  if (isInstant(text)) return withT(text);
  throw unreadable(text, option, '2017-03-01, 2017-03-01T08:00Z, 2h or "30 min ago"');
};

/** With its offset: whose clock it is would be a guess. */
const isInstant = (text: string): boolean => INSTANT.test(text) && !Number.isNaN(Date.parse(withT(text)));

const withT = (text: string): string => text.replace(' ', 'T');

const isDay = (text: string): boolean => {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
};

const unreadable = (text: string, option: string, examples: string): CommandError =>
  new CommandError('usage', `${option} is ${JSON.stringify(text)}, which is no date.`, `Write it like ${examples}.`);
