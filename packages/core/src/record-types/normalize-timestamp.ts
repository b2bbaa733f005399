import type { JsonValue } from '@sophia/types';
import { digitsAt, startsWithDay } from './calendar.ts';
import { FieldFailure, type Normalized } from './field-failure.ts';

const NOT_AN_INSTANT = new FieldFailure('invalid_timestamp', 'expected an instant such as 2017-03-01T12:30:00Z');
const NO_OFFSET = new FieldFailure('timestamp_without_offset', 'expected an offset from UTC (Z or +02:00), or a zone set in the mapping');

/** RFC 3339 takes its letters in lower case too. */
const TIME = /^[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,30}))?)?(?: ?(Z|z|[+-]\d{2}(?::?\d{2})?))?$/;

/**
 * An instant as ISO 8601 in UTC: `2017-03-01T12:30:00Z`, with a fraction only where one was given, at most microseconds
 * (further digits are cut off: the stores hold no more), without zeros at its end.
 */
export function normalizeTimestamp(value: JsonValue | undefined): Normalized<string> {
  if (typeof value !== 'string') return value === null || value === undefined ? undefined : NOT_AN_INSTANT;
  if (isCanonical(value)) return value;
  const text = value.trim();
  if (text === '') return undefined;
  if (!startsWithDay(text)) return NOT_AN_INSTANT;
  if (text.length === 10) return NO_OFFSET;
  const time = TIME.exec(text.slice(10));
  if (time === null) return NOT_AN_INSTANT;
  const [, hour = '', minute = '', second = '00', fraction = '', offset] = time;
  if (hour > '23' || minute > '59' || second > '59') return NOT_AN_INSTANT;
  if (offset === undefined) return NO_OFFSET;
  return toUtc(`${text.slice(0, 10)}T${hour}:${minute}:${second}`, fraction.slice(0, 6).replace(/0+$/, ''), offset);
}

function toUtc(local: string, fraction: string, offset: string): Normalized<string> {
  const minutes = offsetMinutes(offset);
  if (minutes === undefined) return NOT_AN_INSTANT;
  const suffix = fraction === '' ? 'Z' : `.${fraction}Z`;
  if (minutes === 0) return `${local}${suffix}`;
  const utc = new Date(Date.parse(`${local}Z`) - minutes * 60_000).toISOString();
  return utc.length === 24 && utc >= '0001' ? `${utc.slice(0, 19)}${suffix}` : NOT_AN_INSTANT;
}

/** Minutes east of UTC; undefined beyond a day. */
function offsetMinutes(offset: string): number | undefined {
  if (offset === 'Z' || offset === 'z') return 0;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(3).replace(':', ''));
  if (hours > 23 || minutes > 59) return undefined;
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

/** `YYYY-MM-DDTHH:MM:SSZ`, the common case, judged without making anything. */
function isCanonical(text: string): boolean {
  if (text.length !== 20 || text.charCodeAt(10) !== 84 || text.charCodeAt(19) !== 90) return false;
  if (text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58) return false;
  return (
    startsWithDay(text) && inRange(digitsAt(text, 11, 2), 23) && inRange(digitsAt(text, 14, 2), 59) && inRange(digitsAt(text, 17, 2), 59)
  );
}

const inRange = (number: number, highest: number): boolean => number >= 0 && number <= highest;
