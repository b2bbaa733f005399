import {
  type DuckDBDataChunk,
  type DuckDBDateValue,
  type DuckDBDecimalValue,
  type DuckDBListValue,
  type DuckDBResult,
  type DuckDBTimestampTZValue,
  type DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import { SophiaError } from '@sophia/shared';
import type { WarehouseColumnType } from '../warehouse.ts';
import { formatDay, formatInstant } from './calendar.ts';

/** A result column on its way: its values in canonical form, chunk by chunk. */
export interface ResultColumn {
  readonly name: string;
  readonly type: WarehouseColumnType;
  readonly values: unknown[];
  append(chunk: DuckDBDataChunk): void;
}

export function resultColumns(result: DuckDBResult): ResultColumn[] {
  return result.columnNames().map((name, index) => {
    const { type, convert } = conversion(result.columnType(index));
    const values: unknown[] = [];
    return {
      name,
      type,
      values,
      append(chunk) {
        const vector = chunk.getColumnVector(index);
        for (let row = 0; row < vector.itemCount; row++) {
          const value = vector.getItem(row);
          values.push(value === null ? null : convert(value));
        }
      },
    };
  });
}

interface Conversion {
  readonly type: WarehouseColumnType;
  readonly convert: (value: DuckDBValue) => unknown;
}

const same = (value: DuckDBValue): unknown => value;

/** The type's id is the proof of each cast of its values. */
function conversion({ typeId, alias }: DuckDBType): Conversion {
  switch (typeId) {
    case DuckDBTypeId.VARCHAR:
      return alias === 'JSON' ? { type: 'json', convert: (value) => JSON.parse(String(value)) } : { type: 'text', convert: same };
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.UINTEGER:
      return { type: 'integer', convert: same };
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
      return { type: 'integer', convert: safeInteger };
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
      return { type: 'number', convert: finite };
    case DuckDBTypeId.DECIMAL:
      return { type: 'money', convert: decimal };
    case DuckDBTypeId.BOOLEAN:
      return { type: 'boolean', convert: same };
    case DuckDBTypeId.DATE:
      return { type: 'date', convert: (value) => formatDay((value as DuckDBDateValue).days) };
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_TZ:
      return { type: 'timestamp', convert: instant };
    case DuckDBTypeId.LIST:
      return { type: 'text_list', convert: (value) => (value as DuckDBListValue).items.map(plain) };
    default:
      return { type: 'text', convert: String };
  }
}

const plain = (value: DuckDBValue): unknown => (value === null || typeof value === 'string' ? value : String(value));

/** Null would be another value, and a group of its own. */
function finite(value: DuckDBValue): DuckDBValue {
  if (Number.isFinite(value)) return value;
  throw new SophiaError('warehouse_overflow', 'A value that the query computes is too large for its type.');
}

/** A number where that is exact, else its digits. */
function safeInteger(value: DuckDBValue): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function decimal(of: DuckDBValue): string {
  const { scale, value } = of as DuckDBDecimalValue;
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return value < 0n ? `-${text}` : text;
}

const instant = (value: DuckDBValue): string => formatInstant((value as DuckDBTimestampValue | DuckDBTimestampTZValue).micros);
