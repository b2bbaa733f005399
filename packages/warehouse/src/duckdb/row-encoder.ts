import { DuckDBDataChunk } from '@duckdb/node-api';
import { SophiaError } from '@sophia/shared';
import type { WarehouseRow } from '../warehouse.ts';
import { COLUMN_CODECS } from './column-codecs.ts';
import { columnReaders, type ReadColumn } from './column-readers.ts';
import type { PendingRow } from './pending-row.ts';
import { historyColumns, type PhysicalColumn, type TableLayout } from './table-layout.ts';

/** Makes chunks of a table's rows, or of its history's. */
export interface RowEncoder {
  /** At most `CHUNK_ROWS` rows. Throws `warehouse_row_refused`, naming record and field. */
  encode(rows: readonly PendingRow[]): DuckDBDataChunk;
}

export interface TableEncoders {
  readonly current: RowEncoder;
  readonly history: RowEncoder;
}

const made = new WeakMap<TableLayout, TableEncoders>();

/** The encoders of a table as it is laid out, made once. */
export function encodersOf(layout: TableLayout): TableEncoders {
  const known = made.get(layout);
  if (known !== undefined) return known;
  const readers = columnReaders(layout);
  const encoders = { current: createEncoder(layout.columns, readers), history: createEncoder(historyColumns(layout), readers) };
  made.set(layout, encoders);
  return encoders;
}

function createEncoder(columns: readonly PhysicalColumn[], readers: ReadonlyMap<string, ReadColumn>): RowEncoder {
  const types = columns.map(({ kind }) => COLUMN_CODECS[kind].type);
  const plans = columns.map((column) => ({
    column,
    // Of a field that the type has no more, nothing is written.
    read: readers.get(column.name) ?? (() => null),
    writer: COLUMN_CODECS[column.kind].createWriter(),
  }));
  return {
    encode(rows) {
      const chunk = DuckDBDataChunk.create(types, rows.length);
      for (const [index, { column, read, writer }] of plans.entries()) {
        writer.begin(chunk, index);
        for (let at = 0; at < rows.length; at++) {
          const pending = rows[at] as PendingRow; // In range.
          const value = read(pending);
          if (value === null || value === undefined) writer.putNull(at);
          else if (!writer.put(at, value)) throw refused(pending.row, column, value);
        }
        writer.end(rows.length);
      }
      return chunk;
    },
  };
}

function refused({ id, source_system, source_id, version }: WarehouseRow, { name, kind }: PhysicalColumn, value: unknown): SophiaError {
  const found = String(JSON.stringify(value)).slice(0, 100);
  return new SophiaError(
    'warehouse_row_refused',
    `Record ${id} (${source_system}/${source_id}), version ${version}: ${name} expects ${COLUMN_CODECS[kind].expected}, found ${found}.`,
    { details: { id, source_system, source_id, version, column: name } },
  );
}
