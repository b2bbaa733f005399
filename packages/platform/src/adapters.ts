import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Database } from '@sophia/database';
import type { Logger, Observability } from '@sophia/observability';
import type { PubSub } from '@sophia/pub-sub';
import { createMemoryPubSub } from '@sophia/pub-sub/memory';
import { createPostgresPubSub } from '@sophia/pub-sub/postgres';
import type { Configuration } from '@sophia/shared';
import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';
import { createDuckDbWarehouse } from '@sophia/warehouse/duckdb';

export const openPubSub = async ({ pubSub }: Configuration, database: Database, { logger }: Observability): Promise<PubSub> => {
  switch (pubSub.kind) {
    case 'memory':
      return createMemoryPubSub({ logger });
    case 'postgres':
      return createPostgresPubSub({ database, logger });
  }
};

/** `closing` is aborted when the process begins to close. */
export const openWarehouse = ({ warehouse }: Configuration, logger: Logger, closing: AbortSignal): Promise<Warehouse> =>
  createDuckDbWarehouse({
    file: join(warehouse.directory, 'warehouse.duckdb'),
    memoryLimitMb: Math.floor(warehouse.memoryBytes / 2 ** 20),
    threads: warehouse.threads ?? availableParallelism(),
    readers: WAREHOUSE_READERS,
    builtinTypes: BUILTIN_RECORD_TYPES,
    onBackgroundError: (error) => logger.warn({ err: error }, 'the upkeep of the warehouse failed; it is tried again'),
    closing,
  });

/** Each running query holds a thread of Node's pool; more at once would only share the same cores. */
const WAREHOUSE_READERS = 4;
