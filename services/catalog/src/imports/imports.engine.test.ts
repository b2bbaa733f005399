import { SophiaError } from '@sophia/shared';
import { type Call, ERROR_CODES, type JsonObject, type JsonValue, type PolicyRule, type Position, type Role } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportItem, ImportOptions, ImportProgress, ImportRow } from '../catalog.ts';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { numberedItems } from '../testing/numbered-items.ts';
import { brokenChains, readChains } from '../testing/record-chains.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

const target = { recordType: 'product', sourceSystem: 'shop' };
const row = (number: number, fields: JsonObject = {}, more: Partial<ImportRow> = {}): ImportRow => ({
  line: number,
  source_id: `P-${number}`,
  fields: { name: `n${number}`, ...fields },
  ...more,
});
const rowsItem = (rows: readonly ImportRow[]): ImportItem => ({ kind: 'rows', target, rows });
async function* stream(...items: readonly (ImportItem | (() => Promise<void>))[]): AsyncGenerator<ImportItem> {
  for (const item of items) {
    if (typeof item === 'function') await item();
    else yield item;
  }
}
const fails = async (): Promise<void> => {
  throw new Error('The connection was reset.');
};
const failsOddly = (): Promise<void> => Promise.reject('reset');

async function fresh() {
  const workspace = await harness.workspace();
  const call = harness.callOf(workspace);
  const { imports, records, deadLetters } = harness.catalog;
  const run = async (options: Partial<ImportOptions>, items: AsyncIterable<ImportItem>) =>
    (await imports.start(call, { name: 'products.csv', kind: 'file', ...options }, items)).finished;
  const syncsSeenBy = async (reader: Call) => {
    // A page may be empty before the end: the log holds the events of all workspaces.
    const found: unknown[] = [];
    let page = await harness.catalog.events(reader, { kinds: ['sync.finished'], limit: 1_000 });
    for (let after: Position | null = null; after !== page.cursor; ) {
      found.push(...page.events.map(({ data }) => data));
      after = page.cursor;
      page = await harness.catalog.events(reader, { kinds: ['sync.finished'], limit: 1_000, after });
    }
    return found;
  };
  const syncs = () => syncsSeenBy(call);
  /** Waits until so many rows of the newest import are committed. */
  const committed = (rows: number) => async (): Promise<void> => {
    await expect.poll(async () => (await imports.list(call)).items[0]?.read).toBe(rows);
  };
  return { workspace, call, imports, records, deadLetters, run, syncs, syncsSeenBy, committed };
}

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
      stream(
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
      secondsLeft: null,
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
    const { run, workspace } = await fresh();
    const many = Array.from({ length: 12_345 }, (_, index) =>
      row(index % 5_000, { series: `s${Math.floor(index / 5_000)}` }, { line: index + 1 }),
    );
    const report = await run({}, stream(rowsItem(many.slice(0, 7_001)), rowsItem(many.slice(7_001))));
    expect(report).toMatchObject({ read: 12_345, created: 5_000, updated: 7_345, unchanged: 0 });
    expect(await brokenChains(harness.database, workspace.id)).toEqual([]);
  });

  test('of one key a thousand times makes a thousand versions', async () => {
    const { run, workspace } = await fresh();
    const report = await run({}, stream(rowsItem(Array.from({ length: 1_000 }, (_, index) => row(1, { series: `s${index}` })))));
    expect(report).toMatchObject({ read: 1_000, created: 1, updated: 999 });
    expect((await readChains(harness.database, workspace.id)).at(-1)?.version).toBe(1_000);
  });

  test('shows its progress to others while it runs', async () => {
    const { call, imports } = await fresh();
    let go: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { id, finished } = await imports.start(
      call,
      { name: 'slow', kind: 'file', bytesTotal: 100 },
      stream(rowsItem([row(1), row(2)]), () => gate, rowsItem([row(3)])),
    );
    await expect.poll(async () => (await imports.get(call, id)).read).toBe(2);
    expect(await imports.get(call, id)).toMatchObject({ state: 'running', finished_at: null, token: null });
    expect((await imports.list(call, { state: 'running' })).items.map((each) => each.id)).toEqual([id]);
    expect((await imports.list(call, { state: 'finished' })).items).toEqual([]);
    go();
    expect(await finished).toMatchObject({ state: 'finished', read: 3 });
  });

  test('that is not there, or another listing cursor, is refused', async () => {
    const { call, imports } = await fresh();
    await expect(imports.get(call, 'nothing')).rejects.toMatchObject({ code: 'not_found' });
    await expect(imports.start(call, { name: 'x', kind: 'file', resume: 'nothing' }, stream())).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(imports.list(call, { cursor: '?' })).rejects.toMatchObject({ code: 'invalid_cursor' });
  });

  test('of many is listed page by page, the newest first', async () => {
    const { call, imports, run } = await fresh();
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) ids.unshift((await run({ name: `${index}` }, stream(rowsItem([row(index)])))).id);
    const first = await imports.list(call, { limit: 3 });
    const second = await imports.list(call, { limit: 3, cursor: first.nextCursor ?? undefined });
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
    expect(second.nextCursor).toBeNull();
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
      imports.start(of, { name: 'x', kind: 'file' }, stream(...items));
    const running = await start(call, () => gate.promise, rowsItem([row(1)]));
    const place = await imports.permit(call);
    await expect(imports.permit(call)).rejects.toMatchObject(refused);
    await expect(start(call)).rejects.toMatchObject(refused);
    // Others have places of their own.
    expect(await (await start(harness.callOf(workspace, 'executive'), rowsItem([row(2)]))).finished).toMatchObject({ read: 1 });
    expect(await (await start(harness.callOf(await harness.workspace()))).finished).toMatchObject({ read: 0 });

    // What was permitted goes on in its own place, which may be given back twice.
    expect(await (await imports.start(call, { name: 'x', kind: 'file' }, stream(rowsItem([row(3)])), place)).finished).toMatchObject({
      read: 1,
    });
    place.leave();
    const failing = await start(call, fails);
    await expect(start(call)).rejects.toMatchObject(refused);
    await expect(failing.finished).rejects.toThrow('The connection was reset.');
    // One that cannot begin has no place either.
    await expect(imports.start(call, { name: 'x', kind: 'file', resume: 'nothing' }, stream())).rejects.toMatchObject({
      code: 'not_found',
    });
    const other = await imports.permit(call);
    gate.resolve();
    expect(await running.finished).toMatchObject({ read: 1 });
    await expect((await start(call)).finished).resolves.toMatchObject({ read: 0 });
    other.leave();
  });
});

