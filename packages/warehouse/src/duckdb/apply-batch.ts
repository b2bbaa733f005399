import type { DuckDBConnection } from '@duckdb/node-api';
import type { WarehouseBatch } from '../warehouse.ts';
import { withoutApplied } from './already-applied.ts';
import { changeLayouts } from './change-layouts.ts';
import { collapse, type RecordWarehouseChange } from './collapse.ts';
import { refreshDerivedTables, refreshesFor, tablesRead } from './derived-tables.ts';
import { type Layouts, type LayoutsChange, overTablesOf, together, unchanged, withType, workspaceKey } from './layouts.ts';
import type { Meta } from './meta.ts';
import type { ProgressWriter } from './progress.ts';
import { writeChanges } from './write-changes.ts';
import type { TouchRows } from './write-table.ts';

/**
 * Applies a batch within the connection's transaction. Resolves to what the warehouse knows of itself afterwards.
 *
 * Tables are made and altered before any row is written: DuckDB does not commit a transaction that alters a table after
 * it removed rows from it. A row is written by the definitions that stand before it in the batch nevertheless.
 */
export async function applyBatch(
  connection: DuckDBConnection,
  progress: ProgressWriter,
  meta: Meta,
  batch: WarehouseBatch,
  touch: TouchRows,
): Promise<Meta> {
  const { runs, change } = runsOf(meta.layouts, batch);
  const changedMeta = await changeLayouts(connection, meta, change);
  const changed = new Set<string>();
  for (const { known, changes } of runs) {
    const over = { derived: meta.derived, layouts: overTablesOf(changedMeta.layouts, known) };
    for (const type of await applyRun(connection, over, changes, batch.replay === true, touch)) changed.add(type);
  }
  return saveProgress(progress, changedMeta, batch, changed);
}

/** Changes of records that no change of a type stands between. */
interface Run {
  /** As defined before them. */
  readonly known: Layouts;
  readonly changes: RecordWarehouseChange[];
}

function runsOf(layouts: Layouts, { changes }: WarehouseBatch): { readonly runs: readonly Run[]; readonly change: LayoutsChange } {
  const runs: Run[] = [];
  let all = unchanged(layouts);
  let last: Run | undefined;
  for (const change of changes) {
    if (change.kind === 'define') {
      all = together(all, withType(all.layouts, change.workspace, change.recordType, change.fields));
    } else if (last?.known === all.layouts) {
      last.changes.push(change);
    } else {
      last = { known: all.layouts, changes: [change] };
      runs.push(last);
    }
  }
  return { runs, change: all };
}

/** Resolves to the types whose records changed. */
async function applyRun(
  connection: DuckDBConnection,
  { layouts, derived }: Pick<Meta, 'layouts' | 'derived'>,
  run: readonly RecordWarehouseChange[],
  isReplay: boolean,
  touch: TouchRows,
): Promise<Set<string>> {
  const types = collapse(isReplay ? await withoutApplied(connection, layouts, run) : run);
  const refreshes = refreshesFor(derived, new Set(types.map(({ workspace, recordType }) => workspaceKey(workspace, recordType))));
  const changed = await writeChanges(connection, layouts, types, tablesRead(refreshes, layouts), touch);
  await refreshDerivedTables(connection, refreshes);
  return changed;
}

async function saveProgress(progress: ProgressWriter, meta: Meta, batch: WarehouseBatch, changed: ReadonlySet<string>): Promise<Meta> {
  const serial = changed.size === 0 ? meta.serial : meta.serial + 1;
  const changes = new Map(meta.changes);
  for (const type of changed) {
    const change = { tick: batch.replay === true ? meta.applied.tick : batch.tick, serial };
    await progress.saveChange(type, change);
    changes.set(type, change);
  }
  const passed = batch.endOfTick ? { tick: batch.tick, completeTo: batch.completeTo } : {};
  const applied = batch.replay === true ? meta.applied : { ...meta.applied, cursor: batch.cursor, mark: batch.mark, ...passed };
  const entry = meta.entry + 1;
  await progress.saveState(entry, applied, serial);
  return { ...meta, applied, serial, entry, changes };
}
