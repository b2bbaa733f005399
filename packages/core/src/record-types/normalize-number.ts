import type { JsonValue } from '@sophia/types';
import { FieldFailure, type Normalized } from './field-failure.ts';

const NOT_NUMBER = new FieldFailure('invalid_number', 'expected a number such as 0.25, without separators or a unit');
const NOT_INTEGER = new FieldFailure('invalid_integer', 'expected a whole number');
const INEXACT = new FieldFailure('invalid_integer', 'expected at most 2^53 as a JSON number; send a larger one as a string');
const TOO_LARGE = new FieldFailure('out_of_range', 'expected a number between -2^63 and 2^63-1');

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+(?:\.0*)?$/;
const BIGINT_LIMIT = 2n ** 63n;
/** Digits that surely fit a double exactly. */
const SAFE_DIGITS = 15;
/** Longer ones are refused before any arithmetic on them. */
const LONGEST = 400;

/** A finite double; text in decimal or scientific notation. */
export function normalizeNumber(value: JsonValue | undefined): Normalized<number> {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : NOT_NUMBER;
  if (typeof value !== 'string') return value === null || value === undefined ? undefined : NOT_NUMBER;
  const text = value.trim();
  if (text === '') return undefined;
  if (text.length > LONGEST || !NUMBER.test(text)) return NOT_NUMBER;
  const number = Number(text);
  return Number.isFinite(number) ? number + 0 : NOT_NUMBER;
}

/** A whole number of 64 bits: a JSON number up to 2^53, a decimal string beyond. `12.0` is 12, as spreadsheets write it. */
export function normalizeInteger(value: JsonValue | undefined): Normalized<number | string> {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value + 0;
    return Number.isInteger(value) ? INEXACT : NOT_INTEGER;
  }
  if (typeof value !== 'string') return value === null || value === undefined ? undefined : NOT_INTEGER;
  const text = value.trim();
  if (text === '') return undefined;
  if (text.length > LONGEST || !INTEGER.test(text)) return NOT_INTEGER;
  const point = text.indexOf('.');
  const digits = point === -1 ? text : text.slice(0, point);
  return digits.length <= SAFE_DIGITS ? Number(digits) + 0 : normalizeLargeInteger(digits);
}

function normalizeLargeInteger(digits: string): Normalized<number | string> {
  const integer = BigInt(digits.startsWith('+') ? digits.slice(1) : digits);
  if (integer >= BIGINT_LIMIT || integer < -BIGINT_LIMIT) return TOO_LARGE;
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : String(integer);
}
