import { seededRandom } from '@sophia/shared';
import type { IncomingRow, RecordId, WriteCounts } from '@sophia/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Catalog, ImportItem } from '../catalog.ts';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { importStream } from '../testing/import-stream.ts';
import { brokenChains, readChains, readCurrent } from '../testing/record-chains.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

const target = { recordType: 'product', sourceSystem: 'shop' };
const KEYS = 100;
const OTHERS = 500;
const CHANGES = 10;

test('two processes write a hundred keys in every way at once: no change is lost, none is doubled, nothing deadlocks', async () => {
  const workspace = await harness.workspace();
  const call = harness.callOf(workspace);
  const processes = [harness.catalog, await harness.another()] as const;
  // Both take this source's next records to be new, and are wrong: they race for the same keys.
  for (const [index, catalog] of processes.entries())
    await catalog.records.upsertMany(
      call,
      target,
      Array.from({ length: OTHERS }, (_, row) => otherRow(`${index}-${row}`)),
    );
  const sum = { created: 0, updated: 0, unchanged: 0 };
  const count = ({ created, updated, unchanged }: WriteCounts) => {
    sum.created += created;
    sum.updated += updated;
    sum.unchanged += unchanged;
  };
  const writers = processes.flatMap((catalog, index) => [
    ...Array.from({ length: 4 }, (_, writer) => writeOneByOne(catalog, rowsOf(1_000 * index + writer, 60), count)),
    writeTogether(catalog, 1_000 * index + 10, count),
    importAll(catalog, 1_000 * index + 20, count),
    deleteSome(catalog, 1_000 * index + 30, count),
  ]);
  await Promise.all(writers);

  expect(await brokenChains(harness.database, workspace.id)).toEqual([]);
  const chains = await readChains(harness.database, workspace.id);
  const others = processes.length * OTHERS;
  expect(chains.length).toBe(others + sum.created + sum.updated);
  expect(chains.filter(({ kind }) => kind === 'record.created').length).toBe(others + sum.created);
  expect((await readCurrent(harness.database, workspace.id)).length).toBe(others + KEYS);
  const [stats] = await harness.database.select<{ deadlocks: string }>([], {
    name: 'test_deadlocks',
    text: 'select deadlocks from pg_stat_database where datname = current_database()',
  });
  expect(stats?.deadlocks).toBe('0');

  async function writeOneByOne(catalog: Catalog, rows: readonly IncomingRow[], told: (counts: WriteCounts) => void) {
    for (const row of rows) told(await catalog.records.upsert(call, target, row));
  }
  async function writeTogether(catalog: Catalog, seed: number, told: (counts: WriteCounts) => void) {
    for (let round = 0; round < 5; round++) told(await catalog.records.upsertMany(call, target, rowsOf(seed + round, 250)));
  }
  async function importAll(catalog: Catalog, seed: number, told: (counts: WriteCounts) => void) {
    const items = Array.from({ length: 8 }, (_, round): ImportItem => ({ kind: 'rows', target, rows: rowsOf(seed + round, 500) }));
    told(await (await catalog.imports.start(call, { name: `hot ${seed}`, kind: 'http' }, importStream(...items))).finished);
  }
  /** By key, as a source tells of deletions. */
  async function deleteSome(catalog: Catalog, seed: number, told: (counts: WriteCounts) => void) {
    for (const row of rowsOf(seed, 40)) told(await catalog.records.upsert(call, target, { ...row, fields: {}, deleted: true }));
  }
});

test('records that are there change beside a load of new ones of their source, which the next ones are taken for', async () => {
  const workspace = await harness.workspace();
  const call = harness.callOf(workspace);
  const { records } = harness.catalog;
  const known = (index: number, name: string): IncomingRow => ({ line: 1, source_id: `known ${index}`, fields: { name } });
  await records.upsertMany(
    call,
    target,
    Array.from({ length: 2 * CHANGES }, (_, index) => known(index, 'before')),
  );
  const { items } = await records.list(call, 'product', { limit: 1_000 });
  const idOf = new Map(items.map(({ source_id, id }) => [source_id, id]));
  let isOver = false;
  let made = 0;
  const load = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      const rows = Array.from({ length: 500 }, () => otherRow(`load ${++made}`));
      expect(await records.upsertMany(call, target, rows)).toMatchObject({ created: 500 });
    }
  });
  for (let index = 0; index < CHANGES; index++) {
    const [patched, written, several] = await Promise.all([
      records.patch(call, 'product', idOf.get(`known ${index}`) ?? ('' as RecordId), { name: 'patched' }),
      records.upsert(call, target, known(CHANGES + index, 'written')),
      records.upsertMany(call, target, [...Array.from({ length: 400 }, () => otherRow(`several ${++made}`)), known(0, `several ${index}`)]),
    ]);
    expect([patched.updated, written.updated, several.created, several.updated]).toEqual([1, 1, 400, 1]);
  }
  isOver = true;
  await Promise.all(load);
  expect(await brokenChains(harness.database, workspace.id)).toEqual([]);
});

test('rows that somebody else holds keep only writes of their own keys waiting, also those that share a transaction with them', async () => {
  const workspace = await harness.workspace();
  const call = harness.callOf(workspace);
  const { records } = harness.catalog;
  // More than there are transactions.
  const keys = Array.from({ length: 5 }, (_, index) => `held ${index}`);
  const held = (id: string, name: string): IncomingRow => ({ line: 1, source_id: id, fields: { name } });
  for (const id of keys) await records.upsert(call, target, held(id, 'before'));
  const owner = await harness.testDatabase.open('owner');
  const letGo = Promise.withResolvers<void>();
  const isHeld = Promise.withResolvers<void>();
  const holding = owner.write([workspace.id], async (transaction) => {
    const text = 'select from record where source_id = any ($2) and workspace = $1 for update';
    await owner.query(transaction, { name: 'test_hold', text }, [workspace.id, keys]);
    isHeld.resolve();
    await letGo.promise;
  });
  await isHeld.promise;
  const waiting = keys.flatMap((id) => [records.upsert(call, target, held(id, 'first')), records.upsert(call, target, held(id, 'second'))]);
  const others = Array.from({ length: 20 }, (_, index) => records.upsert(call, target, otherRow(`held ${index}`)));
  expect((await Promise.all(others)).every(({ created }) => created === 1)).toBe(true);
  expect(await records.upsert(call, target, otherRow('later'))).toMatchObject({ created: 1 });
  letGo.resolve();
  await holding;
  expect((await Promise.all(waiting)).every(({ updated }) => updated === 1)).toBe(true);
  for (const id of keys) expect((await records.getByKey(call, target, id)).data).toEqual({ name: 'second' });
  expect(await brokenChains(harness.database, workspace.id)).toEqual([]);
  await owner.close();
});

const otherRow = (id: string): IncomingRow => ({ line: 1, source_id: `other ${id}`, fields: { name: 'other' } });

function rowsOf(seed: number, count: number): IncomingRow[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => ({
    line: index + 1,
    source_id: `P-${Math.floor(random() * KEYS)}`,
    fields: { name: `n${Math.floor(random() * 5)}`, series: `s${Math.floor(random() * 3)}` },
  }));
}
