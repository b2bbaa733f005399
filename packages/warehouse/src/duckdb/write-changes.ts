import type { DuckDBConnection } from '@duckdb/node-api';
import type { TypeLayout } from '../warehouse.ts';
import type { TypeChanges } from './collapse.ts';
import { captureChanges } from './derived-tables.ts';
import { knownLayout, type Layouts, workspaceKey } from './layouts.ts';
import { extraOf } from './pending-row.ts';
import type { TableLayout } from './table-layout.ts';
import { type TableWork, type TouchRows, writeTable } from './write-table.ts';

/**
 * Writes the changes of several types into their tables and histories, within the connection's transaction. For the
 * tables in `captured` it leaves what was removed and added in `changed_<table>`. Resolves to the types whose records
 * did change, by `workspaceKey`. Throws `warehouse_type_unknown`, `warehouse_row_refused`.
 */
export async function writeChanges(
  connection: DuckDBConnection,
  layouts: Layouts,
  changes: readonly TypeChanges[],
  captured: ReadonlySet<string>,
  touch: TouchRows,
): Promise<Set<string>> {
  const works = new Map<string, TableWork>();
  for (const change of changes) gather(works, layouts, change);
  for (const layout of layouts.values()) {
    if (captured.has(layout.table)) await captureChanges(connection, layout);
  }
  const found = new Set<string>();
  for (const work of works.values()) {
    for (const id of await writeTable(connection, work, captured.has(work.layout.table), touch)) found.add(id);
  }
  const changed = changes.filter((type) => bringsRows(type) || [...type.removed.keys(), ...type.erased].some((id) => found.has(id)));
  return new Set(changed.map(({ workspace, recordType }) => workspaceKey(workspace, recordType)));
}

/** Where it does not, it depends on what is stored whether anything changes. */
const bringsRows = ({ added, past }: TypeChanges): boolean => added.length + past.length > 0;

/** Adds a type's changes to the work on its table, which it may share with other workspaces, and on its extension. */
function gather(works: Map<string, TableWork>, layouts: Layouts, changes: TypeChanges): void {
  const { workspace, recordType } = changes;
  const type = knownLayout(layouts, workspace, recordType);
  const added = changes.added.map((row) => ({ row, validTo: null, extra: extraOf(row, type) }));
  const past = changes.past.map(({ row, validTo }) => ({ row, validTo, extra: extraOf(row, type) }));
  for (const layout of tablesOf(layouts, type)) {
    const work: TableWork = works.get(layout.table) ?? {
      layout,
      removed: new Map(),
      added: [],
      past: [],
      erased: [],
      uncertain: new Set(),
    };
    works.set(layout.table, work);
    for (const [id, at] of changes.removed) work.removed.set(id, at);
    for (const row of added) work.added.push(row);
    for (const row of past) work.past.push(row);
    work.erased.push(...changes.erased);
    if (!bringsRows(changes)) for (const id of changes.removed.keys()) work.uncertain.add(id);
  }
}

const tablesOf = (layouts: Layouts, { workspace, recordType, table, extensionTable }: TypeLayout): TableLayout[] =>
  [layouts.get(recordType), layouts.get(workspaceKey(workspace, recordType))]
    .filter((layout) => layout !== undefined)
    .filter((layout) => layout.table === table || layout.table === extensionTable);
