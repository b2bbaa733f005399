import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDuckDbWarehouse, type DuckDbWarehouse, type DuckDbWarehouseOptions } from './duckdb-warehouse.ts';
import { ONE, objectsOf, TEST_TYPES } from './testing/log-script.ts';

/** Records of which the process that is killed writes a new version in each tick. */
const ROWS = 50;

describe('a process that is killed', () => {
  let folder: string;
  let options: DuckDbWarehouseOptions;
  let writer: ChildProcess | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sophia-kill-'));
    options = { file: join(folder, 'warehouse.duckdb'), memoryLimitMb: 256, threads: 1, readers: 1, builtinTypes: TEST_TYPES };
  });
  afterEach(async () => {
    writer?.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  /** Starts the writer, and kills it so many milliseconds after it said the word. */
  const killAfter = async (
    mode: 'apply' | 'rebuild',
    word: string,
    milliseconds: number,
    before: (pid: number | undefined) => Promise<void> = async () => undefined,
  ): Promise<void> => {
    const script = new URL('./testing/endless-writer.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [script, mode, JSON.stringify(options), String(ROWS)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      // The coverage of another process would be mixed up with that of this one.
      env: { NODE_V8_COVERAGE: '' },
    });
    writer = child;
    let said = '';
    while (!said.includes(word)) said += String((await once(child.stdout, 'data'))[0]);
    await delay(milliseconds);
    await before(child.pid);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };

  const reopened = async (look: (warehouse: DuckDbWarehouse) => Promise<void>): Promise<void> => {
    const warehouse = await createDuckDbWarehouse(options);
    try {
      await look(warehouse);
    } finally {
      await warehouse.close();
    }
  };

  test('W1: in the midst of applying leaves whole batches, and exactly those that the cursor says', async () => {
    let least = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 60 }), async (milliseconds) => {
        await killAfter('apply', 'applied', milliseconds);
        await reopened(async (warehouse) => {
          const { tick } = warehouse.applied();
          expect(tick).toBeGreaterThan(least);
          least = tick;
          const relation = warehouse.relation(ONE, 'deal');
          const now = `select count(*) as records, min(version) as least, max(version) as greatest, min(seats) as seats from ${relation}`;
          expect(objectsOf(await warehouse.query({ text: now, parameters: [] }))).toEqual([
            { records: ROWS, least: tick, greatest: tick, seats: tick },
          ]);
          const past = 'select count(*) as versions, count(distinct valid_to) as ticks from record_versions where valid_to is not null';
          expect(objectsOf(await warehouse.query({ text: past, parameters: [] }))).toEqual([
            { versions: (tick - 1) * ROWS, ticks: tick - 1 },
          ]);
        });
      }),
      { numRuns: 6 },
    );
  });

  test('W5: holds the warehouse until then, and no longer', async () => {
    await killAfter('apply', 'applied', 0, async (pid) => {
      await expect(createDuckDbWarehouse(options)).rejects.toMatchObject({
        code: 'warehouse_in_use',
        message: expect.stringContaining(`PID ${pid}`),
      });
    });
    await reopened(async (warehouse) => expect(warehouse.applied().tick).toBeGreaterThan(0));
  });

  test('W7: in the midst of a rebuild leaves the old warehouse or the new one, and nothing of the other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('rebuilding', 'switching'), fc.integer({ min: 0, max: 40 }), async (word, milliseconds) => {
        await killAfter('rebuild', word, milliseconds);
        await reopened(async (warehouse) => {
          const { generation, tick } = warehouse.applied();
          const files = (await readdir(folder)).filter((name) => name.endsWith('.duckdb'));
          expect(files).toEqual([`warehouse.${generation}.duckdb`]);
          const text = `select count(*), min(version) from ${warehouse.relation(ONE, 'deal')}`;
          expect((await warehouse.query({ text, parameters: [] })).values).toEqual([[ROWS], [tick]]);
        });
      }),
      { numRuns: 6 },
    );
  });
});
