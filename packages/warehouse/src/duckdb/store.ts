import type { DuckDBConnection } from '@duckdb/node-api';
import { SophiaError, withDeadline } from '@sophia/shared';
import type { FieldDefinition, RecordTypeDefinition, WorkspaceId } from '@sophia/types';
import type { DerivedTable, QueryOptions, TypeLayout, WarehouseBatch, WarehouseResult, WarehouseStatement } from '../warehouse.ts';
import { applyBatch } from './apply-batch.ts';
import { changeLayouts } from './change-layouts.ts';
import { checkpointNow } from './checkpoint.ts';
import { type DatabaseFile, openDatabaseFile } from './database-file.ts';
import { type Digests, readDigests } from './digests.ts';
import { engineError } from './engine-error.ts';
import { quote } from './identifiers.ts';
import { dropFailing, keepDerivedTables } from './keep-derived-tables.ts';
import { knownLayout, withBuiltinTypes, withType } from './layouts.ts';
import { createMaintenance, type Maintenance, type MaintenanceOptions } from './maintenance.ts';
import { makeViews } from './make-views.ts';
import { initializeMeta, type Meta, readMeta } from './meta.ts';
import { isApplied } from './position.ts';
import { createProgressWriter, type ProgressWriter } from './progress.ts';
import { DEFAULT_DEADLINE_MS, openReaders, type Readers } from './readers.ts';
import { COPY_PREFIX } from './rewrite-table.ts';
import { readsViews } from './views.ts';
import { createWriter, type Writer } from './writer.ts';

export interface StoreOptions {
  readonly path: string;
  /** Of a file that is new. */
  readonly generation: number;
  readonly memoryLimitMb: number;
  readonly threads: number;
  readonly readers: number;
  /** How many queries may wait. */
  readonly waiting: number;
  /** Milliseconds for one batch. */
  readonly writeDeadline: number;
  readonly builtinTypes: readonly RecordTypeDefinition[];
  readonly maintenance: MaintenanceOptions;
  /** Derived tables that are being made are given up with it, or when the store closes. */
  readonly closing?: AbortSignal | undefined;
}

/** One file of the warehouse with all that it can do; which file is in use is decided above. */
export interface Store {
  readonly path: string;
  readonly meta: () => Meta;
  /** Whether it must be opened again to know what it holds. */
  readonly isBroken: () => boolean;
  apply(batch: WarehouseBatch): Promise<void>;
  ensureType(workspace: WorkspaceId, recordType: string, fields: readonly FieldDefinition[]): Promise<TypeLayout>;
  setDerivedTables(tables: readonly DerivedTable[], workspace?: WorkspaceId): Promise<void>;
  query(statement: WarehouseStatement, options?: QueryOptions): Promise<WarehouseResult>;
  /** Of the state that is there when `onHeld` is told, whatever is applied meanwhile. */
  digests(onHeld?: () => void): Promise<Digests>;
  maintain(): Promise<void>;
  limitMemory(megabytes: number): Promise<void>;
  /** Runs the work while nothing is written, then lets nothing be written any more. */
  handOver(work: (meta: Meta) => Promise<void>): Promise<void>;
  /** Gives queries that run so many milliseconds to end; called again, no more than so many from then on. */
  close(grace: number): Promise<void>;
}

/** Milliseconds for reading every table once. */
const WHOLE_TABLES_MS = 3_600_000;

