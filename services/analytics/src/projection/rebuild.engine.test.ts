import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import { createDuckDbWarehouse } from '@sophia/warehouse/duckdb';
import { expect, it } from 'vitest';
import { rebuildWarehouse } from './rebuild.ts';

it('a warehouse that has applied nothing is made anew without a look at the log', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sophia-rebuild-'));
  const file = join(folder, 'warehouse.duckdb');
  const warehouse = await createDuckDbWarehouse({ file, memoryLimitMb: 256, threads: 1, readers: 1, builtinTypes: BUILTIN_RECORD_TYPES });
  const look = () => Promise.reject(new Error('there is no log'));
  const { generation } = warehouse.applied();
  const rebuilt = await rebuildWarehouse({ eventLog: { read: look, head: look }, warehouse, whilePaused: (work) => work() });
  expect(rebuilt).toEqual({ events: 0, generation: generation + 1 });
  expect(warehouse.applied()).toMatchObject({ cursor: null, generation: generation + 1 });
  await warehouse.close();
  await rm(folder, { recursive: true });
});
