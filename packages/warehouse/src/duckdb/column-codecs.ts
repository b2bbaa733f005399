import {
  BIGINT,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  LIST,
  TIMESTAMP,
  VARCHAR,
} from '@duckdb/node-api';
import { parseDay, parseInstant } from './calendar.ts';

/** What a physical column holds: the field types (a reference is two of text), and small integers. */
export type ColumnKind = 'text' | 'integer' | 'number' | 'money' | 'boolean' | 'date' | 'timestamp' | 'text_list' | 'json' | 'int32';

export interface ColumnCodec {
  /** Type in a table's definition. */
  readonly sql: string;
  /** Type of the vectors that are appended. */
  readonly type: DuckDBType;
  /** The value as the column holds it exactly, or undefined where it cannot. */
  readonly encode: (value: unknown) => DuckDBValue | undefined;
  /** In words, for errors. */
  readonly expected: string;
}

const MONEY_DIGITS = 18;
const MONEY_SCALE = 4;
const INT64_LIMIT = 2n ** 63n;

export const COLUMN_CODECS: Readonly<Record<ColumnKind, ColumnCodec>> = {
  text: { sql: 'varchar', type: VARCHAR, expected: 'text', encode: (value) => (typeof value === 'string' ? value : undefined) },
  integer: { sql: 'bigint', type: BIGINT, expected: 'an integer of 64 bits', encode: encodeInteger },
  number: {
    sql: 'double',
    type: DOUBLE,
    expected: 'a finite number',
    encode: (value) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined),
  },
  money: {
    sql: `decimal(${MONEY_DIGITS}, ${MONEY_SCALE})`,
    type: DECIMAL(MONEY_DIGITS, MONEY_SCALE),
    expected: 'a decimal string of at most 14 digits before and 4 behind the point',
    encode: encodeMoney,
  },
  boolean: {
    sql: 'boolean',
    type: BOOLEAN,
    expected: 'true or false',
    encode: (value) => (typeof value === 'boolean' ? value : undefined),
  },
  date: { sql: 'date', type: DATE, expected: 'a day as YYYY-MM-DD', encode: encodeDate },
  timestamp: { sql: 'timestamp', type: TIMESTAMP, expected: 'an ISO 8601 instant, no finer than microseconds', encode: encodeTimestamp },
  text_list: { sql: 'varchar[]', type: LIST(VARCHAR), expected: 'a list of texts', encode: encodeTextList },
  json: { sql: 'json', type: VARCHAR, expected: 'JSON', encode: (value) => JSON.stringify(value) },
  int32: { sql: 'integer', type: INTEGER, expected: 'an integer of 32 bits', encode: encodeInt32 },
};

function encodeInteger(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value !== 'string' || !/^-?\d{1,19}$/.test(value)) return undefined;
  const integer = BigInt(value);
  return integer < INT64_LIMIT && integer >= -INT64_LIMIT ? integer : undefined;
}

function encodeInt32(value: unknown): number | undefined {
  return typeof value === 'number' && (value | 0) === value ? value : undefined;
}

function encodeMoney(value: unknown): DuckDBDecimalValue | undefined {
  if (typeof value !== 'string') return undefined;
  const parts = /^(-?)(\d{1,14})(?:\.(\d{1,4}))?$/.exec(value);
  if (parts === null) return undefined;
  const [, sign = '', whole = '', fraction = ''] = parts;
  return new DuckDBDecimalValue(BigInt(`${sign}${whole}${fraction.padEnd(MONEY_SCALE, '0')}`), MONEY_DIGITS, MONEY_SCALE);
}

function encodeDate(value: unknown): DuckDBDateValue | undefined {
  const days = typeof value === 'string' ? parseDay(value) : undefined;
  return days === undefined ? undefined : new DuckDBDateValue(days);
}

/** Instants in text, or microseconds since 1970. */
function encodeTimestamp(value: unknown): DuckDBTimestampValue | undefined {
  if (typeof value === 'bigint') return new DuckDBTimestampValue(value);
  const micros = typeof value === 'string' ? parseInstant(value) : undefined;
  return micros === undefined ? undefined : new DuckDBTimestampValue(micros);
}

function encodeTextList(value: unknown): DuckDBListValue | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? new DuckDBListValue(value) : undefined;
}
