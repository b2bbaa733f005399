import type { DuckDBConnection } from '@duckdb/node-api';
import { SophiaError } from '@sophia/shared';
import { uniqueNames } from './detect-header.ts';

/** DuckDB's longest decimal. It takes a longer one for a double, and of 17 to 31 bytes reads another number. */
const MAX_PRECISION = 38;

/** An element of the file's schema, which lists each before those that it holds. */
interface SchemaElement {
  readonly name: string;
  readonly children: number;
  /** Of decimals: how many digits; otherwise 0. */
  readonly precision: number;
}

/**
 * The names of a Parquet file's columns in their order, as the file writes them, in NFC: DuckDB renames those that differ only in
 * case. Errors: `unsupported_column_type` for a decimal that would not be read as it is, in a column or within one.
 */
export async function parquetColumns(connection: DuckDBConnection, path: string): Promise<readonly string[]> {
  const columns: string[] = [];
  const above: { readonly name: string; left: number }[] = [];
  for (const { name, children, precision } of await schemaElements(connection, path)) {
    while (above.at(-1)?.left === 0) above.pop();
    const parent = above.at(-1);
    if (parent === undefined) columns.push(name.normalize('NFC'));
    else parent.left -= 1;
    above.push({ name, left: children });
    if (precision > MAX_PRECISION) throw tooLong(above.map((element) => element.name).join('.'), precision);
  }
  return uniqueNames(columns);
}

/** All but the first, which stands for the table. */
async function schemaElements(connection: DuckDBConnection, path: string): Promise<readonly SchemaElement[]> {
  const sql = 'select name, coalesce(num_children, 0)::integer, coalesce(precision, 0)::integer from parquet_schema($1)';
  const [, ...elements] = (await connection.runAndReadAll(sql, [path])).getRows();
  return elements.map(([name, children, precision]) => ({
    name: String(name),
    children: Number(children),
    precision: Number(precision),
  }));
}

function tooLong(column: string, precision: number): SophiaError {
  const message = `The column ${column} is a decimal of ${precision} digits, of which at most ${MAX_PRECISION} are read. Write it as decimal(${MAX_PRECISION}, s), or as text.`;
  return new SophiaError('unsupported_column_type', message, { details: { column, precision } });
}
