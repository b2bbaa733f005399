import type { WorkspaceId } from '@sophia/types';
import type { WarehouseChange, WarehouseRow } from '../warehouse.ts';

/** What a run of changes comes to for the records of one type in one workspace. */
export interface TypeChanges {
  readonly workspace: WorkspaceId;
  readonly recordType: string;
  /** Ids whose stored row, if there is one, is no longer current, and since when (microseconds). */
  readonly removed: ReadonlyMap<string, bigint>;
  /** Rows that are current after the run. */
  readonly added: readonly WarehouseRow[];
  /** Versions that came and went within the run. */
  readonly past: readonly { readonly row: WarehouseRow; readonly validTo: bigint }[];
  /** Ids whose stored rows are to be blanked. Rows of the run are blank already. */
  readonly erased: readonly string[];
}

/** A record's part of the run, as far as it is read. */
interface RecordRun {
  /** Since when the stored row is not current; undefined where there is none. */
  closedAt: bigint | undefined;
  open: WarehouseRow | undefined;
  past: { row: WarehouseRow; validTo: bigint }[];
  erased: boolean;
}

export type RecordWarehouseChange = Exclude<WarehouseChange, { kind: 'define' }>;

/**
 * Sums up changes in order, by type and record: of several versions of one record the last is current, the others are
 * past ones, each up to the next one's time. A record whose first change is its version 1 has no stored row.
 */
export function collapse(changes: readonly RecordWarehouseChange[]): TypeChanges[] {
  const types = new Map<string, { workspace: WorkspaceId; recordType: string; records: Map<string, RecordRun> }>();
  for (const change of changes) {
    const { workspace, id } = change.kind === 'upsert' ? change.row : change;
    const key = `${workspace}:${change.recordType}`;
    let type = types.get(key);
    if (type === undefined) {
      type = { workspace, recordType: change.recordType, records: new Map() };
      types.set(key, type);
    }
    type.records.set(id, follow(type.records.get(id), change));
  }
  return [...types.values()].map(({ workspace, recordType, records }) => ({ workspace, recordType, ...summed(records) }));
}

function follow(known: RecordRun | undefined, change: RecordWarehouseChange): RecordRun {
  const run = known ?? { closedAt: undefined, open: undefined, past: [], erased: false };
  switch (change.kind) {
    case 'upsert':
      if (known === undefined) run.closedAt = change.row.version === 1 ? undefined : change.row.valid_from;
      else close(run, change.row.valid_from);
      run.open = change.row;
      return run;
    case 'delete':
      close(run, change.at);
      return run;
    case 'erase':
      run.erased = true;
      run.past = run.past.map(({ row, validTo }) => ({ row: blank(row), validTo }));
      run.open = run.open && blank(run.open);
      return run;
  }
}

/** What is current ends: the run's own row, else the stored one. */
function close(run: RecordRun, at: bigint): void {
  if (run.open === undefined) run.closedAt ??= at;
  else run.past.push({ row: run.open, validTo: at });
  run.open = undefined;
}

const blank = (row: WarehouseRow): WarehouseRow => ({ ...row, data: {} });

function summed(records: ReadonlyMap<string, RecordRun>): Pick<TypeChanges, 'removed' | 'added' | 'past' | 'erased'> {
  const removed = new Map<string, bigint>();
  const added: WarehouseRow[] = [];
  const past: { row: WarehouseRow; validTo: bigint }[] = [];
  const erased: string[] = [];
  for (const [id, run] of records) {
    if (run.closedAt !== undefined) removed.set(id, run.closedAt);
    if (run.open !== undefined) added.push(run.open);
    past.push(...run.past);
    if (run.erased) erased.push(id);
  }
  return { removed, added, past, erased };
}
