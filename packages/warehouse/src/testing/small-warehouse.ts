import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { createDuckDbWarehouse, type DuckDbWarehouse } from '../duckdb-warehouse.ts';
import { TEST_TYPES } from './log-script.ts';

/** The file of one test's warehouse, which is open while the test runs. */
export interface SmallWarehouse {
  /** Where its files are. */
  readonly folder: string;
  /** As it was opened last. */
  readonly current: DuckDbWarehouse;
  /** Aborted by a test whose process begins to close. */
  readonly closing: AbortController;
  open(): Promise<DuckDbWarehouse>;
}

/** A warehouse with one reader for each test, made before it and removed behind it. */
export function useSmallWarehouse(): SmallWarehouse {
  let folder: string;
  let current: DuckDbWarehouse;
  let closing: AbortController;
  const open = async (): Promise<DuckDbWarehouse> => {
    current = await createDuckDbWarehouse({
      file: join(folder, 'warehouse.duckdb'),
      memoryLimitMb: 256,
      threads: 1,
      readers: 1,
      builtinTypes: TEST_TYPES,
      closing: closing.signal,
    });
    return current;
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sophia-warehouse-'));
    closing = new AbortController();
    await open();
  });
  afterEach(async () => {
    await current.close();
    await rm(folder, { recursive: true });
  });
  return {
    get folder() {
      return folder;
    },
    get current() {
      return current;
    },
    get closing() {
      return closing;
    },
    open,
  };
}
