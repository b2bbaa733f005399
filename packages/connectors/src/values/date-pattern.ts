import { isCalendarDay } from '@sophia/core';

/** Reads texts of one form as ISO 8601: `2017-03-01`, or `2017-03-01T14:05:00` with the fraction and offset that the text has. */
export interface DatePattern {
  readonly pattern: string;
  /** Undefined where the text is not of this form, or its day does not exist. */
  read(text: string): string | undefined;
}

/** What a token matches, and the part of an instant that it gives. */
const TOKENS: Readonly<Record<string, readonly [part: Part | 'ignored', regex: string]>> = {
  YYYY: ['year', '\\d{4}'],
  YY: ['shortYear', '\\d{2}'],
  MMM: ['monthName', '\\p{L}{3,9}\\.?'],
  MM: ['month', '\\d{2}'],
  M: ['month', '\\d{1,2}'],
  DD: ['day', '\\d{2}'],
  D: ['day', '\\d{1,2}'],
  ddd: ['ignored', '\\p{L}{2,10}\\.?'],
  HH: ['hour', '\\d{2}'],
  H: ['hour', '\\d{1,2}'],
  hh: ['hour', '\\d{2}'],
  h: ['hour', '\\d{1,2}'],
  mm: ['minute', '\\d{2}'],
  ss: ['second', '\\d{2}'],
  S: ['fraction', '\\d{1,9}'],
  A: ['half', '[AaPp]\\.?[Mm]\\.?'],
  Z: ['offset', 'Z|z|[+-]\\d{2}(?::?\\d{2})?'],
};
type Part = 'year' | 'shortYear' | 'month' | 'monthName' | 'day' | 'hour' | 'minute' | 'second' | 'fraction' | 'half' | 'offset';

/** Tokens, brackets around what may be missing, spaces, and everything else as it stands. */
const PIECES = /YYYY|YY|MMM|MM|M|DD|D|ddd|HH|H|hh|h|mm|ss|S|A|Z|[[\]]|\s+|[^\s]/g;

/** Longer texts are no dates, and could make optional spaces slow to match. */
const MAX_LENGTH = 100;

const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];

/**
 * Compiles a pattern such as `M/D/YYYY`, `D MMM YYYY` or `M/D/YYYY h:mm[:ss] A`. Tokens: YYYY, YY (1970 to 2069), M, MM,
 * MMM (English names, short or long), D, DD, ddd (weekdays, unread), H, HH, h, hh with A (am, pm), mm, ss, S (fraction),
 * Z (offset). What stands in brackets may be missing. Any other character stands for itself, but letters only T.
 * `iso` reads ISO 8601 in all its forms of a day or a day and time. Undefined where the pattern is none.
 */
export function compileDatePattern(pattern: string): DatePattern | undefined {
  if (pattern === 'iso') return { pattern, read: readIso };
  const parts: Part[] = [];
  let source = '';
  let open = 0;
  for (const [piece] of pattern.matchAll(PIECES)) {
    const token = TOKENS[piece];
    if (token !== undefined && token[0] !== 'ignored') {
      if (parts.includes(token[0])) return undefined;
      parts.push(token[0]);
      source += `(${token[1]})`;
    } else if (token !== undefined) source += token[1];
    else if (piece === '[') {
      open += 1;
      source += '(?:';
    } else if (piece === ']') {
      open -= 1;
      source += ')?';
    } else if (/^\s/.test(piece)) source += '\\s+';
    else if (/\p{L}/u.test(piece) && piece !== 'T') return undefined;
    else source += piece.replace(/[.*+?^${}()|\\/]/g, '\\$&');
    if (open < 0) return undefined;
  }
  if (open !== 0 || !isWhole(parts)) return undefined;
  const regex = new RegExp(`^${source}$`, 'u');
  return { pattern, read: createReader(regex, parts) };
}

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}:\d{2})(:\d{2})?(?:[.,](\d{1,9}))?\s?(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$/;

function readIso(text: string): string | undefined {
  const [whole, year, month, day, time, second = ':00', fraction, offset = ''] = ISO.exec(text) ?? [];
  if (whole === undefined || !isCalendarDay(Number(year), Number(month), Number(day))) return undefined;
  const date = `${year}-${month}-${day}`;
  return time === undefined ? date : `${date}T${time}${second}${fraction === undefined ? '' : `.${fraction}`}${offset}`;
}

/** A day needs year, month and day; a time at least hour and minute. */
function isWhole(parts: readonly Part[]): boolean {
  const count = (...names: Part[]): number => names.filter((name) => parts.includes(name)).length;
  if (count('year', 'shortYear') !== 1 || count('month', 'monthName') !== 1 || count('day') !== 1) return false;
  return count('hour', 'minute') === 2 || count('hour', 'minute', 'second', 'fraction', 'half', 'offset') === 0;
}

function createReader(regex: RegExp, parts: readonly Part[]): (text: string) => string | undefined {
  // A part that the pattern lacks has a place where no match has anything.
  const place = (part: Part): number => (parts.includes(part) ? parts.indexOf(part) + 1 : -1);
  const [year, shortYear, month, monthName, day] = [place('year'), place('shortYear'), place('month'), place('monthName'), place('day')];
  const [hour, minute, second, fraction] = [place('hour'), place('minute'), place('second'), place('fraction')];
  const [half, offset] = [place('half'), place('offset')];
  return (text) => {
    const found = text.length > MAX_LENGTH ? null : regex.exec(text);
    if (found === null) return undefined;
    const fourDigits = found[year];
    const name = found[monthName];
    const date = calendarDay(
      fourDigits === undefined ? fullYear(Number(found[shortYear])) : Number(fourDigits),
      name === undefined ? Number(found[month]) : monthOfName(name),
      Number(found[day]),
    );
    if (date === undefined || found[hour] === undefined) return date;
    const hourNumber = hourOfDay(Number(found[hour]), found[half]);
    if (hourNumber === undefined) return undefined;
    const fractionText = found[fraction] === undefined ? '' : `.${found[fraction]}`;
    return `${date}T${two(hourNumber)}:${found[minute]}:${found[second] ?? '00'}${fractionText}${found[offset] ?? ''}`;
  };
}

const two = (number: number): string => (number < 10 ? `0${number}` : String(number));

/** The window of POSIX: 69 is 2069, 70 is 1970. */
const fullYear = (year: number): number => (year < 70 ? 2000 + year : 1900 + year);

/** 1 to 12; 0 for what is no month. */
function monthOfName(name: string): number {
  const lower = name.toLowerCase().replace('.', '');
  return MONTHS.findIndex((month) => month === lower || month.slice(0, 3) === lower || month.slice(0, 4) === lower) + 1;
}

function hourOfDay(hour: number, half: string | undefined): number | undefined {
  if (half === undefined) return hour <= 23 ? hour : undefined;
  if (hour < 1 || hour > 12) return undefined;
  return (hour % 12) + (/^p/i.test(half) ? 12 : 0);
}

function calendarDay(year: number, month: number, day: number): string | undefined {
  if (!isCalendarDay(year, month, day)) return undefined;
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}
