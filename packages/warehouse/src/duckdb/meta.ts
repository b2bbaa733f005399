import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { SophiaError } from '@sophia/shared';
import type { Position } from '@sophia/types';
import type { AppliedState, DerivedTable } from '../warehouse.ts';
import type { DerivedEntry, DerivedTables } from './derived-tables.ts';
import type { Layouts } from './layouts.ts';
import type { TableLayout } from './table-layout.ts';

/** Grows when the meta tables, the records' own columns or the casts in views change; older files are then brought up here. */
const FORMAT = 4;

/** When the records of a type last changed in a workspace. */
export interface LastChange {
  readonly tick: number;
  /** Number of the change among all of the warehouse. */
  readonly serial: number;
}

/** What the warehouse knows of itself, kept in the schema `sophia` of its file. */
export interface Meta {
  readonly applied: AppliedState;
  /** Number of the last change. */
  readonly serial: number;
  /** Number of the row that says so. */
  readonly entry: number;
  /** By `workspaceKey`. */
  readonly changes: ReadonlyMap<string, LastChange>;
  readonly layouts: Layouts;
  /** Whether the views are those of the layouts. */
  readonly hasViews: boolean;
  readonly derived: DerivedTables;
}

/** Makes the meta tables in a new file; leaves those of an old one. Throws `warehouse_from_newer_version`. */
export async function initializeMeta(connection: DuckDBConnection, generation: number): Promise<void> {
  await connection.run('create schema if not exists sophia');
  for (const table of [
    'format (format integer)',
    'state (entry bigint, generation integer, cursor varchar, tick bigint, complete_to varchar, serial bigint, mark varchar)',
    'change (type varchar, tick bigint, serial bigint)',
    'layout (type varchar, layout varchar)',
    'views (made boolean)',
    'derived (name varchar, definition varchar, error varchar)',
  ]) {
    await connection.run(`create table if not exists sophia.${table}`);
  }
  await connection.run(`insert into sophia.format select ${FORMAT} where not exists (from sophia.format)`);
  const [[format] = []] = await rows(connection, 'select format from sophia.format');
  if (Number(format) > FORMAT) {
    throw new SophiaError('warehouse_from_newer_version', `The warehouse has format ${format}, this version of Sophia knows ${FORMAT}.`);
  }
  if (Number(format) < FORMAT) await bringUp(connection);
  await connection.run(`insert into sophia.state select 0, ${generation}, null, 0, null, 0, null where not exists (from sophia.state)`);
}

/** Format 2 tells by its mark which tick was applied last. Formats 3 and 4 have other casts in their views: these are made anew. */
async function bringUp(connection: DuckDBConnection): Promise<void> {
  await connection.run('alter table sophia.state add column if not exists mark varchar');
  await connection.run('delete from sophia.views');
  await connection.run(`update sophia.format set format = ${FORMAT}`);
}

export async function readMeta(connection: DuckDBConnection): Promise<Meta> {
  const state = await readState(connection);
  const changes = await rows(connection, 'select type, max(tick), max(serial) from sophia.change group by type');
  const layouts = await rows(connection, 'select type, layout from sophia.layout order by rowid');
  const views = await rows(connection, 'from sophia.views');
  const derived = await rows(connection, 'select definition, error from sophia.derived order by name');
  return {
    ...state,
    changes: new Map(changes.map(([type, tick, at]) => [String(type), { tick: Number(tick), serial: Number(at) }])),
    // Written by `saveLayouts` and `saveDerived` alone.
    layouts: new Map(layouts.map(([type, layout]) => [String(type), JSON.parse(String(layout)) as TableLayout])),
    hasViews: views.length > 0,
    derived: new Map(
      derived.map(([definition, error]) => {
        const table = parseDerived(String(definition));
        return [table.name, { definition: table, error: textOrNull(error) }];
      }),
    ),
  };
}

/** How far the log is applied, as the connection's transaction sees it. */
export async function readState(connection: DuckDBConnection): Promise<Pick<Meta, 'applied' | 'serial' | 'entry'>> {
  const [[entry, generation, cursor, tick, completeTo, serial, mark] = []] = await rows(
    connection,
    'from sophia.state order by entry desc limit 1',
  );
  return {
    applied: {
      // Written by `ProgressWriter` alone, from a batch's cursor.
      cursor: textOrNull(cursor) as Position | null,
      tick: Number(tick),
      completeTo: textOrNull(completeTo),
      generation: Number(generation),
      mark: textOrNull(mark) ?? undefined,
    },
    serial: Number(serial),
    entry: Number(entry),
  };
}

export async function saveLayouts(connection: DuckDBConnection, layouts: Layouts, changed: readonly string[]): Promise<void> {
  for (const type of changed) {
    await connection.run('delete from sophia.layout where type = $1', [type]);
    await connection.run('insert into sophia.layout values ($1, $2)', [type, JSON.stringify(layouts.get(type))]);
  }
}

/** What is there of one derived table; there are as many as workspaces times rollups. */
export async function saveDerived(connection: DuckDBConnection, name: string, entry: DerivedEntry | undefined): Promise<void> {
  await connection.run('delete from sophia.derived where name = $1', [name]);
  if (entry === undefined) return;
  await connection.run('insert into sophia.derived values ($1, $2, $3)', [name, formatDerived(entry.definition), entry.error]);
}

/** JSON, in which a bigint among the parameters is `{"bigint": "..."}`. */
const formatDerived = (table: DerivedTable): string =>
  JSON.stringify(table, (_, value: unknown) => (typeof value === 'bigint' ? { bigint: String(value) } : value));

const parseDerived = (text: string): DerivedTable =>
  JSON.parse(text, (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'bigint' in value ? BigInt(String(value.bigint)) : value,
  );

const textOrNull = (value: DuckDBValue | undefined): string | null => (typeof value === 'string' ? value : null);

const rows = async (connection: DuckDBConnection, sql: string): Promise<DuckDBValue[][]> => (await connection.runAndReadAll(sql)).getRows();
