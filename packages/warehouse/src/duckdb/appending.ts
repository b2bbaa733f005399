import { setImmediate as breathe } from 'node:timers/promises';
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { CHUNK_ROWS } from './column-writers.ts';
import type { PendingRow } from './pending-row.ts';
import type { RowEncoder } from './row-encoder.ts';

/** Appends rows to tables of the same columns, chunk by chunk; the event loop runs in between. */
export async function appendRows(
  connection: DuckDBConnection,
  tables: readonly string[],
  encoder: RowEncoder,
  rows: readonly PendingRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await appendChunks(connection, tables, encodeAll(encoder, rows));
}

async function* encodeAll(encoder: RowEncoder, rows: readonly PendingRow[]): AsyncGenerator<DuckDBDataChunk> {
  for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
    if (from > 0) await breathe();
    yield encoder.encode(rows.slice(from, from + CHUNK_ROWS));
  }
}

/** Appends chunks as they come; the tables have their columns. */
export async function appendChunks(
  connection: DuckDBConnection,
  tables: readonly string[],
  chunks: AsyncIterable<DuckDBDataChunk>,
): Promise<void> {
  const appenders = await Promise.all(tables.map((table) => connection.createAppender(table)));
  try {
    for await (const chunk of chunks) for (const appender of appenders) appender.appendDataChunk(chunk);
  } finally {
    // biome-ignore lint/nursery/noSyncMethods: hands at most a few thousand rows to the transaction, in memory.
    for (const appender of appenders) appender.closeSync();
  }
}
