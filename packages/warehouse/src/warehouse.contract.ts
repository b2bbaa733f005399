import { describe } from 'vitest';
import { applyContract } from './apply.contract.ts';
import { derivedContract } from './derived.contract.ts';
import { evolutionContract } from './evolution.contract.ts';
import { historyContract } from './history.contract.ts';
import { queryContract } from './query.contract.ts';
import { rebuildContract } from './rebuild.contract.ts';
import type { WarehouseHarness } from './testing/warehouse-harness.ts';

/** Tests of each guarantee of `Warehouse`, for every adapter. */
export const warehouseContract = (name: string, makeHarness: () => Promise<WarehouseHarness>): void => {
  describe(`warehouse contract: ${name}`, () => {
    applyContract(makeHarness);
    queryContract(makeHarness);
    historyContract(makeHarness);
    evolutionContract(makeHarness);
    derivedContract(makeHarness);
    rebuildContract(makeHarness);
  });
};
