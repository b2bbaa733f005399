import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportItem, ImportProgress } from '../catalog.ts';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { fails, importStream } from '../testing/import-stream.ts';
import { numberedItems } from '../testing/numbered-items.ts';
import { productImports, row, rowsItem, target } from '../testing/product-imports.ts';
import { brokenChains, readChains } from '../testing/record-chains.ts';
import { createImportStore } from './import-store.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());
const fresh = () => productImports(harness);

describe('an import', () => {
  test('reports what it read: created, updated, unchanged, rejected, repairs by rule, and its progress', async () => {
    const { call, run, records, workspace, syncs, imports } = await fresh();
    await records.upsertMany(call, target, [row(1), row(2, { series: 'old' })]);
    const told: ImportProgress[] = [];
    const report = await run(
      {
        bytesTotal: 400,
        parameters: { path: 'products.csv' },
        assumed: ['Cells look separated by commas.'],
        onProgress: (progress) => told.push(progress),
      },
      importStream(
        { kind: 'rows', target, rows: [row(1), row(2, { series: 'new' }, { repairs: ['spelling', 'spelling'] }), row(3)], bytesRead: 200 },
        rowsItem([
          row(4, { list_price: 'dear' }, { repairs: ['unit'] }),
          row(5, {}, { errors: [{ line: 5, code: 'invalid_csv', message: 'a quote is open' }] }),
        ]),
      ),
    );
    expect(report).toMatchObject({
      name: 'products.csv',
      kind: 'file',
      state: 'finished',
      read: 5,
      created: 1,
      updated: 1,
      unchanged: 1,
      stale: 0,
      rejected: 2,
      repairs: { spelling: 2, unit: 1 },
      failure: null,
      parameters: { path: 'products.csv' },
      assumed: ['Cells look separated by commas.'],
      principal: 'key:admin',
      seconds_left: null,
    });
    expect(report.errors.map(({ line, code }) => ({ line, code }))).toEqual([
      { line: 4, code: 'invalid_money' },
      { line: 5, code: 'invalid_csv' },
    ]);
    expect(told.at(-1)).toMatchObject({ read: 5, created: 1, rejected: 2 });
    expect(await imports.get(call, report.id)).toEqual(report);
    expect((await imports.list(call)).items).toEqual([report]);
    expect((await records.getByKey(call, target, 'P-3', { after: report.token ?? '' })).data).toEqual({ name: 'n3' });
    expect(await brokenChains(harness.database, workspace.id)).toEqual([]);
    const last = (await readChains(harness.database, workspace.id)).at(-1);
    expect((await records.history(call, 'product', last?.record_id as never)).items[0]?.cause).toEqual({
      import: report.id,
      request: 'request-1',
      line: 3,
    });
    await expect
      .poll(syncs)
      .toEqual([{ source_system: 'shop', import: report.id, name: 'products.csv', kind: 'file', state: 'succeeded' }]);
    expect(await harness.catalog.sources(call)).toMatchObject([
      { source_system: 'shop', state: 'idle', last_record_at: expect.any(String), last_sync_at: report.finished_at },
    ]);
  });

  test('of more rows than fit a round commits as it goes, in the order of each key', async () => {
    const { call, run, workspace } = await fresh();
    const many = Array.from({ length: 12_345 }, (_, index) =>
      row(index % 5_000, { series: `s${Math.floor(index / 5_000)}` }, { line: index + 1 }),
    );
    const report = await run({}, importStream(rowsItem(many.slice(0, 7_001)), rowsItem(many.slice(7_001))));
    expect(report).toMatchObject({ read: 12_345, created: 5_000, updated: 7_345, unchanged: 0 });
    const { entries } = await harness.auth.audit.list(call, { action: 'write', limit: 100 });
    expect(new Set(entries.map(({ object }) => object))).toEqual(new Set([`import:${report.id}`]));
    expect(entries.reduce((sum, { rows }) => sum + (rows ?? 0), 0)).toBe(12_345);
    expect(await brokenChains(harness.database, workspace.id)).toEqual([]);
  });

  test('of one key a thousand times makes a thousand versions', async () => {
    const { run, workspace } = await fresh();
    const report = await run({}, importStream(rowsItem(Array.from({ length: 1_000 }, (_, index) => row(1, { series: `s${index}` })))));
    expect(report).toMatchObject({ read: 1_000, created: 1, updated: 999 });
    expect((await readChains(harness.database, workspace.id)).at(-1)?.version).toBe(1_000);
  });

  test('shows its progress to others while it runs', async () => {
    const { call, imports } = await fresh();
    const gate = Promise.withResolvers<void>();
    const { id, finished } = await imports.start(
      call,
      { name: 'slow', kind: 'file', bytesTotal: 100 },
      importStream(rowsItem([row(1), row(2)]), () => gate.promise, rowsItem([row(3)])),
    );
    await expect.poll(async () => (await imports.get(call, id)).read).toBe(2);
    const report = await imports.get(call, id);
    expect(report).toMatchObject({ state: 'running', finished_at: null, token: null });
    // From its first second on, though how long it runs is noted but once a second.
    expect(report.seconds).toBeGreaterThan(0);
    expect(report.rows_per_second).toBe(Math.round(2 / report.seconds));
    expect((await imports.list(call, { state: 'running' })).items.map((each) => each.id)).toEqual([id]);
    expect((await imports.list(call, { state: 'finished' })).items).toEqual([]);
    gate.resolve();
    expect(await finished).toMatchObject({ state: 'finished', read: 3 });
  });

  test('has run as long as before where rows of an older version were deleted', async () => {
    const { run, workspace } = await fresh();
    const { id } = await run({}, importStream(rowsItem([row(1)])));
    const { database } = harness;
    const { value } = await database.write([workspace.id], async (transaction) => {
      const text = `update import_run set milliseconds = 5, updated_at = now() - interval '1 hour' where id = $1`;
      await database.query(transaction, { name: 'test_note', text }, [id]);
      await createImportStore(database).deletedByVersion(transaction, id, 1);
      const read = { name: 'test_read_note', text: 'select milliseconds, updated_at = now() as is_noted from import_run where id = $1' };
      return database.query(transaction, read, [id]);
    });
    expect(value).toEqual([{ milliseconds: '3600005', is_noted: true }]);
  });

  test('that is not there, or another listing cursor, is refused', async () => {
    const { call, imports } = await fresh();
    const [nothing, gone] = ['nothing', '01M8Q2E45PDZXDHK5Q5YH2MSBS'];
    for (const id of [nothing, gone]) await expect(imports.get(call, id)).rejects.toMatchObject({ code: 'not_found' });
    await harness.auth.audit.flush();
    const { entries } = await harness.auth.audit.list(call, { result: 'not_found' });
    expect(entries).toMatchObject([{ action: 'read', object: `import:${gone}`, rows: 0 }]);
    await expect(imports.start(call, { name: 'x', kind: 'file', resume: 'nothing' }, importStream())).rejects.toMatchObject({
      code: 'not_found',
    });
    const madeUp = (id: string): string => Buffer.from(JSON.stringify(['imports', id])).toString('base64url');
    for (const cursor of ['?', madeUp('0'), madeUp('zzz')])
      await expect(imports.list(call, { cursor })).rejects.toMatchObject({ code: 'invalid_cursor' });
  });

  test('of many is listed page by page, the newest first', async () => {
    const { call, imports, run } = await fresh();
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) ids.unshift((await run({ name: `${index}` }, importStream(rowsItem([row(index)])))).id);
    const first = await imports.list(call, { limit: 3 });
    const second = await imports.list(call, { limit: 3, cursor: first.nextCursor ?? undefined });
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
    expect(second.nextCursor).toBeNull();
  });

  test('is listed on a page that ends at about 8 MB, and says where to go on', async () => {
    const { call, imports, run } = await fresh();
    const ids: string[] = [];
    const message = 'm'.repeat(300_000);
    const unread = Array.from({ length: 10 }, (_, index) => row(index, {}, { errors: [{ line: index, code: 'invalid_csv', message }] }));
    for (let index = 0; index < 5; index++) ids.unshift((await run({ name: `${index}` }, importStream(rowsItem(unread)))).id);
    const first = await imports.list(call, { limit: 4 });
    const second = await imports.list(call, { limit: 4, cursor: first.nextCursor ?? undefined });
    expect([first, second].map(({ items }) => items.map(({ id }) => id))).toEqual([ids.slice(0, 3), ids.slice(3)]);
    expect(second.nextCursor).toBeNull();
    expect(first.items[0]).toEqual(await imports.get(call, ids[0] ?? ''));
  });
});

