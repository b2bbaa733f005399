import type { DuckDBConnection } from '@duckdb/node-api';
import type { WorkspaceId } from '@sophia/types';
import type { AppliedState, TableDifference, TableDigest, TypeLayout } from '../warehouse.ts';
import { quote } from './identifiers.ts';
import { knownLayout, type Layouts } from './layouts.ts';
import { readState } from './meta.ts';
import { relationSql } from './relation.ts';
import { historyOf } from './table-layout.ts';

export interface Digests {
  readonly applied: AppliedState;
  readonly tables: readonly TableDigest[];
}

/** Digests of every table of every workspace, in the connection's transaction: count, sum and exclusive or of the rows' hashes. */
export async function readDigests(connection: DuckDBConnection, layouts: Layouts, onHeld?: () => void): Promise<Digests> {
  // The first statement takes the transaction's snapshot.
  const { applied } = await readState(connection);
  onHeld?.();
  const tables: TableDigest[] = [];
  for (const type of await typesWithRows(connection, layouts)) {
    for (const part of ['current', 'history'] as const) {
      const sql = `select count(*), coalesce(sum(hash(t)), 0)::varchar || ':' || coalesce(bit_xor(hash(t)), 0)::varchar
                   from (${relationSql(type, { part })}) t`;
      const [[rows, digest] = []] = (await connection.runAndReadAll(sql)).getRows();
      const { workspace, recordType } = type;
      tables.push({ workspace, recordType, part, rows: Number(rows), digest: String(digest) });
    }
  }
  return { applied, tables };
}

/** Every type that a workspace has records of, or had. */
async function typesWithRows(connection: DuckDBConnection, layouts: Layouts): Promise<TypeLayout[]> {
  const found: TypeLayout[] = [];
  for (const { table, recordType, kind } of layouts.values()) {
    if (kind === 'extension') continue;
    const workspaces = [table, historyOf(table)].map((each) => `select distinct workspace from ${quote(each)}`);
    for (const [workspace] of (await connection.runAndReadAll(workspaces.join(' union '))).getRows()) {
      // The number of a workspace that wrote the row.
      found.push(knownLayout(layouts, Number(workspace) as WorkspaceId, recordType));
    }
  }
  return found;
}

/** The tables that differ. */
export function differences(live: readonly TableDigest[], rebuilt: readonly TableDigest[]): TableDifference[] {
  const name = ({ workspace, recordType, part }: TableDigest) => `${workspace}:${recordType}:${part}`;
  const others = new Map(rebuilt.map((table) => [name(table), table]));
  const found: TableDifference[] = [];
  for (const table of live) {
    const other = others.get(name(table));
    others.delete(name(table));
    if (other?.rows !== table.rows || other.digest !== table.digest)
      found.push({ ...identity(table), live: summary(table), rebuilt: other ? summary(other) : null });
  }
  for (const table of others.values()) found.push({ ...identity(table), live: null, rebuilt: summary(table) });
  return found;
}

const identity = ({ workspace, recordType, part }: TableDigest) => ({ workspace, recordType, part });
const summary = ({ rows, digest }: TableDigest) => ({ rows, digest });
