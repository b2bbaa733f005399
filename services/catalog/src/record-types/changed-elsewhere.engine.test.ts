import type { Call, IncomingRow, JsonObject, RecordId } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Catalog } from '../catalog.ts';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { importStream } from '../testing/import-stream.ts';
import { createRecordTypeBook, type RecordTypeBook } from './record-type-book.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

const target = { recordType: 'gauge', sourceSystem: 'lab' };
const row = (sourceId: string, fields: JsonObject, line = 1): IncomingRow => ({ line, source_id: sourceId, fields });

/**
 * A process that has read the type `gauge` with its fields, and reads no types again by itself, while another is about to
 * define others.
 */
async function open(properties: JsonObject, own: (book: RecordTypeBook) => Partial<RecordTypeBook> = () => ({})) {
  const call = harness.callOf(await harness.workspace());
  const book = createRecordTypeBook({ database: harness.database, clock: { now: () => 0, monotonic: () => 0 } });
  const catalog = await harness.another({ recordTypes: { ...book, ...own(book) } });
  const define = (fields: JsonObject, name = 'gauge') =>
    harness.catalog.recordTypes.define(call, name, { type: 'object', properties: fields });
  await define(properties);
  const { id } = await catalog.records.upsert(call, target, row('first', {}));
  const read = async (sourceId: string) => (await harness.catalog.records.getByKey(call, target, sourceId)).data;
  // It was written, so it has an id.
  return { call, catalog, define, read, id: id as RecordId };
}

type Write = (catalog: Catalog, call: Call, fields: JsonObject, id: RecordId) => Promise<unknown>;
const WAYS: readonly [string, Write][] = [
  ['one write', ({ records }, call, fields) => records.upsert(call, target, row('first', fields))],
  ['a write of several', ({ records }, call, fields) => records.upsertMany(call, target, [row('first', fields), row('second', {}, 2)])],
  ['a patch', ({ records }, call, fields, id) => records.patch(call, 'gauge', id, fields)],
  [
    'an import',
    async ({ imports }, call, fields) => {
      const items = importStream({ kind: 'rows', target, rows: [row('first', fields), row('second', {}, 2)] });
      return (await imports.start(call, { name: 'gauges', kind: 'file' }, items)).finished;
    },
  ],
];

describe.each(WAYS)('what another process defined holds for %s', (_, write) => {
  test('a field that was added is one of the record', async () => {
    const { call, catalog, define, read, id } = await open({});
    await define({ size: { type: 'integer' } });
    await write(catalog, call, { size: '7' }, id);
    expect(await read('first')).toEqual({ size: 7 });
  });

  test('what the type before refused is taken', async () => {
    const { call, catalog, define, read, id } = await open({ size: { type: 'integer' } });
    await define({ size: { type: 'string' } });
    await write(catalog, call, { size: 'large' }, id);
    expect(await read('first')).toEqual({ size: 'large' });
    expect((await harness.catalog.deadLetters.list(call)).items).toEqual([]);
  });

  test('what the type before took is refused', async () => {
    const { call, catalog, define, read, id } = await open({ size: { type: 'string' } });
    await define({ size: { type: 'integer' } });
    const outcome = await write(catalog, call, { size: 'large' }, id).catch((error: unknown) => error);
    expect(outcome).toEqual(
      expect.toSatisfy((found: { code?: string; rejected?: number }) => found.code === 'row_rejected' || found.rejected === 1),
    );
    expect(await read('first')).toEqual({});
  });
});

test('writes that share a transaction are all judged again, and none is lost', async () => {
  const { call, catalog, define, read } = await open({});
  await define({ size: { type: 'integer' } });
  const deal = { recordType: 'deal', sourceSystem: 'lab' };
  await harness.catalog.records.list(call, 'gauge');
  const answers = await Promise.all([
    ...[1, 2, 3].map((size) => catalog.records.upsert(call, target, row(`${size}`, { size }))),
    catalog.records.upsert(call, deal, row('d', { name: 'Deal' })),
  ]);
  expect(answers.map(({ created }) => created)).toEqual([1, 1, 1, 1]);
  expect(await Promise.all(['1', '2', '3'].map(read))).toEqual([{ size: 1 }, { size: 2 }, { size: 3 }]);
});

test('writes of another workspace that share the transaction are spared', async () => {
  const { call, catalog, define } = await open({}, () => ({ forget: () => undefined }));
  await define({ size: { type: 'integer' } });
  const elsewhere = harness.callOf(await harness.workspace());
  const deal = { recordType: 'deal', sourceSystem: 'lab' };
  await catalog.records.upsert(elsewhere, deal, row('d', { name: 'Deal' }));
  // Nothing is left to be read before either is sent, so both are in one transaction.
  await harness.catalog.records.list(call, 'gauge');
  const [changed, spared] = await Promise.allSettled([
    catalog.records.upsert(call, target, row('1', { size: 1 })),
    catalog.records.upsert(elsewhere, deal, row('d', { name: 'Renamed' })),
  ]);
  expect(changed).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
  expect(spared).toMatchObject({ status: 'fulfilled', value: { updated: 1 } });
});

test('a type that another process defined takes rows at once', async () => {
  const { call, catalog, define } = await open({});
  await define({ size: { type: 'integer' } }, 'meter');
  expect(await catalog.records.upsert(call, { ...target, recordType: 'meter' }, row('1', { size: 7 }))).toMatchObject({ created: 1 });
});

test('a record is deleted whatever became of its type', async () => {
  const { call, catalog, define, id } = await open({});
  await define({ size: { type: 'integer' } });
  expect(await catalog.records.delete(call, 'gauge', id)).toMatchObject({ updated: 1 });
});

test('a rejected row is judged again by what another process defined', async () => {
  const { call, catalog, define, read } = await open({ size: { type: 'integer' } });
  await expect(catalog.records.upsert(call, target, row('second', { size: 'large' }))).rejects.toMatchObject({ code: 'row_rejected' });
  await define({ size: { type: 'string' } });
  const [letter] = (await harness.catalog.deadLetters.list(call)).items;
  expect(await catalog.deadLetters.replay(call, { ids: [letter?.id ?? ''] })).toMatchObject({ created: 1, rejected: 0 });
  expect(await read('second')).toEqual({ size: 'large' });
});

test('a write whose type is another at every attempt is given up, and is no dead letter', async () => {
  const { call, catalog, define } = await open({ size: { type: 'integer' } }, () => ({ forget: () => undefined }));
  await define({ size: { type: 'string' } });
  for (const size of [7, 'large']) {
    await expect(catalog.records.upsert(call, target, row('second', { size }))).rejects.toMatchObject({
      code: 'unavailable',
      retryAfter: 1,
    });
  }
  expect((await harness.catalog.deadLetters.list(call)).items).toEqual([]);
});
