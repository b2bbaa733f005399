import { type DuckDBConnection, type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { identifier } from './nested-type.ts';
import { PARQUET_FILE } from './parquet-select.ts';

interface TypedColumn {
  readonly name: string;
  readonly type: DuckDBType;
}

/**
 * Which columns of a Parquet file hold NaN, by their place. DataFrames have it for a missing number, and some write it as it
 * is. Of a file's columns only those of floats are looked through: a small part of what reading its rows takes.
 */
export async function findMissingNumbers(
  connection: DuckDBConnection,
  path: string,
  columns: readonly TypedColumn[],
): Promise<ReadonlySet<number>> {
  const floats = columns.flatMap(({ name, type }, place) =>
    isFloat(type) ? [{ place, holds: `bool_or(isnan(${identifier(name)}))` }] : [],
  );
  if (floats.length === 0) return new Set();
  const found = await connection.runAndReadAll(`select ${floats.map(({ holds }) => holds).join(', ')} from ${PARQUET_FILE}`, [path]);
  const row = found.getRows().flat();
  return new Set(floats.flatMap(({ place }, index) => (row[index] === true ? [place] : [])));
}

const isFloat = ({ typeId }: DuckDBType): boolean => typeId === DuckDBTypeId.FLOAT || typeId === DuckDBTypeId.DOUBLE;