describe('imports of one principal', () => {
  test('are as many at once as are allowed, those that wait and those that are only permitted included', async () => {
    const { workspace, call } = await fresh();
    const catalog = await harness.another({ importsPerPrincipal: 2 });
    const { imports } = catalog;
    const refused = { code: 'too_many_imports', status: 429, retryAfter: expect.any(Number), details: { most: 2 } };
    const gate = Promise.withResolvers<void>();
    const start = (of: typeof call, ...items: readonly (ImportItem | (() => Promise<void>))[]) =>
      imports.start(of, { name: 'x', kind: 'file' }, importStream(...items));
    const running = await start(call, () => gate.promise, rowsItem([row(1)]));
    const place = await imports.permit(call);
    await expect(imports.permit(call)).rejects.toMatchObject(refused);
    await expect(start(call)).rejects.toMatchObject(refused);
    // Others have places of their own.
    expect(await (await start(harness.callOf(workspace, 'executive'), rowsItem([row(2)]))).finished).toMatchObject({ read: 1 });
    expect(await (await start(harness.callOf(await harness.workspace()))).finished).toMatchObject({ read: 0 });

    // What was permitted goes on in its own place, which may be given back twice.
    expect(await (await imports.start(call, { name: 'x', kind: 'file' }, importStream(rowsItem([row(3)])), place)).finished).toMatchObject({
      read: 1,
    });
    place.leave();
    const failing = await start(call, fails);
    await expect(start(call)).rejects.toMatchObject(refused);
    await expect(failing.finished).rejects.toThrow('The connection was reset.');
    // One that cannot begin has no place either.
    await expect(imports.start(call, { name: 'x', kind: 'file', resume: 'nothing' }, importStream())).rejects.toMatchObject({
      code: 'not_found',
    });
    const other = await imports.permit(call);
    gate.resolve();
    expect(await running.finished).toMatchObject({ read: 1 });
    await expect((await start(call)).finished).resolves.toMatchObject({ read: 0 });
    other.leave();
  });
});

