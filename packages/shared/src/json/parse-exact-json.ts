import type { JsonObject, JsonValue } from '@sophia/types';

declare global {
  interface JSON {
    /** Of ECMAScript's proposal "JSON.parse source text access", which the engine has and TypeScript's library lacks. */
    rawJSON(text: string): object;
  }
}

/** Deeper values are left as they are: nothing stores them, and a reviver would run out of stack. */
const MAX_DEPTH = 500;
const INTEGER = /^-?\d+$/;

/**
 * `JSON.parse`, but integers beyond 2^53, and decimals there that a double does not hold, are their text: as doubles, the
 * ids of databases that count in 64 bits would become one another. Throws `SyntaxError`. What holds none, nearly all, is
 * parsed once and costs a look at its numbers, 0.1 microseconds a row; a search of the text for a long run of digits took
 * four times that.
 */
export const parseExactJson = (text: string): JsonValue => withExactIntegers(JSON.parse(text), text);

/** The same for a text that was parsed before. */
export const withExactIntegers = (value: JsonValue, text: string): JsonValue =>
  holdsInexact(value, MAX_DEPTH) ? JSON.parse(text, exactly) : value;

/**
 * The same for all numbers: one that a double does not hold as it is written (`12345678901234.4999`, `1e400`) is its text.
 * Each number costs a look at its digits, so this is for texts that are known to hold long ones. Throws `SyntaxError`.
 */
export const parseExactNumbers = (text: string): JsonValue => JSON.parse(text, exactlyAsWritten);

/** What is kept for another program and never looked into: its numbers, as `1.0` or one of 20 digits, are written again as they came. */
export function parseVerbatimJson(text: string): JsonValue {
  const value: JsonValue = JSON.parse(text);
  return isDeeper(value, MAX_DEPTH) ? value : JSON.parse(text, verbatim);
}

function isDeeper(value: JsonValue | undefined, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}

function holdsInexact(value: JsonValue | undefined, levels: number): boolean {
  if (typeof value === 'number') return isInexact(value);
  if (typeof value !== 'object' || value === null || levels === 0) return false;
  if (isList(value)) return value.some((item) => holdsInexact(item, levels - 1));
  for (const name in value) if (holdsInexact(value[name], levels - 1)) return true;
  return false;
}

const isList = (value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] => Array.isArray(value);

/** The engine gives the source of each number. */
interface Source {
  readonly source?: string;
}

/** `1e20` is a double and remains one. */
const exactly = (_: string, value: unknown, context?: Source): unknown =>
  typeof value === 'number' && isInexact(value) && (INTEGER.test(`${context?.source}`) || isOther(value, context))
    ? context?.source
    : value;

const exactlyAsWritten = (_: string, value: unknown, context?: Source): unknown =>
  typeof value === 'number' && isOther(value, context) ? context?.source : value;

const isOther = (value: number, context?: Source): boolean => decimalOf(`${context?.source}`) !== decimalOf(String(value));

/** The same text for all ways to write a number: its digits without zeros around them, and the power of ten that they stand at. */
function decimalOf(text: string): string {
  const [, sign, whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = withoutLastZeros(`${whole}${fraction}`);
  const power = whole.length + fraction.length - digits.length - fraction.length + Number(exponent);
  const significant = digits.replace(/^0+/, '');
  return significant === '' ? '0' : `${sign}${significant}e${power}`;
}

/** Not by an expression: it would begin anew at each of many zeros within the number, and a body would hold the process for minutes. */
function withoutLastZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}

/** Numbers that are written as they came remain numbers. */
const verbatim = (_: string, value: unknown, context?: Source): unknown =>
  typeof value === 'number' && String(value) !== context?.source ? JSON.rawJSON(`${context?.source}`) : value;

const isInexact = (value: number): boolean => value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER;
