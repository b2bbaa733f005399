import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MarkState } from '@sophia/event-log';
import { createTestObservability } from '@sophia/observability/testing';
import { BUILTIN_RECORD_TYPES, type Position } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';
import { createDuckDbWarehouse } from '@sophia/warehouse/duckdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openOwnWarehouse, openWarehouseInstance } from './warehouse-instance.ts';

describe('a warehouse that is one of several over a log', () => {
  let folder: string;
  let directory: string;
  let known: Set<string>;
  let epoch: string;
  let head: number;
  const { logger, lines } = createTestObservability();
  const log = {
    head: async () => ({ epoch, position: `${epoch}.${head + 1}.0` as Position, tick: head, at: '', completeTo: '' }),
    stateOf: async (mark: string) => mark as MarkState,
  };

  beforeEach(async () => {
    epoch = 'e';
    head = 5;
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
    openWarehouseInstance({ open, directory, eventLog: { ...log, keepInstance }, logger });
  const apply = ({ apply }: Warehouse, tick: number, mark?: string) =>
    apply({ changes: [], cursor: `e.${tick + 1}.0` as Position, tick, mark, completeTo: '2026-01-01T00:00:00.000000Z', endOfTick: true });

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

  it('that has applied what the log no longer has is refused, and is made anew when the log has another epoch', async () => {
    const first = await openInstance();
    known.add(first.instance ?? '');
    await apply(first.warehouse, 5, 'held');
    await first.close();
    const second = await openInstance();
    expect(second.warehouse.applied()).toMatchObject({ tick: 5, mark: 'held' });
    await apply(second.warehouse, 6, 'lost');
    await second.close();
    head = 7;
    await expect(openInstance()).rejects.toMatchObject({ code: 'log_went_back', details: { epoch: 'e', tick: 6 } });
    epoch = 'f';
    const third = await openInstance();
    expect(third.warehouse.applied()).toMatchObject({ cursor: null, tick: 0 });
    expect(lines().at(-1)).toMatchObject({ msg: expect.stringContaining('it is made anew') });
    await third.close();
  });

  it('is made anew alone where the tick that it applied last was pruned, and nobody knows', async () => {
    const first = await openInstance();
    known.add(first.instance ?? '');
    await apply(first.warehouse, 5, 'pruned');
    await first.close();
    const second = await openInstance();
    expect(second.warehouse.applied().cursor).toBeNull();
    await second.close();
  });

  it('of before there were marks is refused where the log ends before it', async () => {
    const first = await openInstance();
    known.add(first.instance ?? '');
    await apply(first.warehouse, 5);
    await first.close();
    await (await openInstance()).close();
    head = 4;
    await expect(openInstance()).rejects.toMatchObject({ code: 'log_went_back' });
  });

  it('is made anew over an embedded database too', async () => {
    const openOwn = () =>
      openOwnWarehouse(
        {
          database: { kind: 'embedded', directory, connections: { minimum: 1, maximum: 1 } },
          warehouse: { kind: 'duckdb', directory, memoryBytes: 0, threads: 1 },
        },
        { open, eventLog: Promise.resolve({ ...log, keepInstance: async () => false }), logger },
      );
    const first = await openOwn();
    await apply(first.warehouse, 5, 'lost');
    await first.close();
    await expect(openOwn()).rejects.toMatchObject({ code: 'log_went_back' });
    epoch = 'f';
    const second = await openOwn();
    expect([second.instance, second.warehouse.applied().cursor]).toEqual([undefined, null]);
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
