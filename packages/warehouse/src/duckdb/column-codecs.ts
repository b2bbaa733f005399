import { BIGINT, BOOLEAN, DATE, DECIMAL, DOUBLE, type DuckDBType, INTEGER, LIST, TIMESTAMP, VARCHAR } from '@duckdb/node-api';
import { toBoolean, toDate, toInt32, toInt64, toMoney, toNumber, toText, toTextList, toTimestamp } from './column-values.ts';
import { CHUNK_ROWS, type ColumnWriter, fixedWriter, listWriter, textWriter } from './column-writers.ts';

/** What a physical column holds: the field types (a reference is two of text), and small integers. */
export type ColumnKind = 'text' | 'integer' | 'number' | 'money' | 'boolean' | 'date' | 'timestamp' | 'text_list' | 'json' | 'int32';

export interface ColumnCodec {
  /** Type in a table's definition. */
  readonly sql: string;
  /** Type of the vectors that are appended. */
  readonly type: DuckDBType;
  /** In words, for errors. */
  readonly expected: string;
  /** Whether the column can hold the value exactly. */
  readonly fits: (value: unknown) => boolean;
  readonly createWriter: () => ColumnWriter;
}

const toJson = (value: unknown): string | undefined => JSON.stringify(value);

export const COLUMN_CODECS: Readonly<Record<ColumnKind, ColumnCodec>> = {
  text: codec('varchar', VARCHAR, 'text', toText, () => textWriter(toText)),
  integer: codec('bigint', BIGINT, 'an integer of 64 bits', toInt64, () => fixedWriter(new BigInt64Array(CHUNK_ROWS), toInt64)),
  number: codec('double', DOUBLE, 'a finite number', toNumber, () => fixedWriter(new Float64Array(CHUNK_ROWS), toNumber)),
  money: codec('decimal(18, 4)', DECIMAL(18, 4), 'a decimal string of at most 14 digits before and 4 behind the point', toMoney, () =>
    fixedWriter(new BigInt64Array(CHUNK_ROWS), toMoney),
  ),
  boolean: codec('boolean', BOOLEAN, 'true or false', toBoolean, () => fixedWriter(new Uint8Array(CHUNK_ROWS), toBoolean)),
  date: codec('date', DATE, 'a day as YYYY-MM-DD', toDate, () => fixedWriter(new Int32Array(CHUNK_ROWS), toDate)),
  timestamp: codec('timestamp', TIMESTAMP, 'an ISO 8601 instant, no finer than microseconds', toTimestamp, () =>
    fixedWriter(new BigInt64Array(CHUNK_ROWS), toTimestamp),
  ),
  text_list: codec('varchar[]', LIST(VARCHAR), 'a list of texts', toTextList, () => listWriter(toTextList)),
  json: codec('json', VARCHAR, 'JSON', toJson, () => textWriter(toJson)),
  int32: codec('integer', INTEGER, 'an integer of 32 bits', toInt32, () => fixedWriter(new Int32Array(CHUNK_ROWS), toInt32)),
};

function codec(
  sql: string,
  type: DuckDBType,
  expected: string,
  convert: (value: unknown) => unknown,
  createWriter: () => ColumnWriter,
): ColumnCodec {
  return { sql, type, expected, createWriter, fits: (value) => convert(value) !== undefined };
}
