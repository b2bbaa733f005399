import type { DuckDBConnection } from '@duckdb/node-api';
import { appendRows } from './appending.ts';
import { addedTable, removedTable } from './derived-tables.ts';
import { quote, quoteAll } from './identifiers.ts';
import type { PendingRow } from './pending-row.ts';
import { encodersOf } from './row-encoder.ts';
import { blankRows, moveRows, type SortedIds } from './stored-rows.ts';
import { historyOf, type TableLayout } from './table-layout.ts';

/** What comes to one table and its history. */
export interface TableWork {
  readonly layout: TableLayout;
  /** Ids whose row, if there is one, goes to the history, and since when it is not current (microseconds). */
  readonly removed: Map<string, bigint>;
  readonly added: PendingRow[];
  readonly past: PendingRow[];
  readonly erased: string[];
  /** Ids in `removed` of which it is to be told whether they had a row. */
  readonly uncertain: Set<string>;
}

/** Told of the ids of a table whose rows are about to change; they are gathered only where someone wants them. */
export type TouchRows = (table: string, ids: () => readonly string[]) => void;

/**
 * Does the work within the connection's transaction. What is erased comes first: rows of the same batch that came after
 * it are not blank. Resolves to the ids that had a row, of those that were uncertain or erased.
 */
export async function writeTable(
  connection: DuckDBConnection,
  work: TableWork,
  isCaptured: boolean,
  touch: TouchRows,
): Promise<Set<string>> {
  const { layout, removed, added, past, erased } = work;
  const { table } = layout;
  touch(table, () => [...removed.keys(), ...erased, ...added.map(({ row }) => row.id)]);
  const found = new Set<string>();
  if (erased.length > 0) await eraseRows(connection, layout, sorted(erased), isCaptured, found);
  if (removed.size > 0) await removeRows(connection, work, isCaptured, found);
  const encoders = encodersOf(layout);
  await appendRows(connection, [historyOf(table)], encoders.history, past);
  await appendRows(connection, isCaptured ? [table, addedTable(table)] : [table], encoders.current, added);
  return found;
}

async function removeRows(
  connection: DuckDBConnection,
  { layout, removed, uncertain }: TableWork,
  isCaptured: boolean,
  found: Set<string>,
): Promise<void> {
  const history = historyOf(layout.table);
  const target = isCaptured ? removedTable(layout.table) : history;
  for (const [validTo, group] of Map.groupBy(removed, ([, at]) => at)) {
    const ids = group.map(([id]) => id);
    const moved = await moveRows(connection, layout, target, sorted(ids), validTo);
    const asked = ids.filter((id) => uncertain.has(id));
    const there = moved === ids.length ? asked : await idsIn(connection, target, sorted(asked), `valid_to = make_timestamp(${validTo})`);
    for (const id of there) found.add(id);
  }
  if (isCaptured) await connection.run(`insert into ${quote(history)} from ${quote(target)} where valid_to is not null`);
}

async function eraseRows(
  connection: DuckDBConnection,
  layout: TableLayout,
  ids: SortedIds,
  isCaptured: boolean,
  found: Set<string>,
): Promise<void> {
  const { table, columns } = layout;
  for (const part of [table, historyOf(table)]) for (const id of await idsIn(connection, part, ids)) found.add(id);
  const names = quoteAll(columns.map(({ name }) => name));
  const capture = (target: string) =>
    connection.run(`insert into ${quote(target)} (${names}) select ${names} from ${quote(table)} where id in (${ids.join(', ')})`);
  if (isCaptured) await capture(removedTable(table));
  await blankRows(connection, layout, table, ids);
  await blankRows(connection, layout, historyOf(table), ids);
  if (isCaptured) await capture(addedTable(table));
}

async function idsIn(connection: DuckDBConnection, table: string, ids: SortedIds, condition = 'true'): Promise<string[]> {
  if (ids.length === 0) return [];
  const there = await connection.runAndReadAll(`select distinct id from ${quote(table)} where id in (${ids.join(', ')}) and ${condition}`);
  return there.getRows().map(([id]) => String(id));
}

const sorted = (ids: readonly string[]): SortedIds => BigInt64Array.from(ids, BigInt).sort();
