import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api';
import type { AppliedState, WarehouseStatement } from '../warehouse.ts';
import { bindParameters } from './bind-parameters.ts';
import type { LastChange } from './meta.ts';

/**
 * Writes, in each batch's transaction, how far the log is applied and what changed last. Rows are only added, the newest
 * counts: after an update DuckDB makes no checkpoint while a reader from before it is open, so that with readers who
 * overlap there would never be one.
 */
export interface ProgressWriter {
  saveState(entry: number, applied: AppliedState, serial: number): Promise<void>;
  /** By `workspaceKey`. */
  saveChange(type: string, change: LastChange): Promise<void>;
}

/** Its statements are prepared once, on first use: they run in every batch. */
export function createProgressWriter(connection: DuckDBConnection): ProgressWriter {
  const prepared = new Map<string, DuckDBPreparedStatement>();
  const run = async (text: string, ...parameters: WarehouseStatement['parameters']): Promise<void> => {
    const statement = prepared.get(text) ?? (await connection.prepare(text));
    prepared.set(text, statement);
    bindParameters(statement, parameters);
    await statement.run();
  };
  return {
    saveState: (entry, { generation, cursor, tick, completeTo, mark = null }, serial) =>
      run(
        'insert into sophia.state values ($1::bigint, $2::integer, $3, $4::bigint, $5, $6::bigint, $7)',
        ...[entry, generation, cursor, tick, completeTo, serial, mark],
      ),
    saveChange: (type, { tick, serial }) => run('insert into sophia.change values ($1, $2::bigint, $3::bigint)', type, tick, serial),
  };
}

/** Removes the rows that newer ones made superfluous. */
export async function pruneProgress(connection: DuckDBConnection): Promise<void> {
  await connection.run('delete from sophia.state where entry < (select max(entry) from sophia.state)');
  await connection.run(
    'delete from sophia.change where serial < (select max(newer.serial) from sophia.change newer where newer.type = change.type)',
  );
}
