import type { Call, IncomingRow, JsonObject, WriteCounts } from '@sophia/types';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { createCatalogModel, type ModelRow } from '../testing/catalog-model.ts';
import { importStream } from '../testing/import-stream.ts';
import { brokenChains, readChains } from '../testing/record-chains.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

const target = { recordType: 'product', sourceSystem: 'shop' };

const data: fc.Arbitrary<JsonObject> = fc
  .record({ name: fc.constantFrom('a', 'b', 'ä'), series: fc.constantFrom('x', 'y') }, { requiredKeys: [] })
  .map((fields) => Object.fromEntries(Object.entries(fields)));
const row: fc.Arbitrary<ModelRow> = fc.record({
  key: fc.constantFrom('1', '2', '3'),
  data: fc.oneof({ weight: 3, arbitrary: data }, { weight: 1, arbitrary: fc.constant(null) }),
  sourceVersion: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, fc.integer({ min: 1, max: 6 })),
  occurredAt: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, fc.integer({ min: 1, max: 6 })),
});
const OTHER = { data: { name: 'other' }, sourceVersion: null, occurredAt: null };
type Way = 'one' | 'many' | 'import';
const arrival = fc.record({ way: fc.constantFrom<Way>('one', 'many', 'import'), rows: fc.array(row, { minLength: 1, maxLength: 8 }) });

const toRow = ({ key, data: fields, sourceVersion, occurredAt }: ModelRow, index: number): IncomingRow => ({
  line: index + 1,
  source_id: key,
  fields: fields ?? {},
  source_version: sourceVersion,
  occurred_at: occurredAt === null ? null : `2017-01-01T00:00:0${occurredAt}Z`,
  ...(fields === null ? { deleted: true } : {}),
});

const send: Readonly<Record<Way, (call: Call, rows: readonly IncomingRow[]) => Promise<WriteCounts>>> = {
  async one(call, rows) {
    const sum = { created: 0, updated: 0, unchanged: 0, stale: 0, rejected: 0 };
    for (const each of rows) {
      const answer = await harness.catalog.records.upsert(call, target, each);
      sum.created += answer.created;
      sum.updated += answer.updated;
      sum.unchanged += answer.unchanged;
      sum.stale += answer.stale;
    }
    return sum;
  },
  many: (call, rows) => harness.catalog.records.upsertMany(call, target, rows),
  async import(call, rows) {
    const items = importStream({ kind: 'rows', target, rows });
    const { finished } = await harness.catalog.imports.start(call, { name: 'model', kind: 'file' }, items);
    return finished;
  },
};

/** The same content and version with an earlier time: what comes between the times is not late. */
const SAME_AGAIN_FROM_BEFORE: [{ way: Way; rows: ModelRow[] }[], boolean] = [
  [
    { way: 'one', rows: [{ key: '1', data: { name: 'a' }, sourceVersion: 3, occurredAt: 5 }] },
    { way: 'one', rows: [{ key: '1', data: { name: 'a' }, sourceVersion: 3, occurredAt: 1 }] },
    { way: 'one', rows: [{ key: '1', data: { name: 'b' }, sourceVersion: null, occurredAt: 2 }] },
  ],
  false,
];

describe('whatever arrives in whatever order and way', () => {
  test('counts, versions, previous states and the whole history are those of the model', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(arrival, { minLength: 1, maxLength: 6 }), fc.boolean(), async (arrivals, seemNew) => {
        const workspace = await harness.workspace();
        const call = harness.callOf(workspace);
        const model = createCatalogModel();
        // After so many new ones the next ones are written as if they were new, too.
        if (seemNew) {
          const others = Array.from({ length: 500 }, (_, index): ModelRow => ({ ...OTHER, key: `other ${index}` }));
          model.takeAll(others);
          await send.many(call, others.map(toRow));
        }
        for (const { way, rows } of arrivals) {
          expect(await send[way](call, rows.map(toRow))).toMatchObject({ ...model.takeAll(rows), rejected: 0 });
        }
        const chains = await readChains(harness.database, workspace.id);
        const byKey = (one: { key: string; version: number }, other: { key: string; version: number }) =>
          one.key === other.key ? one.version - other.version : one.key < other.key ? -1 : 1;
        expect(
          chains.map(({ key, kind, version, data: state, previous }) => ({ key, kind, version, data: state, previous })).sort(byKey),
        ).toEqual(model.events.map((event) => ({ ...event, key: `product/${event.key}` })).sort(byKey));
        const listed = await harness.catalog.records.list(call, 'product', { limit: 1_000 });
        expect(listed.items.map(({ source_id, version, data: state }) => ({ key: source_id, version, data: state })).sort(byKey)).toEqual(
          model.current().sort(byKey),
        );
        expect(await brokenChains(harness.database, workspace.id)).toEqual([]);
      }),
      { numRuns: 60, examples: [SAME_AGAIN_FROM_BEFORE] },
    );
  });
});
