import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDuckDbWarehouse, type DuckDbWarehouse } from '../duckdb-warehouse.ts';
import { ENDLESS_QUERY } from '../testing/endless-query.ts';
import { createLogScript, objectsOf, TEST_TYPES } from '../testing/log-script.ts';
import type { DerivedTable } from '../warehouse.ts';

let folder: string;
let warehouse: DuckDbWarehouse;
let closing: AbortController;
const open = () =>
  createDuckDbWarehouse({
    file: join(folder, 'warehouse.duckdb'),
    memoryLimitMb: 256,
    threads: 1,
    readers: 1,
    builtinTypes: TEST_TYPES,
    closing: closing.signal,
  });
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-derived-'));
  closing = new AbortController();
  warehouse = await open();
});
afterEach(async () => {
  await warehouse.close();
  await rm(folder, { recursive: true });
});

const table = (name: string): DerivedTable => ({
  name: `rollup_${name}`,
  fingerprint: '1',
  reads: [],
  create: [{ text: `create table rollup_${name} (seats bigint)`, parameters: [] }],
  refresh: [],
});

test('a derived table that is made or dropped leaves what is written of the others as it is', async () => {
  const written = async () =>
    new Map(
      objectsOf(await warehouse.query({ text: 'select name, rowid from sophia.derived', parameters: [] })).map((row) => [
        row.name,
        row.rowid,
      ]),
    );
  await warehouse.setDerivedTables([table('a'), table('b')]);
  const before = await written();
  await warehouse.setDerivedTables([table('b'), table('c')]);
  const after = await written();
  expect([...after.keys()].sort()).toEqual(['rollup_b', 'rollup_c']);
  expect(after.get('rollup_b')).toBe(before.get('rollup_b'));
});

const endless: DerivedTable = {
  ...table('endless'),
  create: [{ text: `create table rollup_endless as ${ENDLESS_QUERY}`, parameters: [] }],
};
const GIVEN_UP = { status: 'rejected', reason: { code: 'warehouse_unavailable' } };

test('W5: closing gives up derived tables that are being made or wait for it, and leaves them for the next time', async () => {
  const outcomes = Promise.allSettled([warehouse.setDerivedTables([endless]), warehouse.setDerivedTables([table('a')])]);
  await warehouse.close();
  expect(await outcomes).toMatchObject([GIVEN_UP, GIVEN_UP]);
  warehouse = await open();
  expect(warehouse.derivedTables()).toEqual([]);
});

test('W5: what waits behind derived tables that are being made goes on when the process begins to close', async () => {
  const log = createLogScript();
  const outcomes = Promise.allSettled([warehouse.setDerivedTables([endless]), warehouse.apply(log.next(log.upsert(1, { name: 'a' })))]);
  closing.abort();
  expect(await outcomes).toMatchObject([GIVEN_UP, { status: 'fulfilled' }]);
  expect(warehouse.applied().tick).toBe(1);
});
