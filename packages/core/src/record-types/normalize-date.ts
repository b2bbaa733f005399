import type { JsonValue } from '@sophia/types';
import { startsWithDay } from './calendar.ts';
import { FieldFailure, type Normalized } from './field-failure.ts';

const NOT_A_DAY = new FieldFailure('invalid_date', 'expected a calendar day such as 2017-03-01');
const HAS_TIME = new FieldFailure('invalid_date', 'expected a calendar day without a time: its day would depend on a time zone');

const MIDNIGHT = /^[Tt ]00:00(?::00(?:\.0+)?)?(?:[Zz]|[+-]00(?::?00)?)?$/;

/** A calendar day as `YYYY-MM-DD`. A midnight behind it, as spreadsheets and JSON libraries write it, is dropped; no zone shifts it. */
export function normalizeDate(value: JsonValue | undefined): Normalized<string> {
  if (typeof value !== 'string') return value === null || value === undefined ? undefined : NOT_A_DAY;
  if (value.length === 10 && startsWithDay(value)) return value;
  const text = value.trim();
  if (text === '') return undefined;
  if (!startsWithDay(text)) return NOT_A_DAY;
  return text.length === 10 || MIDNIGHT.test(text.slice(10)) ? text.slice(0, 10) : HAS_TIME;
}
