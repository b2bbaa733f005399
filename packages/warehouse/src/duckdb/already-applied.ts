import type { DuckDBConnection } from '@duckdb/node-api';
import type { RecordWarehouseChange } from './collapse.ts';
import { quote } from './identifiers.ts';
import { type Layouts, typeLayout } from './layouts.ts';
import { historyOf } from './table-layout.ts';

/**
 * Leaves out the changes of a replay that are there already: versions not later than what the record's rows and history
 * say. A batch that is replayed carries no position that could tell.
 */
export async function withoutApplied(
  connection: DuckDBConnection,
  layouts: Layouts,
  changes: readonly RecordWarehouseChange[],
): Promise<RecordWarehouseChange[]> {
  const idsByTable = new Map<string, Set<string>>();
  for (const change of changes) {
    const { workspace, id } = change.kind === 'upsert' ? change.row : change;
    const table = typeLayout(layouts, workspace, change.recordType)?.table;
    if (table !== undefined) idsByTable.set(table, (idsByTable.get(table) ?? new Set()).add(id));
  }
  const current = new Map<string, number>();
  const latest = new Map<string, number>();
  for (const [table, ids] of idsByTable) {
    for (const [id, version] of await versions(connection, [table], ids)) current.set(id, version);
    for (const [id, version] of await versions(connection, [table, historyOf(table)], ids)) latest.set(id, version);
  }
  return changes.filter((change) => {
    if (change.kind === 'erase') return true;
    const { id, version } = change.kind === 'upsert' ? change.row : change;
    // Of a deletion nothing is stored but that the row is gone: without a row there is none left to do.
    const known = change.kind === 'upsert' ? (latest.get(id) ?? 0) : (current.get(id) ?? version);
    if (version <= known) return false;
    latest.set(id, version);
    if (change.kind === 'upsert') current.set(id, version);
    else current.delete(id);
    return true;
  });
}

async function versions(connection: DuckDBConnection, tables: readonly string[], ids: ReadonlySet<string>): Promise<[string, number][]> {
  const list = [...ids].map(BigInt).join(', ');
  const parts = tables.map((table) => `select id, version from ${quote(table)} where id in (${list})`);
  const found = await connection.runAndReadAll(`select id, max(version) from (${parts.join(' union all ')}) group by id`);
  return found.getRows().map(([id, version]) => [String(id), Number(version)]);
}
