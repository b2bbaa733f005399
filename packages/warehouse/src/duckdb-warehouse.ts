import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { RecordTypeDefinition } from '@sophia/types';
import { inUse } from './duckdb/database-file.ts';
import { messageOf } from './duckdb/engine-error.ts';
import { openGenerations } from './duckdb/generations.ts';
import { knownLayout, typeLayout, workspaceKey } from './duckdb/layouts.ts';
import type { MaintenanceOptions } from './duckdb/maintenance.ts';
import { makePrivateFolder } from './duckdb/private-folder.ts';
import { relationSql } from './duckdb/relation.ts';
import { openStore } from './duckdb/store.ts';
import { versionOf } from './duckdb/version.ts';
import { createWarehouseFiles } from './duckdb/warehouse-files.ts';
import type { Warehouse } from './warehouse.ts';

export interface DuckDbWarehouseOptions {
  /** Where the warehouse is, for example `<data>/warehouse/warehouse.duckdb`; its generations stand beside each other there. */
  readonly file: string;
  readonly memoryLimitMb: number;
  /** How many threads DuckDB computes with. */
  readonly threads: number;
  /**
   * How many queries run at once. Each holds one thread of Node's pool while it runs, and the writer one: leave room
   * for them (UV_THREADPOOL_SIZE of at least `readers` + 4).
   */
  readonly readers: number;
  /** How many queries may wait for a reader; 256 unless told. Beyond it they get `overloaded`. */
  readonly waiting?: number | undefined;
  /** Milliseconds after which a batch is given up, to be applied again; 60,000 unless told. */
  readonly writeDeadline?: number | undefined;
  readonly builtinTypes: readonly RecordTypeDefinition[];
  /** Told of checkpoints and rewrites that failed in the background; they are tried again. A process warning unless told. */
  readonly onBackgroundError?: ((error: unknown) => void) | undefined;
  readonly maintenance?: Omit<MaintenanceOptions, 'onError'> | undefined;
  /** Aborted when the process begins to close: derived tables that are being made are given up, for whoever waits behind them. */
  readonly closing?: AbortSignal | undefined;
}

export interface DuckDbWarehouse extends Warehouse {
  /** Folds the write-ahead log into the file and writes tables anew of which much is dead. Happens by itself in the background. */
  maintain(): Promise<void>;
}

/** Files that this process holds: DuckDB's lock keeps other processes out, but not its own. */
const held = new Set<string>();

/**
 * The warehouse in DuckDB, in process. Throws `warehouse_in_use`, `warehouse_unavailable`, `warehouse_damaged`,
 * `warehouse_from_newer_version`.
 *
 * `<type>` and `<type>_history` are its tables, `x_<workspace>_<type>` those of a workspace's own types and added fields.
 * Nothing is updated in place: a row that is replaced goes to the history. No index: rows are found by the ranges of
 * their row groups.
 */
export async function createDuckDbWarehouse(options: DuckDbWarehouseOptions): Promise<DuckDbWarehouse> {
  await makePrivateFolder(dirname(options.file));
  const file = join(await realpath(dirname(options.file)), basename(options.file));
  if (held.has(file)) throw inUse(file, `this process (PID ${process.pid}).`);
  held.add(file);
  try {
    return await open(file, options);
  } catch (error) {
    held.delete(file);
    throw error;
  }
}

async function open(file: string, options: DuckDbWarehouseOptions): Promise<DuckDbWarehouse> {
  const files = createWarehouseFiles(file);
  const onError = options.onBackgroundError ?? ((error) => process.emitWarning(messageOf(error)));
  const generations = await openGenerations({
    files,
    memoryLimitMb: options.memoryLimitMb,
    openStore: (generation, memoryLimitMb) =>
      openStore({
        ...options,
        memoryLimitMb,
        path: files.pathOf(generation),
        generation,
        waiting: options.waiting ?? 256,
        writeDeadline: options.writeDeadline ?? 60_000,
        maintenance: { ...options.maintenance, onError },
      }),
  });
  const usable = () => generations.usable();
  const meta = () => generations.store.meta();
  return {
    ensureType: async (...args) => (await usable()).ensureType(...args),
    layout: (workspace, recordType) => typeLayout(meta().layouts, workspace, recordType),
    apply: async (batch) => (await usable()).apply(batch),
    applied: () => meta().applied,
    query: async (...args) => (await usable()).query(...args),
    relation(workspace, recordType, { asOf } = {}) {
      const layout = knownLayout(meta().layouts, workspace, recordType);
      if (asOf === undefined) return `(${relationSql(layout, { part: 'current' })})`;
      return `(${relationSql(layout, { part: 'as_of', instant: `make_timestamp(${asOf}::bigint)` })})`;
    },
    hasRecords: (workspace, recordType) => meta().changes.has(workspaceKey(workspace, recordType)),
    version: (workspace, recordTypes) => versionOf(meta(), workspace, recordTypes),
    setDerivedTables: async (...args) => (await usable()).setDerivedTables(...args),
    derivedTables: () =>
      [...meta().derived.values()].map(({ definition: { name, fingerprint }, error }) => ({
        name,
        fingerprint,
        ...(error === null ? {} : { error }),
      })),
    digests: async () => (await (await usable()).digests()).tables,
    startRebuild: () => generations.startRebuild(),
    maintain: async () => (await usable()).maintain(),
    async close() {
      if (generations.isClosed) return;
      await generations.close();
      held.delete(file);
    },
  };
}
