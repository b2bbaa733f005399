import type { Cell, JsonValue, RecordId } from '@sophia/types';
import type { CompiledDrillDown } from './compiled-query.ts';
import { type ColumnarResult, readCell } from './read-answer.ts';

/** A record behind a cell. */
export interface DrilledRecord {
  readonly id: RecordId;
  readonly record_type: string;
  readonly source_system: string;
  readonly source_id: string;
  readonly version: number;
  /** What the record adds to the measure. */
  readonly value: Cell;
  /** The fields that the principal sees and that are not null. */
  readonly data: Readonly<Record<string, JsonValue>>;
}

/** The records of a drill-down's result. */
export function readDrillDown(
  { columns, recordType }: Pick<CompiledDrillDown, 'columns' | 'recordType'>,
  { values, rowCount }: ColumnarResult,
): readonly DrilledRecord[] {
  return Array.from({ length: rowCount }, (_none, row) => {
    const cells = columns.map(({ name, type }, index) => [name, plain(values[index]?.[row], type)] as const);
    const { id, source_system, source_id, version, value: _value, ...fields } = Object.fromEntries(cells);
    return {
      id: String(id) as RecordId, // the catalog's own id
      record_type: recordType,
      source_system: String(source_system),
      source_id: String(source_id),
      version: Number(version),
      // With all digits of its scale, like the cell.
      value: readCell(values[VALUE]?.[row], columns[VALUE]?.type ?? 'text'),
      data: readFields(fields, String(source_system)),
    };
  });
}

/** The id after which the next page begins; null behind the last record. A page of large records has fewer than its limit. */
export function nextRecord(
  { columns, limit }: Pick<CompiledDrillDown, 'columns' | 'limit'>,
  { values, rowCount }: ColumnarResult,
): RecordId | null {
  const found = Number(values[columns.length]?.[0] ?? 0);
  return rowCount === limit || rowCount < found ? (String(values[0]?.[rowCount - 1]) as RecordId) : null; // the catalog's own id
}

/** Index of the value among the columns. */
const VALUE = 4;

const SYSTEM = '__system';

/** A reference to another source system is an object, as it was sent. */
function readFields(fields: Readonly<Record<string, JsonValue>>, ownSystem: string): Readonly<Record<string, JsonValue>> {
  const present = Object.entries(fields).filter(([name, value]) => value !== null && !name.endsWith(SYSTEM));
  return Object.fromEntries(
    present.map(([name, value]) => {
      const system = fields[`${name}${SYSTEM}`] ?? ownSystem;
      return [name, system === ownSystem ? value : { source_system: system, source_id: value }];
    }),
  );
}

/** Money in its shortest form, as the catalog keeps it; lists and JSON as they are. */
function plain(value: unknown, type: CompiledDrillDown['columns'][number]['type']): JsonValue {
  if (typeof value === 'object' && value !== null) return value as JsonValue; // parsed by the warehouse
  const cell = readCell(value, type);
  return type === 'decimal' && typeof cell === 'string' && cell.includes('.') ? cell.replace(/\.?0+$/, '') : cell;
}
