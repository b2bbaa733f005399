import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WAREHOUSE_GROUP } from '@sophia/analytics';
import type { EventLog } from '@sophia/event-log';
import type { Logger } from '@sophia/observability';
import { type Configuration, SophiaError } from '@sophia/shared';
import type { Warehouse } from '@sophia/warehouse';

export interface WarehouseInstance {
  readonly warehouse: Warehouse;
  /** By which the log tells this warehouse from others over it; undefined where it can be the only one. */
  readonly instance: string | undefined;
  close(): Promise<void>;
}

export interface WarehouseInstanceOptions {
  readonly open: () => Promise<Warehouse>;
  /** Where it is kept, with the name of its instance. */
  readonly directory: string;
  readonly eventLog: Pick<EventLog, 'keepInstance' | 'head' | 'stateOf'>;
  readonly logger: Logger;
}

/** An embedded database has one warehouse, beside it; over any other there may be several. One of another log is made anew. Errors: `log_went_back`. */
export const openOwnWarehouse = async (
  { database, warehouse: { directory } }: Pick<Configuration, 'database' | 'warehouse'>,
  {
    open,
    eventLog,
    logger,
  }: Omit<WarehouseInstanceOptions, 'directory' | 'eventLog'> & { readonly eventLog: Promise<WarehouseInstanceOptions['eventLog']> },
): Promise<WarehouseInstance> => {
  if (database.kind !== 'embedded') return openWarehouseInstance({ open, directory, eventLog: await eventLog, logger });
  let warehouse = await open();
  try {
    if (await isOfAnotherLog(warehouse, await eventLog)) {
      logger.warn({ directory }, OF_ANOTHER_LOG);
      warehouse = await anew(warehouse, directory, open);
    }
    return { warehouse, instance: undefined, close: warehouse.close };
  } catch (error) {
    await warehouse.close();
    throw error;
  }
};

/**
 * Opens a warehouse that is one of several over a log. One that the log does not know, because it was away for long or
 * comes from another database, is made anew: nobody knows any more which events it lacks. Errors: `log_went_back`.
 */
export const openWarehouseInstance = async ({
  open,
  directory,
  eventLog,
  logger,
}: WarehouseInstanceOptions): Promise<WarehouseInstance> => {
  // What follows is done by whoever holds the folder.
  let warehouse = await open();
  const opened = (instance: string): WarehouseInstance => ({ warehouse, instance, close: warehouse.close });
  try {
    const known = await readInstance(directory);
    const isOther = await isOfAnotherLog(warehouse, eventLog);
    if (!isOther && known !== undefined && (await eventLog.keepInstance(WAREHOUSE_GROUP, known))) return opened(known);
    if (warehouse.applied().cursor !== null) {
      logger.warn({ directory, instance: known }, isOther ? OF_ANOTHER_LOG : 'the log does not know this warehouse: it is made anew');
      warehouse = await anew(warehouse, directory, open);
    }
    const instance = randomBytes(6).toString('hex');
    await writeInstance(directory, instance);
    return opened(instance);
  } catch (error) {
    await warehouse.close();
    throw error;
  }
};

const OF_ANOTHER_LOG = 'the log does not have what this warehouse applied last: it is made anew';

/** Throws `log_went_back` where it is of this log, which no longer has what was applied: then the epoch has to be renewed first. */
const isOfAnotherLog = async (warehouse: Warehouse, eventLog: Pick<EventLog, 'head' | 'stateOf'>): Promise<boolean> => {
  const { cursor, tick, mark } = warehouse.applied();
  const head = await eventLog.head();
  if (cursor === null) return false;
  if (!cursor.startsWith(`${head.epoch}.`)) return true;
  // A warehouse of before there were marks tells its tick alone.
  const state = mark === undefined ? (tick <= head.tick ? 'held' : 'lost') : await eventLog.stateOf(mark);
  if (state !== 'lost') return state === 'pruned';
  throw new SophiaError('log_went_back', 'The database was set back to a state before what the warehouse has applied.', {
    details: { epoch: head.epoch, tick },
  });
};

const anew = async (warehouse: Warehouse, directory: string, open: () => Promise<Warehouse>): Promise<Warehouse> => {
  await warehouse.close();
  await removeWarehouse(directory);
  return open();
};

const fileOf = (directory: string): string => join(directory, 'instance');

const readInstance = async (directory: string): Promise<string | undefined> => {
  const text = await readFile(fileOf(directory), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  // What was cut off as it was written names none that the log knows.
  return text?.trim();
};

const writeInstance = async (directory: string, instance: string): Promise<void> => {
  const draft = `${fileOf(directory)}.new`;
  await writeFile(draft, `${instance}\n`);
  await rename(draft, fileOf(directory));
};

/** The folder itself may be another disk. */
const removeWarehouse = async (directory: string): Promise<void> => {
  for (const name of await readdir(directory)) {
    if (name.startsWith('warehouse.')) await rm(join(directory, name), { recursive: true, force: true });
  }
};
