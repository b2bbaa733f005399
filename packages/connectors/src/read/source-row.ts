import type { JsonObject, JsonValue, RowError, RowErrorCode } from '@sophia/types';

/** What a row holds: cells in the order of the source's columns, or the members of an object. */
export type RowValues = readonly JsonValue[] | JsonObject;

/** One row as it was read, before any mapping. */
export interface SourceRow {
  /** Physical line on which the row begins, from 1; its index from 1 in an array or a Parquet file. */
  readonly line: number;
  readonly values: RowValues;
  /** Why the row could not be read; `values` is then empty. */
  readonly errors?: readonly RowError[] | undefined;
  /** The text of a row that could not be read, at most 10,000 characters of it. */
  readonly raw?: string | undefined;
  /** Where what carries the row says that its record is gone, whatever the mapping reads of its values. */
  readonly deleted?: boolean | undefined;
}

const MAX_RAW_LENGTH = 10_000;
const MAX_VALUE_LENGTH = 200;

/** A row that could not be read: it is reported and kept, and the rest goes on. */
export function brokenRow(line: number, code: RowErrorCode, message: string, raw: string): SourceRow {
  const error = { line, code, message: storable(message, MAX_VALUE_LENGTH), value: storable(raw, MAX_VALUE_LENGTH) };
  return { line, values: [], errors: [error], raw: storable(raw, MAX_RAW_LENGTH) };
}

/** A row of which not even the text can be taken. */
export function badRow(line: number, code: 'invalid_encoding' | 'row_too_long', raw: string): SourceRow {
  const message =
    code === 'row_too_long'
      ? 'The row is longer than the longest that is read.'
      : 'The row has bytes that are no text in the encoding of the source. Another encoding can be set.';
  return brokenRow(line, code, message, raw);
}

/** What PostgreSQL can hold of a text. */
const storable = (text: string, maxLength: number): string => text.slice(0, maxLength).toWellFormed().replaceAll('\0', '\uFFFD');