describe('an import that fails', () => {
  test('keeps what was committed, says why, and is resumed from there', async () => {
    const { call, imports, run, workspace, syncs, committed } = await fresh();
    const { id, finished } = await imports.start(
      call,
      { name: 'products.csv', kind: 'file', sourceSystem: 'shop' },
      stream(rowsItem([row(1), row(2)]), committed(2), fails),
    );
    await expect(finished).rejects.toThrow('The connection was reset.');
    expect(await imports.get(call, id)).toMatchObject({
      state: 'failed',
      read: 2,
      created: 2,
      failure: { code: 'internal_error', message: 'Internal error' },
    });
    await expect.poll(syncs).toMatchObject([{ source_system: 'shop', state: 'failed', message: 'Internal error' }]);
    const { updated_at: failedAt } = await imports.get(call, id);
    expect(await harness.catalog.sources(call)).toMatchObject([{ source_system: 'shop', state: 'failed', last_sync_at: failedAt }]);

    const report = await run({ resume: id }, stream(rowsItem([row(1), row(2), row(3)])));
    expect(report).toMatchObject({ id, state: 'finished', read: 3, created: 3, failure: null });
    expect((await readChains(harness.database, workspace.id)).length).toBe(3);
    await expect(
      imports.start(call, { name: 'x', kind: 'file', resume: id }, stream(rowsItem([row(9)]))).then((started) => started.finished),
    ).rejects.toMatchObject({
      code: 'import_finished',
    });
  });

  test('before it begins closes its items, of which it has read nothing', async () => {
    const { call, imports, run } = await fresh();
    const { id } = await run({}, stream(rowsItem([row(1)])));
    const use = { idempotency: { route: 'POST /imports', key: 'other' } };
    await harness.catalog.records.upsert(call, target, row(2), use);
    const told: string[] = [];
    // No generator: one that never began does not notice that it is left.
    const iterator: AsyncIterator<ImportItem> = {
      next: async () => {
        told.push('read');
        return { done: true, value: undefined };
      },
      return: async () => {
        told.push('closed');
        throw new Error('What it held was gone before.');
      },
    };
    const start = (options: Partial<ImportOptions>, by = call) =>
      imports.start(by, { name: 'x', kind: 'file', ...options }, { [Symbol.asyncIterator]: () => iterator });
    await expect(start({ resume: id })).rejects.toMatchObject({ code: 'import_finished' });
    await expect(start(use)).rejects.toMatchObject({ code: 'idempotency_key_reused' });
    await expect(start({}, { ...call, principal: { ...call.principal, role: 'viewer' } })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(start({}, { ...call, signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
    expect(told).toEqual(['closed', 'closed', 'closed', 'closed']);
  });

  test('of a defect tells its reason to the one who runs it, and all others that there was one', async () => {
    const { call, imports } = await fresh();
    const { id, finished } = await imports.start({ ...call, request: undefined }, { name: 'x', kind: 'file' }, stream(failsOddly));
    await expect(finished).rejects.toBe('reset');
    expect(await imports.get(call, id)).toMatchObject({ state: 'failed', failure: { code: 'internal_error', message: 'Internal error' } });
  });

  test('is not resumed with other rows', async () => {
    const { call, imports, committed } = await fresh();
    const { id, finished } = await imports.start(
      call,
      { name: 'x', kind: 'file' },
      stream(rowsItem([row(1), row(2)]), committed(2), fails),
    );
    await expect(finished).rejects.toThrow();
    const resume = async (...rows: ImportRow[]) =>
      (await imports.start(call, { name: 'x', kind: 'file', resume: id }, stream(rowsItem(rows)))).finished;
    await expect(resume(row(1, { series: 'other' }), row(2), row(3))).rejects.toMatchObject({ code: 'import_source_changed' });
    await expect(resume(row(1))).rejects.toMatchObject({ code: 'import_source_changed' });
    expect(await resume(row(1), row(2))).toMatchObject({ read: 2 });
  });

  test('by a type that nobody knows or a row guard ends with that error', async () => {
    const { run } = await fresh();
    const items = stream({ kind: 'rows', target: { recordType: 'porduct', sourceSystem: 'shop' }, rows: [row(1)] });
    await expect(run({}, items)).rejects.toMatchObject({ code: 'unknown_record_type' });
  });

  test('because its caller gave up is interrupted, also while its source hangs', async () => {
    const { call, imports } = await fresh();
    const aborted = new AbortController();
    const hangs = () => new Promise<void>(() => {});
    const { id, finished } = await imports.start(
      { ...call, signal: aborted.signal },
      { name: 'x', kind: 'http' },
      stream(rowsItem([row(1)]), hangs),
    );
    await expect.poll(async () => (await imports.get(call, id)).read).toBe(1);
    aborted.abort(new SophiaError('deadline_exceeded', 'The caller is gone.'));
    await expect(finished).rejects.toThrow('The sender went away');
    await expect.poll(async () => (await imports.get(call, id)).state).toBe('interrupted');
    expect(await imports.get(call, id)).toMatchObject({ read: 1, failure: { code: 'source_unreadable' } });
  });

  test('because the process closes is interrupted and can be resumed', async () => {
    const { call, imports, run } = await fresh();
    const catalog = await harness.another();
    const hangs = () => new Promise<void>(() => {});
    const { id, finished } = await catalog.imports.start(call, { name: 'x', kind: 'file' }, stream(rowsItem([row(1)]), hangs));
    await expect.poll(async () => (await imports.get(call, id)).read).toBe(1);
    const closed = catalog.close();
    await expect(finished).rejects.toMatchObject({ code: 'unavailable' });
    await closed;
    expect((await imports.get(call, id)).state).toBe('interrupted');
    await expect(catalog.imports.start(call, { name: 'x', kind: 'file' }, stream())).rejects.toMatchObject({ code: 'unavailable' });
    expect(await run({ resume: id }, stream(rowsItem([row(1), row(2)])))).toMatchObject({ id, read: 2, created: 2 });
  });
});

describe('two processes', () => {
  test('do not run one import at once', async () => {
    const { call, imports } = await fresh();
    const other = await harness.another();
    let go: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const idempotency = { route: 'POST /records/product', key: 'k' };
    const options = { name: 'x', kind: 'http', idempotency } as const;
    const { id, finished } = await imports.start(
      call,
      options,
      stream(() => gate, rowsItem([row(1)])),
    );
    await expect(other.imports.start(call, options, stream(rowsItem([row(1)])))).rejects.toMatchObject({ code: 'request_in_progress' });
    await expect(other.imports.start(call, { name: 'x', kind: 'http', resume: id }, stream(rowsItem([row(1)])))).rejects.toMatchObject({
      code: 'import_running',
    });
    go();
    await finished;
  });

  test('one of which believed the other dead: its next chunk is refused whole', async () => {
    const { call, imports, workspace } = await fresh();
    let go: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { id, finished } = await imports.start(
      call,
      { name: 'x', kind: 'file' },
      stream(rowsItem([row(1)]), () => gate, rowsItem([row(2)])),
    );
    await expect.poll(async () => (await imports.get(call, id)).read).toBe(1);
    // As another process would, that has gone on with it after its lock was lost.
    await harness.database.write([workspace.id], (transaction) =>
      harness.database.query(transaction, {
        name: 'test_advance',
        text: 'update import_lane set committed_through = committed_through + 100',
      }),
    );
    go();
    await expect(finished).rejects.toMatchObject({ code: 'import_taken_over' });
    expect((await readChains(harness.database, workspace.id)).length).toBe(1);
    expect((await imports.get(call, id)).failure).toBeNull();
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
    await expect(run({ kind: 'http', idempotency }, stream(rowsItem([row(1)])))).rejects.toMatchObject(refused);
    expect(await run({ kind: 'http', idempotency }, numberedItems(500, 0))).toEqual(report);
  });
});

describe('a Singer tap', () => {
  const versioned = (number: number, version: number) => row(number, {}, { streamVersion: version });

  test('has its states told when everything before them is committed, and goes on from the last one', async () => {
    const { call, imports, run } = await fresh();
    const options = { name: 'tap-shop', kind: 'singer' } as const;
    const told: JsonValue[] = [];
    const stateIsKept = async (): Promise<void> => {
      await expect.poll(async () => (await imports.list(call)).items[0]?.lastState).toEqual({ at: 1 });
    };
    const started = await imports.start(
      call,
      {
        ...options,
        onState: (state) => void told.push(state),
      },
      stream(
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
    expect(await imports.get(call, id)).toMatchObject({ state: 'failed', lastState: { at: 2 }, read: 2, created: 2 });

    const again = await imports.start(call, options, stream(rowsItem([row(2), row(3)]), { kind: 'state', state: { at: 3 } }));
    expect(again).toMatchObject({ origin: 'new', lastState: { at: 2 } });
    expect(again.id).not.toBe(id);
    expect(await again.finished).toMatchObject({ lastState: { at: 3 }, created: 1, unchanged: 1 });
    expect(await run(options, stream())).toMatchObject({ lastState: null, read: 0 });
    expect((await imports.start(call, options, stream())).lastState).toEqual({ at: 3 });
    expect((await imports.start(call, { ...options, name: 'tap-other' }, stream())).lastState).toBeNull();
    await expect(imports.start(call, { ...options, resume: id }, stream())).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('that activates a version deletes what older versions had and this one has not', async () => {
    const { run, records, call, workspace } = await fresh();
    const options = { name: 'tap-shop', kind: 'singer' } as const;
    await records.upsert(call, target, row(9));
    await run(
      options,
      stream(rowsItem([versioned(1, 100), versioned(2, 100), versioned(3, 100)]), { kind: 'activate_version', target, version: 100 }),
    );
    expect((await records.list(call, 'product')).items.length).toBe(4);
    // Unchanged rows belong to the new version too, and older arrivals.
    const report = await run(
      options,
      stream(
        rowsItem([versioned(1, 200), versioned(4, 200)]),
        { kind: 'activate_version', target, version: 200 },
        rowsItem([versioned(5, 200)]),
        { kind: 'state', state: 'end' },
      ),
    );
    expect(report).toMatchObject({ created: 2, unchanged: 1, deletedByVersion: 2, lastState: 'end' });
    expect((await records.list(call, 'product')).items.map(({ source_id }) => source_id)).toEqual(['P-1', 'P-4', 'P-5', 'P-9']);
    expect(await brokenChains(harness.database, workspace.id)).toEqual([]);
  });

  test('that activates a version twice, or sends older rows of it, deletes nothing that it has', async () => {
    const { run, records, call } = await fresh();
    const options = { name: 'tap-shop', kind: 'singer' } as const;
    const placed = (number: number, version: number, place: number) => row(number, {}, { streamVersion: version, source_version: place });
    await run(options, stream(rowsItem([placed(1, 100, 5), placed(2, 100, 5)]), { kind: 'activate_version', target, version: 100 }));
    const report = await run(
      options,
      stream(
        rowsItem([placed(1, 200, 4)]),
        { kind: 'activate_version', target, version: 200 },
        { kind: 'activate_version', target, version: 200 },
      ),
    );
    expect(report).toMatchObject({ unchanged: 1, stale: 1, deletedByVersion: 1 });
    expect((await records.list(call, 'product')).items.map(({ source_id }) => source_id)).toEqual(['P-1']);
  });

  test('that activates a version deletes nothing whose row in it is rejected, as long as that row waits', async () => {
    const { run, records, call, deadLetters } = await fresh();
    const options = { name: 'tap-shop', kind: 'singer' } as const;
    const activate = (version: number): ImportItem => ({ kind: 'activate_version', target, version });
    await run(options, stream(rowsItem([versioned(1, 100), versioned(2, 100)]), activate(100)));
    const broken = { ...versioned(1, 200), fields: { list_price: 'dear' } };
    expect(await run(options, stream(rowsItem([broken]), activate(200)))).toMatchObject({ rejected: 1, deletedByVersion: 1 });
    const ids = async () => (await records.list(call, 'product')).items.map(({ source_id }) => source_id);
    expect(await ids()).toEqual(['P-1']);
    // A tap names its version on every run, also where it sends what changed alone.
    const reject = async (version: number): Promise<string> => {
      await run(options, stream(rowsItem([{ ...broken, streamVersion: version }]), activate(version)));
      const { items } = await deadLetters.list(call);
      expect(items.map(({ row }) => row)).toEqual([{ source_id: 'P-1', fields: broken.fields }]);
      return items[0]?.id ?? '';
    };
    const letter = await reject(200);
    await deadLetters.repair(call, letter, { source_id: 'P-1', fields: { list_price: '5' } });
    expect(await deadLetters.replay(call, { ids: [letter] })).toMatchObject({ updated: 1 });
    expect(await run(options, stream(activate(200)))).toMatchObject({ deletedByVersion: 0 });
    expect(await ids()).toEqual(['P-1']);

    expect(await deadLetters.discard(call, [await reject(300)])).toBe(1);
    expect(await run(options, stream(activate(300)))).toMatchObject({ deletedByVersion: 1 });
    expect(await ids()).toEqual([]);
  });

  test('that deletes more than a transaction holds', async () => {
    const { run, records, call } = await fresh();
    const options = { name: 'tap-shop', kind: 'singer' } as const;
    await run(options, stream(rowsItem(Array.from({ length: 2_600 }, (_, index) => versioned(index, 100)))));
    const report = await run(options, stream(rowsItem([versioned(7, 200)]), { kind: 'activate_version', target, version: 200 }));
    expect(report).toMatchObject({ deletedByVersion: 2_599 });
    expect((await records.list(call, 'product')).items.map(({ source_id }) => source_id)).toEqual(['P-7']);
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
  const report = await run({ name: 'tokenless.csv' }, stream(rowsItem([row(1)])));
  expect(report).toMatchObject({ state: 'finished', created: 1, failure: null, token: null });
  await expect.poll(syncs).toMatchObject([{ name: 'tokenless.csv', state: 'succeeded' }]);
  expect(harness.observability.lines()).toContainEqual(expect.objectContaining({ import: report.id, err: expect.anything() }));
});

test('where an import comes from and how it goes on is told to who may import or administer', async () => {
  const { imports, run, workspace } = await fresh();
  const parameters = { path: '/home/ada/deals.csv', mapping: 'fields: {}' };
  const { id } = await run({ kind: 'singer', parameters }, stream(rowsItem([row(1)]), { kind: 'state', state: { at: 'P-1' } }));
  const read = async (role: Role) => [
    await imports.get(harness.callOf(workspace, role), id),
    (await imports.list(harness.callOf(workspace, role))).items[0],
  ];
  const told = { id, parameters, lastState: { at: 'P-1' } };
  expect(await read('admin')).toMatchObject([told, told]);
  expect(await read('employee')).toMatchObject([told, told]);
  const untold = expect.objectContaining({ id, created: 1, parameters: {}, lastState: null });
  expect(await read('analyst')).toEqual([untold, untold]);
});

test('who neither reads nor writes any records, nor administers, is told of no import and of no event that is of no record', async () => {
  const { call, imports, run, workspace, syncs, syncsSeenBy } = await fresh();
  const { id } = await run({}, stream(rowsItem([row(1)])));
  const as = (role: Role) => harness.callOf(workspace, role);
  await expect.poll(syncs).toHaveLength(1);
  const forbidden = { code: 'forbidden', details: { action: 'read', object: 'imports' } };
  for (const wanted of [id, 'unknown']) await expect(imports.get(as('viewer'), wanted)).rejects.toMatchObject(forbidden);
  await expect(imports.list(as('viewer'))).rejects.toMatchObject(forbidden);
  expect(await syncsSeenBy(as('viewer'))).toEqual([]);
  const told = async (role: Role) => {
    expect(await imports.get(as(role), id)).toMatchObject({ id, created: 1 });
    expect(await syncsSeenBy(as(role))).toHaveLength(1);
  };
  await told('analyst');
  // Who writes blindly follows its own imports; who administers does so whatever it may read.
  await harness.auth.policies.replace(call, [
    { rule: 'forbid', roles: ['executive'], actions: ['read'] },
    { rule: 'forbid', roles: ['admin'], actions: ['read', 'write'] },
  ]);
  await told('executive');
  await told('admin');
});

test('who sees no values in records sees none in reports', async () => {
  const { call, imports, run, workspace } = await fresh();
  const deals = { recordType: 'deal', sourceSystem: 'crm' };
  const odd = { line: 2, code: 'invalid_field_name', message: 'bonus: found "much"', column: 'bonus', value: 'much' };
  const rows = [row(1, { amount: 'much' }), row(2, {}, { errors: [odd] })];
  const { id } = await run({}, stream({ kind: 'rows', target: deals, rows }));
  expect((await imports.get(call, id)).errors).toMatchObject([{ column: 'amount', value: 'much' }, odd]);
  const masked = await imports.get(harness.callOf(workspace, 'employee'), id);
  expect(masked.errors).toEqual([
    { line: 1, code: 'invalid_money', column: 'amount', message: 'Invalid amount' },
    { line: 2, code: 'invalid_field_name', column: 'bonus', message: ERROR_CODES.invalid_field_name.title },
  ]);
  const unread: PolicyRule = { rule: 'forbid', roles: ['executive'], actions: ['read'], record_types: ['deal'] };
  await harness.auth.policies.replace(call, [unread]);
  expect((await imports.get(harness.callOf(workspace, 'executive'), id)).errors).toEqual(masked.errors);
  // What another type calls so is not what the row meant.
  await harness.catalog.recordTypes.define(call, 'payroll', { type: 'object', properties: { bonus: { type: 'string' } } });
  expect((await imports.list(harness.callOf(workspace, 'employee'))).items[0]?.errors).toEqual(masked.errors);
});

test('who sees only some rows of a type sees the values of another in reports', async () => {
  const { call, imports, run, workspace } = await fresh();
  const rejected = (recordType: string, line: number, fields: JsonObject) => ({
    kind: 'rows' as const,
    target: { recordType, sourceSystem: 'crm' },
    rows: [row(line, fields)],
  });
  const { id } = await run({}, stream(rejected('deal', 1, { currency: 'much' }), rejected('company', 2, { employees: 'many' })));
  const rows = { field: 'status', operator: 'eq' as const, values: ['open'] };
  await harness.auth.policies.replace(call, [
    { rule: 'forbid', roles: ['executive'], actions: ['read'], record_types: ['deal'] },
    { rule: 'allow', roles: ['executive'], actions: ['read'], record_types: ['deal'], rows },
  ]);
  const { errors } = await imports.get(harness.callOf(workspace, 'executive'), id);
  expect(errors.map(({ column, value }) => [column, value])).toEqual([
    ['currency', undefined],
    ['employees', 'many'],
  ]);
});
