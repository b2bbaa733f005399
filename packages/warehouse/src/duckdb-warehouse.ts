import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SophiaError } from '@sophia/shared';
import type { RecordTypeDefinition } from '@sophia/types';
import { inUse } from './duckdb/database-file.ts';
import { messageOf } from './duckdb/engine-error.ts';
import { knownLayout, typeLayout, workspaceKey } from './duckdb/layouts.ts';
import type { MaintenanceOptions } from './duckdb/maintenance.ts';
import { makePrivateFolder } from './duckdb/private-folder.ts';
import { createRebuild } from './duckdb/rebuild.ts';
import { relationSql } from './duckdb/relation.ts';
import { openStore, type Store } from './duckdb/store.ts';
import { createWarehouseFiles } from './duckdb/warehouse-files.ts';
import type { Warehouse, WarehouseRebuild } from './warehouse.ts';

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
}

export interface DuckDbWarehouse extends Warehouse {
  /** Folds the write-ahead log into the file and writes tables anew of which much is dead. Happens by itself in the background. */
  maintain(): Promise<void>;
}

/** Milliseconds for queries that run when the warehouse closes, and when it goes on in another file. */
const CLOSE_GRACE_MS = 5_000;
const SWITCH_GRACE_MS = 60_000;

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
  const openGeneration = (generation: number, memoryLimitMb = options.memoryLimitMb): Promise<Store> =>
    openStore({
      ...options,
      memoryLimitMb,
      path: files.pathOf(generation),
      generation,
      waiting: options.waiting ?? 256,
      writeDeadline: options.writeDeadline ?? 60_000,
      maintenance: { ...options.maintenance, onError },
    });

  let store = await openCurrent();
  let reopening: Promise<void> | undefined;
  let rebuild: Promise<WarehouseRebuild> | undefined;
  let isClosed = false;

  /** Another process may have switched to a new generation, and gone, between our look and our lock. */
  async function openCurrent(): Promise<Store> {
    for (;;) {
      const generation = await files.current();
      const opened = await openGeneration(generation);
      if ((await files.current()) === generation) {
        await files.use(generation);
        await files.removeAllBut(generation);
        return opened;
      }
      await opened.close(0);
      await files.remove(generation);
    }
  }

  /** The store in use, opened again if the last failure left it in doubt. */
  const usable = async (): Promise<Store> => {
    if (isClosed) throw new SophiaError('warehouse_unavailable', 'The warehouse is closed.');
    if (store.isBroken()) {
      reopening ??= reopen(store).finally(() => {
        reopening = undefined;
      });
      await reopening;
    }
    return store;
  };
  const reopen = async (broken: Store): Promise<void> => {
    await broken.close(0);
    store = await openGeneration(broken.meta().applied.generation);
  };

  const startRebuild = async (): Promise<WarehouseRebuild> => {
    if (rebuild !== undefined) throw new SophiaError('warehouse_rebuild_refused', 'Another rebuild of the warehouse is under way.');
    const opening = openRebuild();
    rebuild = opening;
    opening.catch(() => {
      rebuild = undefined;
    });
    return opening;
  };
  const openRebuild = async (): Promise<WarehouseRebuild> => {
    const generation = (await usable()).meta().applied.generation + 1;
    await files.remove(generation);
    const next = await openGeneration(generation, Math.ceil(options.memoryLimitMb / 2));
    return createRebuild({
      live: () => store,
      next,
      async use() {
        await files.use(generation);
        store = next;
      },
      async discard(unused) {
        rebuild = undefined;
        await unused.close(unused === next ? 0 : SWITCH_GRACE_MS);
        await files.remove(unused.meta().applied.generation);
        if (unused !== next) await next.limitMemory(options.memoryLimitMb);
      },
    });
  };

  return {
    ensureType: async (...args) => (await usable()).ensureType(...args),
    layout: (workspace, recordType) => typeLayout(store.meta().layouts, workspace, recordType),
    apply: async (batch) => (await usable()).apply(batch),
    applied: () => store.meta().applied,
    query: async (...args) => (await usable()).query(...args),
    relation(workspace, recordType, { asOf } = {}) {
      const layout = knownLayout(store.meta().layouts, workspace, recordType);
      if (asOf === undefined) return `(${relationSql(layout, { part: 'current' })})`;
      return `(${relationSql(layout, { part: 'as_of', instant: `make_timestamp(${asOf}::bigint)` })})`;
    },
    version(workspace, recordTypes) {
      const { changes, applied } = store.meta();
      let last = { tick: 0, serial: 0 };
      for (const recordType of recordTypes) {
        const change = changes.get(workspaceKey(workspace, recordType));
        if (change !== undefined && change.serial > last.serial) last = change;
      }
      return `${applied.generation}.${last.tick}.${last.serial}`;
    },
    setDerivedTables: async (tables) => (await usable()).setDerivedTables(tables),
    derivedTables: () =>
      [...store.meta().derived.values()].map(({ definition: { name, fingerprint }, error }) => ({
        name,
        fingerprint,
        ...(error === null ? {} : { error }),
      })),
    digests: async () => (await (await usable()).digests()).tables,
    startRebuild,
    maintain: async () => (await usable()).maintain(),
    async close() {
      if (isClosed) return;
      isClosed = true;
      const unfinished = await rebuild?.catch(() => undefined);
      await unfinished?.abandon();
      await reopening?.catch(() => undefined);
      await store.close(CLOSE_GRACE_MS);
      held.delete(file);
    },
  };
}
