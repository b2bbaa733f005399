import type { WorkspaceId } from '@sophia/types';
import { isEnvironmentalWarehouseError } from '../environmental-error.ts';
import type { DerivedTable } from '../warehouse.ts';
import {
  checkDerivedName,
  createDerivedTable,
  type DerivedEntry,
  DerivedTableFailure,
  type DerivedTables,
  dropDerivedTable,
} from './derived-tables.ts';
import { messageOf } from './engine-error.ts';
import { saveDerived } from './meta.ts';
import type { Writer } from './writer.ts';

/** Milliseconds for filling one table. */
const FILL_MS = 600_000;

export interface KeepOptions {
  /** Whose tables these are; all others stay as they are. Of every workspace unless told. */
  readonly workspace?: WorkspaceId | undefined;
  /** Ends the work between two statements or within one: what is not done by then is left for the next time. */
  readonly signal: AbortSignal;
}

/** Makes, keeps and drops derived tables until these and no others are there, each in a transaction of its own. */
export async function keepDerivedTables(
  writer: Writer,
  tables: readonly DerivedTable[],
  { workspace, signal }: KeepOptions,
): Promise<void> {
  for (const { name } of tables) checkDerivedName(name);
  const wanted = new Map(tables.map((table) => [table.name, table]));
  for (const [name, { definition }] of writer.meta().derived) {
    if (!wanted.has(name) && isOf(definition, workspace)) await change(writer, name, undefined, signal);
  }
  for (const table of wanted.values()) {
    if (writer.meta().derived.get(table.name)?.definition.fingerprint === table.fingerprint) continue;
    await create(writer, table, signal);
  }
}

const isOf = ({ reads }: DerivedTable, workspace: WorkspaceId | undefined): boolean =>
  workspace === undefined || reads.some((read) => read.workspace === workspace);

/** Runs what may fail for a derived table's sake: that table is dropped, and it runs again. */
export async function dropFailing<T>(writer: Writer, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const definition = error instanceof DerivedTableFailure ? writer.meta().derived.get(error.table)?.definition : undefined;
      if (!(error instanceof DerivedTableFailure) || definition === undefined) throw error;
      await change(writer, error.table, { definition, error: error.message });
    }
  }
}

async function create(writer: Writer, definition: DerivedTable, signal: AbortSignal): Promise<void> {
  try {
    await change(writer, definition.name, { definition, error: null }, signal);
  } catch (error) {
    if (isEnvironmentalWarehouseError(error)) throw error;
    await change(writer, definition.name, { definition, error: messageOf(error) }, signal);
  }
}

/** Drops the table, and makes it if there is an entry without an error. */
const change = (writer: Writer, name: string, entry: DerivedEntry | undefined, signal?: AbortSignal): Promise<void> =>
  writer.exclusive((connection, transact) =>
    transact(
      async (meta) => {
        await dropDerivedTable(connection, name);
        if (entry?.error === null) await createDerivedTable(connection, entry.definition);
        await saveDerived(connection, name, entry);
        return { ...meta, derived: withEntry(meta.derived, name, entry) };
      },
      { milliseconds: FILL_MS, signal },
    ),
  );

function withEntry(derived: DerivedTables, name: string, entry: DerivedEntry | undefined): DerivedTables {
  const next = new Map(derived);
  if (entry === undefined) next.delete(name);
  else next.set(name, entry);
  return next;
}
