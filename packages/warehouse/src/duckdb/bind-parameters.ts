import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api';
import type { WarehouseStatement } from '../warehouse.ts';
import { releaseStatement } from './release.ts';

/** Binds a statement's parameters as `WarehouseStatement` says. */
export function bindParameters(prepared: DuckDBPreparedStatement, parameters: WarehouseStatement['parameters']): void {
  for (const [at, value] of parameters.entries()) bindParameter(prepared, at + 1, value);
}

function bindParameter(prepared: DuckDBPreparedStatement, index: number, value: WarehouseStatement['parameters'][number]): void {
  if (value === null) prepared.bindNull(index);
  else if (typeof value === 'string') prepared.bindVarchar(index, value);
  else if (typeof value === 'boolean') prepared.bindBoolean(index, value);
  else if (typeof value === 'bigint') prepared.bindBigInt(index, value);
  else if (Number.isSafeInteger(value)) prepared.bindBigInt(index, BigInt(value));
  else prepared.bindDouble(index, value);
}

/** Runs one statement of ours to its end. */
export async function execute(connection: DuckDBConnection, { text, parameters }: WarehouseStatement): Promise<void> {
  const prepared = await connection.prepare(text);
  try {
    bindParameters(prepared, parameters);
    await prepared.run();
  } finally {
    releaseStatement(prepared);
  }
}
