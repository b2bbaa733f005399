import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';
import { createDuckDbWarehouse } from '@sophia/warehouse/duckdb';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { rebuildWarehouse } from './rebuild.ts';

const look = () => Promise.reject(new Error('there is no log'));
const eventLog = { read: look, head: look };
let folder: string;
let warehouse: Warehouse;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-rebuild-'));
  const file = join(folder, 'warehouse.duckdb');
  warehouse = await createDuckDbWarehouse({ file, memoryLimitMb: 256, threads: 1, readers: 1, builtinTypes: BUILTIN_RECORD_TYPES });
});
afterEach(async () => {
  await warehouse.close();
  await rm(folder, { recursive: true });
});

it('a warehouse that has applied nothing is made anew without a look at the log', async () => {
  const { generation } = warehouse.applied();
  const rebuilt = await rebuildWarehouse({ eventLog, warehouse, whilePaused: (work) => work() });
  expect(rebuilt).toEqual({ events: 0, generation: generation + 1 });
  expect(warehouse.applied()).toMatchObject({ cursor: null, generation: generation + 1 });
});

it('the projection goes on while tables are compared, derived tables filled, and queries finish on the old warehouse', async () => {
  const phases: string[] = [];
  const goesOn = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let pauses = 0;
  const whilePaused = async <T>(work: () => Promise<T>): Promise<T> => {
    phases.push('paused');
    const outcome = await work();
    phases.push('goes on');
    goesOn[pauses++]?.resolve();
    return outcome;
  };
  const startRebuild = async () => {
    const rebuild = await warehouse.startRebuild();
    return {
      ...rebuild,
      takeAlong: async () => {
        await rebuild.takeAlong();
        phases.push('taken along');
      },
      compare: async (onHeld?: () => void) => {
        const differences = await rebuild.compare(onHeld);
        await goesOn[0]?.promise;
        phases.push('compared');
        return differences;
      },
      switchOver: async (onSwitched?: () => void) => {
        await rebuild.switchOver(onSwitched);
        await goesOn[1]?.promise;
        phases.push('removed');
      },
    };
  };
  await rebuildWarehouse({ eventLog, warehouse: { ...warehouse, startRebuild }, whilePaused });
  expect(phases).toEqual([...['taken along', 'paused', 'goes on', 'compared'], ...['taken along', 'paused', 'goes on', 'removed']]);
});
