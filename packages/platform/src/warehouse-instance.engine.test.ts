import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestObservability } from '@sophia/observability/testing';
import { BUILTIN_RECORD_TYPES, type Position } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';
import { createDuckDbWarehouse } from '@sophia/warehouse/duckdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWarehouseInstance } from './warehouse-instance.ts';

describe('a warehouse that is one of several over a log', () => {
  let folder: string;
  let directory: string;
  let known: Set<string>;
  const { logger, lines } = createTestObservability();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sophia-instance-'));
    directory = join(folder, 'warehouse');
    known = new Set();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const open = (): Promise<Warehouse> =>
    createDuckDbWarehouse({
      file: join(directory, 'warehouse.duckdb'),
      memoryLimitMb: 128,
      threads: 1,
      readers: 1,
      builtinTypes: BUILTIN_RECORD_TYPES,
    });
  const openInstance = (keepInstance = async (group: string, instance: string) => group === 'warehouse' && known.has(instance)) =>
    openWarehouseInstance({ open, directory, eventLog: { keepInstance }, logger });
  const apply = ({ apply }: Warehouse, tick: number) =>
    apply({ changes: [], cursor: `e.${tick + 1}.0` as Position, tick, completeTo: '2026-01-01T00:00:00.000000Z', endOfTick: true });

  it('has a name from its first start on, and keeps both while the log knows it', async () => {
    const first = await openInstance();
    expect(first.instance).toMatch(/^[0-9a-f]{12}$/);
    known.add(first.instance ?? '');
    await apply(first.warehouse, 5);
    await first.close();
    const second = await openInstance();
    expect([second.instance, second.warehouse.applied().tick]).toEqual([first.instance, 5]);
    await second.close();
  });

  it('is made anew under another name where the log does not know it, and what else is in its folder stays', async () => {
    const first = await openInstance();
    await apply(first.warehouse, 5);
    await first.close();
    await writeFile(join(directory, 'of somebody else'), '');
    const second = await openInstance();
    expect(second.instance).not.toBe(first.instance);
    expect(second.warehouse.applied()).toMatchObject({ cursor: null, tick: 0 });
    expect(await readdir(directory)).toContain('of somebody else');
    expect(lines().at(-1)).toMatchObject({ instance: first.instance, msg: 'the log does not know this warehouse: it is made anew' });
    await second.close();
  });

  it('is closed again where the log cannot be asked, or its name not be read', async () => {
    await mkdir(join(directory, 'instance'), { recursive: true });
    await expect(openInstance()).rejects.toThrow('EISDIR');
    await rm(join(directory, 'instance'), { recursive: true });
    await (await openInstance()).close();
    await expect(openInstance(() => Promise.reject(new Error('no connection')))).rejects.toThrow('no connection');
    await (await open()).close();
  });
});
