import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '@sophia/database';
import type { Observability } from '@sophia/observability';
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

export const openWarehouse = async ({ warehouse }: Configuration): Promise<Warehouse> => {
  const { directory, memoryBytes, threads } = warehouse;
  await mkdir(directory, { recursive: true });
  return createDuckDbWarehouse({ directory, memoryBytes, threads, builtinTypes: BUILTIN_RECORD_TYPES });
};
