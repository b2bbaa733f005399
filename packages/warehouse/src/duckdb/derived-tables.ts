import type { DuckDBConnection } from '@duckdb/node-api';
import { SophiaError } from '@sophia/shared';
import { isEnvironmentalWarehouseError } from '../environmental-error.ts';
import type { DerivedTable, WarehouseStatement } from '../warehouse.ts';
import { execute } from './bind-parameters.ts';
import { engineError, messageOf } from './engine-error.ts';
import { quote, quoteAll } from './identifiers.ts';
import { type Layouts, typeLayout, workspaceKey } from './layouts.ts';
import { historyOf, type TableLayout } from './table-layout.ts';

export interface DerivedEntry {
  readonly definition: DerivedTable;
  /** Why it is not kept. */
  readonly error: string | null;
}

/** By name. */
export type DerivedTables = ReadonlyMap<string, DerivedEntry>;

/** A derived table's own statement failed: the rows are not to blame. */
export class DerivedTableFailure extends Error {
  readonly table: string;

  constructor(table: string, cause: unknown) {
    super(`${table}: ${messageOf(cause)}`, { cause });
    this.table = table;
  }
}

const NAME = /^rollup_[a-z0-9]+(?:_[a-z0-9]+)*$/;
const LONGEST = 120;

export function checkDerivedName(name: string): void {
  if (NAME.test(name) && name.length <= LONGEST) return;
  throw new SophiaError(
    'warehouse_layout_refused',
    `${JSON.stringify(name)} cannot name a derived table: expected rollup_ and lower-case words joined by single underscores, at most ${LONGEST} characters.`,
    { details: { name } },
  );
}

/** Rows that left a table in this transaction, in the shape of its history. */
export const removedTable = (table: string): string => `removed_${table}`;
/** Rows that came into a table in this transaction. */
export const addedTable = (table: string): string => `added_${table}`;

/** What follows a batch for one derived table. */
export interface Refresh {
  readonly name: string;
  readonly statements: readonly WarehouseStatement[];
  /** The types whose changes the statements read. */
  readonly reads: DerivedTable['reads'];
}

/** For what is kept and reads one of these types, by `workspaceKey`. */
export const refreshesFor = (derived: DerivedTables, changed: ReadonlySet<string>): Refresh[] =>
  [...derived.values()].flatMap(({ error, definition }) => {
    const { name, refresh, refreshAlone, reads } = definition;
    const touched = reads.filter(({ workspace, recordType }) => changed.has(workspaceKey(workspace, recordType)));
    if (error !== null || touched.length === 0) return [];
    const isAlone = refreshAlone !== undefined && touched.every(({ recordType }) => recordType === refreshAlone.recordType);
    return [isAlone ? { name, statements: refreshAlone.statements, reads: touched } : { name, statements: refresh, reads }];
  });

/** The tables of the types whose changes are read. */
export function tablesRead(refreshes: readonly Refresh[], layouts: Layouts): Set<string> {
  const types = refreshes.flatMap(({ reads }) => reads.map(({ workspace, recordType }) => typeLayout(layouts, workspace, recordType)));
  return new Set(types.flatMap((type) => (type === undefined ? [] : [type.table, type.extensionTable ?? type.table])));
}

/** Makes `removed_<t>` and `added_<t>`, empty, and `changed_<t>` over both. */
export async function captureChanges(connection: DuckDBConnection, { table, columns }: TableLayout): Promise<void> {
  const names = quoteAll(columns.map(({ name }) => name));
  await connection.run(`create or replace temp table ${quote(removedTable(table))} as from ${quote(historyOf(table))} limit 0`);
  await connection.run(`create or replace temp table ${quote(addedTable(table))} as from ${quote(table)} limit 0`);
  await connection.run(
    `create or replace temp view ${quote(`changed_${table}`)} as
     select ${names}, (-1)::tinyint as sign from ${quote(removedTable(table))}
     union all select ${names}, 1::tinyint from ${quote(addedTable(table))}`,
  );
}

export async function refreshDerivedTables(connection: DuckDBConnection, refreshes: readonly Refresh[]): Promise<void> {
  for (const { name, statements } of refreshes) {
    for (const statement of statements) await execute(connection, statement).catch((error: unknown) => fail(name, error));
  }
}

export async function createDerivedTable(connection: DuckDBConnection, { create }: DerivedTable): Promise<void> {
  for (const statement of create) await execute(connection, statement);
}

export async function dropDerivedTable(connection: DuckDBConnection, name: string): Promise<void> {
  await connection.run(`drop table if exists ${quote(name)}`);
}

function fail(table: string, error: unknown): never {
  const told = engineError(error);
  throw isEnvironmentalWarehouseError(told) ? told : new DerivedTableFailure(table, told);
}