/** Opens or makes the file. Throws `warehouse_in_use`, `warehouse_unavailable`, `warehouse_damaged`, `warehouse_from_newer_version`. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { path, memoryLimitMb, threads } = options;
  const file = await openDatabaseFile({ path, memoryLimitMb, threads });
  try {
    const [connection, meta] = await prepare(file, options.generation);
    const writer = createWriter(connection, meta, options.writeDeadline);
    await writer.exclusive((_, transact) =>
      transact(() => changeLayouts(connection, meta, withBuiltinTypes(meta.layouts, options.builtinTypes))),
    );
    const readers = await openReaders({
      file,
      count: options.readers,
      waiting: options.waiting,
      settled: writer.settled,
      onInvalidated: writer.breakDown,
    });
    const maintenance = createMaintenance(file, writer, options.maintenance);
    return assemble({ file, writer, progress: createProgressWriter(connection), readers, maintenance, closing: options.closing });
  } catch (error) {
    file.release();
    throw error;
  }
}

async function prepare(file: DatabaseFile, generation: number): Promise<[DuckDBConnection, Meta]> {
  const connection = await file.connect();
  try {
    await initializeMeta(connection, generation);
    const copies = await connection.runAndReadAll('select table_name from duckdb_tables() where starts_with(table_name, $1)', [
      COPY_PREFIX,
    ]);
    for (const [name] of copies.getRows()) await connection.run(`drop table ${quote(String(name))}`);
    return [connection, await readMeta(connection)];
  } catch (error) {
    throw engineError(error);
  }
}

interface Parts extends Pick<StoreOptions, 'closing'> {
  readonly file: DatabaseFile;
  readonly writer: Writer;
  readonly progress: ProgressWriter;
  readonly readers: Readers;
  readonly maintenance: Maintenance;
}

function assemble({ file, writer, progress, readers, maintenance, closing }: Parts): Store {
  const apply = async (batch: WarehouseBatch): Promise<void> => {
    const isPast = (meta: Meta) => batch.replay !== true && isApplied(batch.cursor, meta.applied.cursor);
    await writer.exclusive(async (connection, transact) => {
      if (!isPast(writer.meta())) await transact((meta) => applyBatch(connection, progress, meta, batch, maintenance.touch));
    });
    maintenance.afterApply();
  };
  let closed: Promise<void> | undefined;
  const stopping = new AbortController();
  // What derived tables take may be long, and the next start takes it up.
  const stop = () => stopping.abort(new SophiaError('warehouse_unavailable', 'The warehouse is closing.', { retryAfter: 1 }));
  closing?.addEventListener('abort', stop, { once: true, signal: stopping.signal });
  const close = async (grace: number): Promise<void> => {
    stop();
    await maintenance.close();
    await readers.drain(grace);
    // For who opens the file while nobody has it; the next opening knows that they are not there.
    await makeViews(writer).catch(() => undefined);
    // It only makes the next start quicker: what is committed is in the write-ahead log.
    await checkpointNow(writer).catch(() => undefined);
    // Whoever waits behind it is refused: on a file that is given back DuckDB takes the process down.
    await writer.exclusive(async () => writer.retire('The warehouse is closing.')).catch(() => undefined);
    file.release();
  };
  return {
    path: file.path,
    meta: writer.meta,
    isBroken: () => writer.isBroken,
    apply: (batch) => dropFailing(writer, () => apply(batch)),
    async ensureType(workspace, recordType, fields) {
      await writer.exclusive(async (connection, transact) => {
        if (withType(writer.meta().layouts, workspace, recordType, fields).changed.length === 0) return;
        await transact((meta) => changeLayouts(connection, meta, withType(meta.layouts, workspace, recordType, fields)));
      });
      return knownLayout(writer.meta().layouts, workspace, recordType);
    },
    setDerivedTables: (tables, workspace) => keepDerivedTables(writer, tables, { workspace, signal: stopping.signal }),
    async query(statement, options = {}) {
      const { deadline = DEFAULT_DEADLINE_MS, signal } = options;
      if (readsViews(statement.text) && !writer.meta().hasViews) {
        await withDeadline(deadline, (wait) => makeViews(writer, wait.signal), { what: 'the warehouse', signal });
      }
      return readers.query(statement, options);
    },
    digests: (onHeld) => readers.read((connection) => readDigests(connection, writer.meta().layouts, onHeld), WHOLE_TABLES_MS),
    maintain: maintenance.maintain,
    limitMemory: (megabytes) =>
      writer.exclusive(async (connection) => {
        await connection.run(`set memory_limit = '${megabytes}MB'`);
      }),
    handOver: (work) =>
      writer.exclusive(async () => {
        await work(writer.meta());
        writer.retire('The warehouse goes on in another file.');
      }),
    close(grace) {
      if (closed !== undefined) void readers.drain(grace);
      closed ??= close(grace);
      return closed;
    },
  };
}
