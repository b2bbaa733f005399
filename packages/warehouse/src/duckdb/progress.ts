import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api';
import type { AppliedState, WarehouseStatement } from '../warehouse.ts';
import { bindParameters } from './bind-parameters.ts';
import type { LastChange } from './meta.ts';

/** Writes, in each batch's transaction, how far the log is applied and what changed last. */
export interface ProgressWriter {
  saveState(applied: AppliedState, serial: number): Promise<void>;
  /** By `workspaceKey`; `isNew` for a type that never changed before. */
  saveChange(type: string, isNew: boolean, change: LastChange): Promise<void>;
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
    saveState: ({ cursor, tick, completeTo }, serial) =>
      run(
        'update sophia.state set cursor = $1, tick = $2::bigint, complete_to = $3, serial = $4::bigint',
        cursor,
        tick,
        completeTo,
        serial,
      ),
    saveChange: (type, isNew, { tick, serial }) =>
      isNew
        ? run('insert into sophia.change values ($1, $2::bigint, $3::bigint)', type, tick, serial)
        : run('update sophia.change set tick = $2::bigint, serial = $3::bigint where type = $1', type, tick, serial),
  };
}
