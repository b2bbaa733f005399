import { parseVerbatimJson } from '@sophia/shared';
import type { JsonValue } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportItem } from '../catalog.ts';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { fails, importStream } from '../testing/import-stream.ts';
import { productImports, row, rowsItem, target } from '../testing/product-imports.ts';
import { brokenChains } from '../testing/record-chains.ts';
import { makeSellersOfTeams } from '../testing/sellers.ts';
import { createImportStore } from './import-store.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());
const fresh = () => productImports(harness);

describe('a Singer tap', () => {
  const versioned = (number: number, version: number) => row(number, {}, { streamVersion: version });

  test('has its states told when everything before them is committed, and goes on from the last one', async () => {
    const { call, imports, run } = await fresh();
    const options = { name: 'tap-shop', kind: 'singer' } as const;
    const told: JsonValue[] = [];
    const stateIsKept = async (): Promise<void> => {
      await expect.poll(async () => (await imports.list(call)).items[0]?.last_state).toEqual({ at: 1 });
    };
    const started = await imports.start(
      call,
      {
        ...options,
        onState: (state) => void told.push(state),
      },
      importStream(
        rowsItem([row(1)]),
        { kind: 'state', state: { at: 1 } },
        stateIsKept,
        rowsItem([row(2)]),
        { kind: 'state', state: { at: 2 } },
        fails,
      ),
    );
    const { id } = started;
    expect(started.lastState).toBeNull();
    await expect(started.finished).rejects.toThrow();
    expect(told).toEqual([{ at: 1 }, { at: 2 }]);
    // What came before the failure is in, with its state.
    expect(await imports.get(call, id)).toMatchObject({ state: 'failed', last_state: { at: 2 }, read: 2, created: 2 });

    const again = await imports.start(call, options, importStream(rowsItem([row(2), row(3)]), { kind: 'state', state: { at: 3 } }));
    expect(again).toMatchObject({ origin: 'new', lastState: { at: 2 } });
    expect(again.id).not.toBe(id);
    expect(await again.finished).toMatchObject({ last_state: { at: 3 }, created: 1, unchanged: 1 });
    expect(await run(options, importStream())).toMatchObject({ last_state: null, read: 0 });
    expect((await imports.start(call, options, importStream())).lastState).toEqual({ at: 3 });
    expect((await imports.start(call, { ...options, name: 'tap-other' }, importStream())).lastState).toBeNull();
    await expect(imports.start(call, { ...options, resume: id }, importStream())).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test.each([
    '{"at":"\\u0000"}',
    '{"a\\ud83d":["\\udc00 \\\\u0000"]}',
    '{"at":1e200000}',
    '"\\u0000"',
    '{"at":1.0,"text":"\\\\u0000 e1000"}',
  ])('gets back the state %s, which PostgreSQL could not hold as JSON, or could', async (text) => {
    const { imports, call, run } = await fresh();
    const state = parseVerbatimJson(text);
    const options = { name: 'tap-odd', kind: 'singer' } as const;
    const report = await run(options, importStream(rowsItem([row(1)]), { kind: 'state', state }));
    expect(JSON.stringify(report.last_state)).toBe(text);
    const again = await imports.start(call, options, importStream());
    expect(JSON.stringify(again.lastState)).toBe(text);
    await again.finished;
  });

  test('keeps its last state, and what was read, where a note of its progress says nothing of them', async () => {
    const { run, call, imports, workspace } = await fresh();
    const report = await run({ name: 'tap-shop', kind: 'singer' }, importStream(rowsItem([row(1)]), { kind: 'state', state: { at: 1 } }));
    const store = createImportStore(harness.database);
    await store.note(workspace.id, report.id, { bytesRead: 7, state: undefined, milliseconds: 1 });
    await store.note(workspace.id, report.id, { bytesRead: null, state: undefined, milliseconds: 2 });
    expect((await imports.get(call, report.id)).last_state).toEqual({ at: 1 });
    expect(await store.read(workspace.id, report.id)).toMatchObject({ bytes_read: '7', milliseconds: '2' });
  });

  test('that activates a version deletes what older versions had and this one has not', async () => {
    const { run, records, call, workspace } = await fresh();
    const options = { name: 'tap-shop', kind: 'singer' } as const;
    await records.upsert(call, target, row(9));
    await run(
      options,
      importStream(rowsItem([versioned(1, 100), versioned(2, 100), versioned(3, 100)]), { kind: 'activate_version', target, version: 100 }),
    );
    expect((await records.list(call, 'product')).items.length).toBe(4);
    // Unchanged rows belong to the new version too, and older arrivals.
    const report = await run(
      options,
      importStream(
        rowsItem([versioned(1, 200), versioned(4, 200)]),
        { kind: 'activate_version', target, version: 200 },
        rowsItem([versioned(5, 200)]),
        { kind: 'state', state: 'end' },
      ),
    );
    expect(report).toMatchObject({ created: 2, unchanged: 1, deleted_by_version: 2, last_state: 'end' });
    expect((await records.list(call, 'product')).items.map(({ source_id }) => source_id)).toEqual(['P-1', 'P-4', 'P-5', 'P-9']);
    expect(await brokenChains(harness.database, workspace.id)).toEqual([]);
  });

  test('that activates a version without a user ends at once what its principals see by what it said', async () => {
    const { sees, admin } = await makeSellersOfTeams(harness);
    const users = { recordType: 'user', sourceSystem: 'crm' };
    const run = async (...items: ImportItem[]) =>
      (await harness.catalog.imports.start(admin, { name: 'tap-users', kind: 'singer' }, importStream(...items))).finished;
    const ada = { line: 1, source_id: 'ada', fields: { team: 'East' }, streamVersion: 1 };
    await run({ kind: 'rows', target: users, rows: [ada] });
    expect(await sees('ada')).toEqual(['A']);
    expect(await run({ kind: 'activate_version', target: users, version: 2 })).toMatchObject({ deleted_by_version: 1 });
    await expect(sees('ada')).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('that activates a version twice, or sends older rows of it, deletes nothing that it has', async () => {
    const { run, records, call } = await fresh();
    const options = { name: 'tap-shop', kind: 'singer' } as const;
    const placed = (number: number, version: number, place: number) => row(number, {}, { streamVersion: version, source_version: place });
    await run(options, importStream(rowsItem([placed(1, 100, 5), placed(2, 100, 5)]), { kind: 'activate_version', target, version: 100 }));
    const report = await run(
      options,
      importStream(
        rowsItem([placed(1, 200, 4)]),
        { kind: 'activate_version', target, version: 200 },
        { kind: 'activate_version', target, version: 200 },
      ),
    );
    expect(report).toMatchObject({ unchanged: 1, stale: 1, deleted_by_version: 1 });
    expect((await records.list(call, 'product')).items).toMatchObject([{ source_id: 'P-1', source_version: '5' }]);
  });

  test('that sends an older row in a newer version leaves the record as new as it is', async () => {
    const { run, records, call } = await fresh();
    const of = (month: number, version: number, name = 'same') =>
      row(1, { name }, { streamVersion: version, occurred_at: `2020-0${month}-01T00:00:00Z` });
    const options = { name: 'tap-shop', kind: 'singer' } as const;
    const report = await run(options, importStream(...[of(6, 100), of(4, 200), of(5, 200, 'older')].map((each) => rowsItem([each]))));
    expect(report).toMatchObject({ created: 1, unchanged: 2, stale: 2 });
    expect((await records.list(call, 'product')).items).toMatchObject([{ data: { name: 'same' }, version: 1 }]);
  });

  test('that activates a version deletes nothing whose row in it is rejected, as long as that row waits', async () => {
    const { run, records, call, deadLetters } = await fresh();
    const options = { name: 'tap-shop', kind: 'singer' } as const;
    const activate = (version: number): ImportItem => ({ kind: 'activate_version', target, version });
    await run(options, importStream(rowsItem([versioned(1, 100), versioned(2, 100)]), activate(100)));
    const broken = { ...versioned(1, 200), fields: { list_price: 'dear' } };
    expect(await run(options, importStream(rowsItem([broken]), activate(200)))).toMatchObject({ rejected: 1, deleted_by_version: 1 });
    const ids = async () => (await records.list(call, 'product')).items.map(({ source_id }) => source_id);
    expect(await ids()).toEqual(['P-1']);
    // A tap names its version on every run, also where it sends what changed alone.
    const reject = async (version: number): Promise<string> => {
      await run(options, importStream(rowsItem([{ ...broken, streamVersion: version }]), activate(version)));
      const { items } = await deadLetters.list(call);
      expect(items.map(({ row }) => row)).toEqual([{ source_id: 'P-1', fields: broken.fields }]);
      return items[0]?.id ?? '';
    };
    const letter = await reject(200);
    await deadLetters.repair(call, letter, { source_id: 'P-1', fields: { list_price: '5' } });
    expect(await run(options, importStream(activate(200)))).toMatchObject({ deleted_by_version: 0 });
    expect(await deadLetters.replay(call, { ids: [letter] })).toMatchObject({ updated: 1 });
    expect(await run(options, importStream(activate(200)))).toMatchObject({ deleted_by_version: 0 });
    expect(await ids()).toEqual(['P-1']);

    expect(await deadLetters.discard(call, [await reject(300)])).toBe(1);
    expect(await run(options, importStream(activate(300)))).toMatchObject({ deleted_by_version: 1 });
    expect(await ids()).toEqual([]);
  });

  test('that activates a version knows the newest in which it sent a record, whatever changed that since', async () => {
    const { run, records, call } = await fresh();
    const options = { name: 'tap-shop', kind: 'singer' } as const;
    const activate = (version: number): ImportItem => ({ kind: 'activate_version', target, version });
    const renamed = (number: number, name: string, streamVersion?: number) =>
      row(number, { name }, streamVersion === undefined ? {} : { streamVersion });
    await run(options, importStream(rowsItem([1, 2, 3, 4].map((number) => versioned(number, 200)))));
    // 1 and 2 with something new and 3 and 4 without, of no version and of an older one.
    await records.upsert(call, target, renamed(1, 'edited'));
    await records.upsert(call, target, row(3, {}, { occurred_at: '2020-01-01T00:00:00Z' }));
    const late = { ...versioned(4, 100), occurred_at: '2020-01-01T00:00:00Z' };
    await run(options, importStream(rowsItem([renamed(2, 'late', 100), late])));
    expect(await run(options, importStream(activate(200)))).toMatchObject({ deleted_by_version: 0 });
    expect(await run(options, importStream(activate(300)))).toMatchObject({ deleted_by_version: 4 });
  });

  test('that deletes more than a transaction holds', async () => {
    const { run, records, call } = await fresh();
    const options = { name: 'tap-shop', kind: 'singer' } as const;
    await run(options, importStream(rowsItem(Array.from({ length: 2_600 }, (_, index) => versioned(index, 100)))));
    const report = await run(options, importStream(rowsItem([versioned(7, 200)]), { kind: 'activate_version', target, version: 200 }));
    expect(report).toMatchObject({ deleted_by_version: 2_599 });
    expect((await records.list(call, 'product')).items.map(({ source_id }) => source_id)).toEqual(['P-7']);
  });
});
