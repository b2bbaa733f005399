import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SophiaError } from '@sophia/shared';
import { createDuckDbWarehouse, type DuckDbWarehouseOptions } from './duckdb-warehouse.ts';
import { TEST_TYPES } from './testing/log-script.ts';
import type { WarehouseHarness } from './testing/warehouse-harness.ts';
import { warehouseContract } from './warehouse.contract.ts';

const duckDbHarness = async (): Promise<WarehouseHarness> => {
  const folder = await mkdtemp(join(tmpdir(), 'sophia-warehouse-'));
  const options: DuckDbWarehouseOptions = {
    file: join(folder, 'warehouse.duckdb'),
    memoryLimitMb: 256,
    threads: 1,
    readers: 2,
    waiting: 3,
    builtinTypes: TEST_TYPES,
  };
  return {
    open: () => createDuckDbWarehouse(options),
    openElsewhere: () => inAnotherProcess(options),
    concurrency: { running: 2, waiting: 3 },
    close: () => rm(folder, { recursive: true }),
  };
};

/** Opens and closes the warehouse in a process of its own; throws what was thrown there. */
const inAnotherProcess = (options: DuckDbWarehouseOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    const script = new URL('./testing/open-and-close.ts', import.meta.url).pathname;
    // The coverage of another process would be mixed up with that of this one.
    const settings = { timeout: 30_000, env: { NODE_V8_COVERAGE: '' } };
    execFile(process.execPath, [script, JSON.stringify(options)], settings, (error, stdout) => {
      if (error === null) resolve();
      else {
        const { code, message } = JSON.parse(stdout);
        reject(new SophiaError(code, message));
      }
    });
  });

warehouseContract('DuckDB', duckDbHarness);
