import type { JsonValue, RowError } from '@sophia/types';
import type { FieldFailure } from './field-failure.ts';

/** Longest value that an error repeats, in characters; the dead letter keeps the whole row. */
const MAX_VALUE_LENGTH = 200;

/** The error of one value: where, why, and what was found. */
export function rowError(line: number, failure: FieldFailure, column: string | undefined, value: JsonValue | undefined): RowError {
  const place = column === undefined ? '' : `${shorten(column)}: `;
  const message = `${place}${failure.expected}`;
  return {
    line,
    code: failure.code,
    message: value === undefined ? message : `${message}; found ${describe(value)}`,
    ...(column === undefined ? {} : { column: shorten(column) }),
    ...(value === undefined ? {} : { value: typeof value === 'object' && value !== null ? describe(value) : shortenValue(value) }),
  };
}

const describe = (value: JsonValue): string => {
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
};

const shortenValue = (value: string | number | boolean | null): string | number | boolean | null => {
  if (typeof value === 'string') return shorten(value);
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
};

// Errors are stored as JSON in PostgreSQL, so they must not repeat what made the value unfit for it.
const shorten = (text: string): string => {
  const start = text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
  return start.toWellFormed().replaceAll('\0', '\uFFFD');
};
