import { type DuckDBConnection, DuckDBInstance, type DuckDBResult, type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { parseExactJson, parseExactNumbers, SophiaError } from '@sophia/shared';
import type { JsonValue } from '@sophia/types';
import type { ReadLimits } from './limits.ts';
import { findMissingNumbers } from './missing-numbers.ts';
import { holdsWithin } from './nested-type.ts';
import { parquetColumns } from './parquet-columns.ts';
import { PARQUET_FILE, parquetSelect } from './parquet-select.ts';
import { parseCells } from './parse-object.ts';
import { badRow, type SourceRow } from './source-row.ts';

export interface ParquetFile {
  readonly path: string;
  /** What it is called in errors: the path may be that of a copy, which is nobody's business. */
  readonly name: string;
}

export interface ParquetTable {
  readonly columns: readonly string[];
  /** Those with NaN, which is no value. */
  readonly columnsWithNan: readonly string[];
  readonly rowCount: number;
  readonly rows: AsyncIterable<readonly SourceRow[]>;
  close(): void;
}

/** Memory of one reader; a file needs about one of its row groups. */
const MEMORY_LIMIT = '512MB';

/**
 * Reads a Parquet file through a DuckDB of its own that can open this file and nothing else, some 2,000 rows at a time.
 * `line` is the row's index from 1. Errors: `payload_too_large`, `source_damaged`, `too_many_columns`, `unsupported_column_type`.
 */
export async function readParquet(file: ParquetFile, limits: ReadLimits): Promise<ParquetTable> {
  const { path } = file;
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: MEMORY_LIMIT });
  const connection = await instance.connect();
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    // biome-ignore lint/nursery/noSyncMethods: DuckDB's binding has no other; it frees memory and touches no file.
    connection.closeSync();
    // biome-ignore lint/nursery/noSyncMethods: the same.
    instance.closeSync();
  };
  try {
    await confine(connection, path);
    const shape = await connection.run(`select * from ${PARQUET_FILE} limit 0`, [path]);
    const columns = shape.columnNames().map((name, index) => ({ name, type: shape.columnType(index) }));
    if (columns.length > limits.columns) {
      throw new SophiaError('too_many_columns', `The file has ${columns.length} columns, more than ${limits.columns}.`);
    }
    const names = await parquetColumns(connection, path);
    const missing = await findMissingNumbers(connection, path, columns);
    const rowCount = await countRows(connection, path);
    const rows = streamRows(
      connection,
      { sql: parquetSelect(columns), file, rowCount, rowBytes: limits.rowBytes, parse: parserOf(columns) },
      close,
    );
    return { columns: names, columnsWithNan: names.filter((_, place) => missing.has(place)), rowCount, rows, close };
  } catch (error) {
    close();
    throw damaged(error, file);
  }
}

/** Nothing but this file, and no way back. Settings take no parameters, hence the quoting. */
async function confine(connection: DuckDBConnection, path: string): Promise<void> {
  await connection.run(`set allowed_paths = ['${path.replaceAll("'", "''")}']`);
  await connection.run(`set timezone = 'UTC'`);
  await connection.run('set enable_external_access = false');
  await connection.run('set lock_configuration = true');
}

async function countRows(connection: DuckDBConnection, path: string): Promise<number> {
  const counted = await connection.runAndReadAll(`select count(*)::double from ${PARQUET_FILE}`, [path]);
  return Number(counted.getRows().flat()[0]);
}

interface RowQuery {
  readonly sql: string;
  readonly file: ParquetFile;
  /** By the file's own account. */
  readonly rowCount: number;
  /** Of the row as JSON, as characters: a longer one has more bytes. */
  readonly rowBytes: number;
  readonly parse: (text: string) => JsonValue;
}

/** Digits that any double holds. */
const DOUBLE_DIGITS = 15;

/** Decimals within lists and structs stand in JSON with all their digits; where they may be too many for a double, each is looked at. */
function parserOf(columns: readonly { readonly type: DuckDBType }[]): (text: string) => JsonValue {
  const isLong = (part: DuckDBType): boolean => part.typeId === DuckDBTypeId.DECIMAL && part.width > DOUBLE_DIGITS;
  return columns.some(({ type }) => holdsWithin(type, isLong)) ? parseExactNumbers : parseExactJson;
}

/** DuckDB's stream just ends where a later part of the file is damaged, so the rows are counted. */
async function* streamRows(
  connection: DuckDBConnection,
  { sql, file, rowCount, rowBytes, parse }: RowQuery,
  close: () => void,
): AsyncGenerator<readonly SourceRow[]> {
  let line = 0;
  try {
    const result = await connection.stream(sql, [file.path]);
    for (let texts = await nextTexts(result); texts.length > 0; texts = await nextTexts(result)) {
      yield texts.map((text) => {
        line += 1;
        return text.length > rowBytes ? badRow(line, 'row_too_long', text) : parseCells(text, line, parse);
      });
    }
    if (line < rowCount) throw new SophiaError('source_damaged', `The Parquet file cannot be read beyond row ${line} of ${rowCount}.`);
  } catch (error) {
    throw damaged(error, file);
  } finally {
    close();
  }
}

async function nextTexts(result: DuckDBResult): Promise<readonly string[]> {
  const chunk = await result.fetchChunk();
  return chunk === null || chunk.rowCount === 0 ? [] : chunk.getColumnValues(0).map(String);
}

function damaged(error: unknown, { path, name }: ParquetFile): unknown {
  if (error instanceof SophiaError) return error;
  const message = String(error)
    .replace(/^Error: /, '')
    .replace(/\n.*$/s, '')
    .replaceAll(path, () => name);
  if (message.startsWith('Out of Memory')) {
    const help = `A row group of the Parquet file needs more than the ${MEMORY_LIMIT} of memory that a reader has: write it with fewer rows in each.`;
    return new SophiaError('payload_too_large', help, { cause: error });
  }
  return new SophiaError('source_damaged', `The Parquet file cannot be read: ${message}`, { cause: error });
}
