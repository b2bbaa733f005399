import type { JsonObject, JsonValue } from '@sophia/types';
import { hidesDigits, isHidden, isOther } from './long-numbers.ts';

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
 * ids of databases that count in 64 bits would become one another. So is what a double would round to a number of few
 * digits (`4.99999999999999999`), so that it is refused where only exact numbers are taken. Throws `SyntaxError`. What holds
 * none, nearly all, is parsed once and costs a look at its numbers and at some signs of its text, 0.2 microseconds a row.
 */
export const parseExactJson = (text: string): JsonValue => withExactIntegers(JSON.parse(text), text);

/** The same for a text that was parsed before. */
export const withExactIntegers = (value: JsonValue, text: string): JsonValue =>
  holdsInexact(value, MAX_DEPTH) || hidesDigits(text) ? JSON.parse(text, exactly) : value;

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
const exactly = (_: string, value: unknown, context?: Source): unknown => {
  if (typeof value !== 'number') return value;
  const source = `${context?.source}`;
  const isText = isInexact(value) ? INTEGER.test(source) || isOther(value, source) : isHidden(value, source);
  return isText ? source : value;
};

const exactlyAsWritten = (_: string, value: unknown, context?: Source): unknown =>
  typeof value === 'number' && isOther(value, `${context?.source}`) ? context?.source : value;

/** Numbers that are written as they came remain numbers. */
const verbatim = (_: string, value: unknown, context?: Source): unknown =>
  typeof value === 'number' && String(value) !== context?.source ? JSON.rawJSON(`${context?.source}`) : value;

const isInexact = (value: number): boolean => value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER;
