import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WAREHOUSE_GROUP } from '@sophia/analytics';
import type { EventLog } from '@sophia/event-log';
import type { Logger } from '@sophia/observability';
import type { Configuration } from '@sophia/shared';
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
  readonly eventLog: Pick<EventLog, 'keepInstance'>;
  readonly logger: Logger;
}

/** An embedded database has one warehouse, beside it; over any other there may be several. */
export const openOwnWarehouse = async (
  { database, warehouse: { directory } }: Pick<Configuration, 'database' | 'warehouse'>,
  { open, eventLog, logger }: Omit<WarehouseInstanceOptions, 'directory' | 'eventLog'> & { readonly eventLog: Promise<EventLog> },
): Promise<WarehouseInstance> => {
  if (database.kind !== 'embedded') return openWarehouseInstance({ open, directory, eventLog: await eventLog, logger });
  const warehouse = await open();
  return { warehouse, instance: undefined, close: warehouse.close };
};

/**
 * Opens a warehouse that is one of several over a log. One that the log does not know, because it was away for long or
 * comes from another database, is made anew: nobody knows any more which events it lacks.
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
    if (known !== undefined && (await eventLog.keepInstance(WAREHOUSE_GROUP, known))) return opened(known);
    if (warehouse.applied().cursor !== null) {
      logger.warn({ directory, instance: known }, 'the log does not know this warehouse: it is made anew');
      await warehouse.close();
      await removeWarehouse(directory);
      warehouse = await open();
    }
    const instance = randomBytes(6).toString('hex');
    await writeInstance(directory, instance);
    return opened(instance);
  } catch (error) {
    await warehouse.close();
    throw error;
  }
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
