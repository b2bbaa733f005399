import type { DuckDBConnection } from '@duckdb/node-api';
import type { WarehouseBatch } from '../warehouse.ts';
import { withoutApplied } from './already-applied.ts';
import { changeLayouts } from './change-layouts.ts';
import { collapse, type RecordWarehouseChange } from './collapse.ts';
import { refreshDerivedTables, refreshesFor, tablesRead } from './derived-tables.ts';
import { type Layouts, withType, workspaceKey } from './layouts.ts';
import type { Meta } from './meta.ts';
import type { ProgressWriter } from './progress.ts';
import { writeChanges } from './write-changes.ts';
import type { TouchRows } from './write-table.ts';

/** Applies a batch within the connection's transaction. Resolves to what the warehouse knows of itself afterwards. */
export async function applyBatch(
  connection: DuckDBConnection,
  progress: ProgressWriter,
  meta: Meta,
  batch: WarehouseBatch,
  touch: TouchRows,
): Promise<Meta> {
  let { layouts } = meta;
  const changed = new Set<string>();
  for (const segment of segments(batch)) {
    if (segment.kind === 'define') {
      const { workspace, recordType, fields } = segment.define;
      layouts = await changeLayouts(connection, withType(layouts, workspace, recordType, fields));
    } else {
      for (const type of await applyRun(connection, { ...meta, layouts }, segment.run, batch.replay === true, touch)) changed.add(type);
    }
  }
  return { ...(await saveProgress(progress, meta, batch, changed)), layouts };
}

type Define = Extract<WarehouseBatch['changes'][number], { kind: 'define' }>;
type Segment = { readonly kind: 'define'; readonly define: Define } | { readonly kind: 'run'; readonly run: RecordWarehouseChange[] };

/** Definitions, and the runs of records' changes between them. */
function segments({ changes }: WarehouseBatch): Segment[] {
  const found: Segment[] = [];
  for (const change of changes) {
    const last = found[found.length - 1];
    if (change.kind === 'define') found.push({ kind: 'define', define: change });
    else if (last?.kind === 'run') last.run.push(change);
    else found.push({ kind: 'run', run: [change] });
  }
  return found;
}

/** Resolves to the types whose records changed. */
async function applyRun(
  connection: DuckDBConnection,
  { layouts, derived }: { readonly layouts: Layouts; readonly derived: Meta['derived'] },
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
  const applied = batch.replay === true ? meta.applied : { ...meta.applied, cursor: batch.cursor, ...passed };
  const entry = meta.entry + 1;
  await progress.saveState(entry, applied, serial);
  return { ...meta, applied, serial, entry, changes };
}
