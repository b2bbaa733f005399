import { DuckDBDataChunk, type DuckDBType, type DuckDBValue } from '@duckdb/node-api';
import { SophiaError } from '@sophia/shared';
import type { FieldDefinition } from '@sophia/types';
import type { WarehouseColumn, WarehouseRow } from '../warehouse.ts';
import { COLUMN_CODECS, type ColumnKind } from './column-codecs.ts';
import type { PendingRow } from './pending-row.ts';
import { historyColumns, systemColumn, type TableLayout } from './table-layout.ts';

/** Rows of a vector in DuckDB, and so of a chunk. */
export const CHUNK_ROWS = 2_048;

/** Makes chunks of a table's rows, or of its history's. */
export interface RowEncoder {
  /** At most `CHUNK_ROWS` rows. Throws `warehouse_row_refused`, naming record and field. */
  encode(rows: readonly PendingRow[]): DuckDBDataChunk;
}

type ReadColumn = (pending: PendingRow) => DuckDBValue;

export interface TableEncoders {
  readonly current: RowEncoder;
  readonly history: RowEncoder;
}

const known = new WeakMap<TableLayout, TableEncoders>();

/** The encoders of a table as it is laid out, made once. */
export function encodersOf(layout: TableLayout): TableEncoders {
  const made = known.get(layout) ?? makeEncoders(layout);
  known.set(layout, made);
  return made;
}

function makeEncoders(layout: TableLayout): TableEncoders {
  const fieldReaders = new Map(layout.fields.flatMap(({ definition, defined, columns }) => columnReaders(definition, defined, columns)));
  const reader = (name: string): ReadColumn => OWN_READERS[name] ?? fieldReaders.get(name) ?? (() => null);
  const encoder = (columns: TableLayout['columns']): RowEncoder => {
    const types = columns.map(({ kind }) => COLUMN_CODECS[kind].type);
    const readers = columns.map(({ name }) => reader(name));
    return { encode: (rows) => encodeRows(rows, types, readers) };
  };
  return { current: encoder(layout.columns), history: encoder(historyColumns(layout)) };
}

function encodeRows(rows: readonly PendingRow[], types: readonly DuckDBType[], readers: readonly ReadColumn[]): DuckDBDataChunk {
  const chunk = DuckDBDataChunk.create(types, rows.length);
  for (const [index, read] of readers.entries()) {
    const vector = chunk.getColumnVector(index);
    for (const [at, row] of rows.entries()) vector.setItem(at, read(row));
    vector.flush();
  }
  return chunk;
}

/** Columns that every record has. */
const OWN_READERS: Readonly<Record<string, ReadColumn>> = {
  workspace: ({ row }) => row.workspace,
  id: ({ row }) => BigInt(row.id),
  source_system: ({ row }) => row.source_system,
  source_id: ({ row }) => row.source_id,
  version: ({ row }) => row.version,
  occurred_at: ({ row }) => own(row, 'timestamp', 'occurred_at', row.occurred_at),
  business_priority: ({ row }) => row.business_priority,
  created_at: ({ row }) => own(row, 'timestamp', 'created_at', row.created_at),
  valid_from: ({ row }) => own(row, 'timestamp', 'valid_from', row.valid_from),
  valid_to: ({ row, validTo }) => own(row, 'timestamp', 'valid_to', validTo),
  extra: ({ extra }) => extra,
};

function own(row: WarehouseRow, kind: ColumnKind, name: string, value: unknown): DuckDBValue {
  if (value === null) return null;
  const encoded = COLUMN_CODECS[kind].encode(value);
  if (encoded === undefined) throw refused(row, name, COLUMN_CODECS[kind].expected, value);
  return encoded;
}

/**
 * How each of a field's columns gets its value: the newest column that holds it exactly takes it, so that a value of the
 * former type which arrives after the change is kept as well.
 */
function columnReaders({ name }: FieldDefinition, defined: boolean, columns: readonly WarehouseColumn[]): [string, ReadColumn][] {
  if (!defined) return [];
  const fits = columns.map((column) => splitter(column));
  const expected = fits[0]?.expected ?? '';
  return columns.flatMap((column, index) => {
    const newer = fits.slice(0, index).map(({ split }) => split);
    const { split } = fits[index] ?? splitter(column);
    const isOldest = index === columns.length - 1;
    const read = ({ row }: PendingRow, part: 0 | 1): DuckDBValue => {
      const value = row.data[name];
      if (value === undefined || value === null) return null;
      for (const taken of newer) if (taken(value, row, 0) !== undefined) return null;
      const encoded = split(value, row, part);
      if (encoded === undefined && isOldest) throw refused(row, name, expected, value);
      return encoded ?? null;
    };
    const first: [string, ReadColumn] = [column.name, (pending) => read(pending, 0)];
    return column.type === 'reference' ? [first, [systemColumn(column.name), (pending: PendingRow) => read(pending, 1)]] : [first];
  });
}

interface Splitter {
  /** The value of a column (part 0), or of the one beside it (part 1); undefined where the value does not fit. */
  readonly split: (value: unknown, row: WarehouseRow, part: 0 | 1) => DuckDBValue | undefined;
  readonly expected: string;
}

function splitter({ type }: WarehouseColumn): Splitter {
  if (type !== 'reference') return { split: COLUMN_CODECS[type].encode, expected: COLUMN_CODECS[type].expected };
  return {
    expected: 'a source id, or source_system and source_id',
    split: (value, row, part) => {
      if (typeof value === 'string') return part === 0 ? value : row.source_system;
      if (typeof value !== 'object' || value === null || !('source_system' in value && 'source_id' in value)) return undefined;
      const { source_system: system, source_id: id } = value;
      if (typeof system !== 'string' || typeof id !== 'string') return undefined;
      return part === 0 ? id : system;
    },
  };
}

function refused({ id, source_system, source_id, version }: WarehouseRow, field: string, expected: string, value: unknown): SophiaError {
  const found = String(JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner))).slice(0, 100);
  return new SophiaError(
    'warehouse_row_refused',
    `Record ${id} (${source_system}/${source_id}), version ${version}: ${field} expects ${expected}, found ${found}.`,
    { details: { id, source_system, source_id, version, field } },
  );
}
