import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDuckDbWarehouse, type DuckDbWarehouse } from '../duckdb-warehouse.ts';
import { objectsOf, TEST_TYPES } from '../testing/log-script.ts';
import type { DerivedTable } from '../warehouse.ts';

let folder: string;
let warehouse: DuckDbWarehouse;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-derived-'));
  const file = join(folder, 'warehouse.duckdb');
  warehouse = await createDuckDbWarehouse({ file, memoryLimitMb: 256, threads: 1, readers: 1, builtinTypes: TEST_TYPES });
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