describe('a keyed stream', () => {
  test('sent again gives its report, and another stream under the key is refused', async () => {
    const { run } = await fresh();
    const idempotency = { route: 'POST /records/product', key: 'k' };
    const report = await run({ kind: 'http', idempotency }, numberedItems(500, 0));
    expect(await run({ kind: 'http', idempotency }, numberedItems(500, 0))).toEqual(report);
    const refused = { code: 'idempotency_key_reused' };
    await expect(run({ kind: 'http', idempotency }, numberedItems(501, 0))).rejects.toMatchObject(refused);
    await expect(run({ kind: 'http', idempotency }, numberedItems(499, 0))).rejects.toMatchObject(refused);
    await expect(run({ kind: 'http', idempotency }, importStream(rowsItem([row(1)])))).rejects.toMatchObject(refused);
    for (const other of [{ name: 'other' }, { sourceSystem: 'other' }, { parameters: { record_type: 'deal' } }]) {
      await expect(run({ kind: 'http', idempotency, ...other }, numberedItems(500, 0))).rejects.toMatchObject(refused);
    }
    expect(await run({ kind: 'http', idempotency }, numberedItems(500, 0))).toEqual(report);
  });
});

test('an import whose token cannot be kept is finished all the same, and told once', async () => {
  const { run, syncs } = await fresh();
  const owner = await harness.testDatabase.open('owner');
  const alter = (name: string, text: string) => owner.write([], (transaction) => owner.query(transaction, { name, text }));
  await alter(
    'test_refuse_tokens',
    `create function refuse_token() returns trigger language plpgsql as $$ begin raise exception 'no token'; end $$`,
  );
  await alter(
    'test_refuse_tokens_of_one',
    `create trigger refuse_token before update of token on import_run for each row when (new.name = 'tokenless.csv') execute function refuse_token()`,
  );
  const report = await run({ name: 'tokenless.csv' }, importStream(rowsItem([row(1)])));
  expect(report).toMatchObject({ state: 'finished', created: 1, failure: null, token: null });
  await expect.poll(syncs).toMatchObject([{ name: 'tokenless.csv', state: 'succeeded' }]);
  expect(harness.observability.lines()).toContainEqual(expect.objectContaining({ import: report.id, err: expect.anything() }));
});
