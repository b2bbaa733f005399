import type { JsonValue } from '@sophia/types';
import { FieldFailure, type Normalized } from './field-failure.ts';

/** Digits of DECIMAL(18,4) before and after the point. */
const WHOLE_DIGITS = 14;
const SCALE = 4;
/** Decimal digits that every double gives back as they were. */
const DOUBLE_DIGITS = 15;

const NOT_MONEY = new FieldFailure('invalid_money', 'expected a decimal such as "1054.50", without separators or a currency');
const TOO_MANY_DIGITS = new FieldFailure('too_many_digits', 'expected at most 4 digits after the point; nothing is rounded');
const TOO_LARGE = new FieldFailure('out_of_range', 'expected at most 14 digits before the point');
const INEXACT = new FieldFailure('too_many_digits', 'expected at most 15 digits in a JSON number; send the amount as a string');

/**
 * Money as the shortest decimal string of its value: no leading zeros, no zeros at the end of the fraction, no plus,
 * no negative zero (`"1054"`, not `"1054.0000"`), so that one amount has one form and one hash.
 * At most 14 digits before the point and 4 after it (DECIMAL(18,4)); more are refused, never rounded.
 */
export function normalizeMoney(value: JsonValue | undefined): Normalized<string> {
  if (typeof value === 'string') return normalizeMoneyText(value);
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && Math.abs(value) < 1e14) return String(value);
    return normalizeFractionalNumber(value);
  }
  return value === null || value === undefined ? undefined : NOT_MONEY;
}

/** Whether the number's digits may not be those that were sent: a double carries any 15 of them, and whole numbers up to 2^53. */
export const isInexactAmount = (value: number): boolean => !Number.isSafeInteger(value) && significantDigits(String(value)) > DOUBLE_DIGITS;

function normalizeFractionalNumber(value: number): Normalized<string> {
  if (!Number.isFinite(value)) return NOT_MONEY;
  const magnitude = Math.abs(value);
  if (magnitude >= 1e14) return TOO_LARGE;
  if (magnitude < 1e-6) return TOO_MANY_DIGITS;
  return isInexactAmount(value) ? INEXACT : normalizeMoneyText(String(value));
}

const significantDigits = (decimal: string): number => decimal.replace(/^-?[0.]*/, '').replace('.', '').length;

const ZERO = 48;
const NINE = 57;

function normalizeMoneyText(value: string): Normalized<string> {
  let text = value;
  if (!isDigit(text.charCodeAt(0)) || !isDigit(text.charCodeAt(text.length - 1))) text = text.trim();
  const length = text.length;
  if (length === 0) return undefined;
  const first = text.charCodeAt(0);
  const negative = first === 45;
  let at = negative || first === 43 ? 1 : 0;
  while (at < length - 1 && text.charCodeAt(at) === ZERO && isDigit(text.charCodeAt(at + 1))) at += 1;
  const wholeFrom = at;
  while (at < length && isDigit(text.charCodeAt(at))) at += 1;
  const wholeTo = at;
  let end = wholeTo;
  if (at < length) {
    if (text.charCodeAt(at) !== 46) return NOT_MONEY;
    at += 1;
    while (at < length && isDigit(text.charCodeAt(at))) {
      if (text.charCodeAt(at) !== ZERO) end = at + 1;
      at += 1;
    }
    if (at < length || at === wholeTo + 1) return NOT_MONEY;
  }
  if (wholeTo - wholeFrom > WHOLE_DIGITS) return TOO_LARGE;
  if (end - wholeTo - 1 > SCALE) return TOO_MANY_DIGITS;
  if (wholeTo === wholeFrom)
    return wholeTo === length ? NOT_MONEY : normalizeMoneyText(`${text.slice(0, wholeFrom)}0${text.slice(wholeFrom)}`);
  if (wholeFrom === 0 && end === length) return text;
  const magnitude = text.slice(wholeFrom, end);
  return negative && magnitude !== '0' ? `-${magnitude}` : magnitude;
}

const isDigit = (code: number): boolean => code >= ZERO && code <= NINE;
