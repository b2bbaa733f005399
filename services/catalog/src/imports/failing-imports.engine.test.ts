import { SophiaError } from '@sophia/shared';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportItem, ImportOptions, ImportRow } from '../catalog.ts';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { fails, hangs, importStream } from '../testing/import-stream.ts';
import { productImports, row, rowsItem, target } from '../testing/product-imports.ts';
import { readChains } from '../testing/record-chains.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());
const fresh = () => productImports(harness);
const failsOddly = (): Promise<void> => Promise.reject('reset');

describe('an import that fails', () => {
  test('keeps what was committed, says why, and is resumed from there', async () => {
    const { call, imports, run, workspace, syncs, committed } = await fresh();
    const { id, finished } = await imports.start(
      call,
      { name: 'products.csv', kind: 'file', sourceSystem: 'shop' },
      importStream(rowsItem([row(1), row(2)]), committed(2), fails),
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

    await harness.database.write([workspace.id], (transaction) =>
      harness.database.query(transaction, { name: 'test_ran_an_hour', text: 'update import_run set milliseconds = 3600000' }),
    );
    const isResumed = async (): Promise<void> =>
      expect(await imports.get(call, id)).toMatchObject({ state: 'running', read: 2, failure: null });
    const report = await run({ resume: id }, importStream(isResumed, rowsItem([row(1), row(2), row(3)])));
    expect(report).toMatchObject({ id, state: 'finished', read: 3, created: 3, failure: null });
    expect(report.seconds).toBeGreaterThan(3_600);
    expect((await readChains(harness.database, workspace.id)).length).toBe(3);
    await expect(
      imports.start(call, { name: 'x', kind: 'file', resume: id }, importStream(rowsItem([row(9)]))).then((started) => started.finished),
    ).rejects.toMatchObject({
      code: 'import_finished',
    });
  });

  test.each(['its key is revoked', 'its role may no longer write'])('where %s ends there, and keeps what came before', async (why) => {
    const { call, imports, workspace, committed } = await fresh();
    const { key, text } = await harness.auth.keys.create(call, { name: 'tap', role: 'executive' });
    const principal = await harness.auth.authentication.authenticate(`Bearer ${text}`);
    const isRevoked = why === 'its key is revoked';
    const takeAway = async (): Promise<void> => {
      if (isRevoked) await harness.auth.keys.revoke(call, key.id);
      else await harness.auth.policies.replace(call, [{ rule: 'forbid', roles: ['executive'], actions: ['write'] }]);
    };
    const rows = importStream(rowsItem([row(1)]), committed(1), takeAway, rowsItem([row(2)]), rowsItem([row(3)]));
    const { id, finished } = await imports.start({ ...call, principal }, { name: 'x', kind: 'http', sourceSystem: 'shop' }, rows);
    const code = isRevoked ? 'unauthenticated' : 'forbidden';
    await expect(finished).rejects.toMatchObject({ code });
    expect(await imports.get(call, id)).toMatchObject({ state: 'failed', created: 1, failure: { code } });
    expect((await readChains(harness.database, workspace.id)).length).toBe(1);
  });

  test('where its key is revoked deletes nothing more, though its stream says to at once', async () => {
    const { call, imports, records, committed } = await fresh();
    const { key, text } = await harness.auth.keys.create(call, { name: 'tap', role: 'executive' });
    const principal = await harness.auth.authentication.authenticate(`Bearer ${text}`);
    const revoke = () => harness.auth.keys.revoke(call, key.id);
    const rows = rowsItem([row(1, {}, { streamVersion: 100 })]);
    const stream = importStream(rows, committed(1), revoke, { kind: 'activate_version', target, version: 200 });
    const { finished } = await imports.start({ ...call, principal }, { name: 'x', kind: 'singer', sourceSystem: 'shop' }, stream);
    await expect(finished).rejects.toMatchObject({ code: 'unauthenticated' });
    expect((await records.list(call, 'product')).items.length).toBe(1);
  });

  test('before it begins closes its items, of which it has read nothing', async () => {
    const { call, imports, run } = await fresh();
    const { id } = await run({}, importStream(rowsItem([row(1)])));
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
    const { id, finished } = await imports.start({ ...call, request: undefined }, { name: 'x', kind: 'file' }, importStream(failsOddly));
    await expect(finished).rejects.toBe('reset');
    expect(await imports.get(call, id)).toMatchObject({ state: 'failed', failure: { code: 'internal_error', message: 'Internal error' } });
  });

  test('is not resumed with other rows', async () => {
    const { call, imports, committed } = await fresh();
    const { id, finished } = await imports.start(
      call,
      { name: 'x', kind: 'file' },
      importStream(rowsItem([row(1), row(2)]), committed(2), fails),
    );
    await expect(finished).rejects.toThrow();
    const resume = async (...rows: ImportRow[]) =>
      (await imports.start(call, { name: 'x', kind: 'file', resume: id }, importStream(rowsItem(rows)))).finished;
    await expect(resume(row(1, { series: 'other' }), row(2), row(3))).rejects.toMatchObject({ code: 'import_source_changed' });
    await expect(resume(row(1))).rejects.toMatchObject({ code: 'import_source_changed' });
    expect(await resume(row(1), row(2))).toMatchObject({ read: 2 });
  });

  test('by a type that nobody knows or a row guard ends with that error', async () => {
    const { run } = await fresh();
    const items = importStream({ kind: 'rows', target: { recordType: 'porduct', sourceSystem: 'shop' }, rows: [row(1)] });
    await expect(run({}, items)).rejects.toMatchObject({ code: 'unknown_record_type' });
  });

  test('because its caller gave up is interrupted, also while its source hangs', async () => {
    const { call, imports } = await fresh();
    const aborted = new AbortController();
    const { id, finished } = await imports.start(
      { ...call, signal: aborted.signal },
      { name: 'x', kind: 'http' },
      importStream(rowsItem([row(1)]), hangs),
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
    const { id, finished } = await catalog.imports.start(call, { name: 'x', kind: 'file' }, importStream(rowsItem([row(1)]), hangs));
    await expect.poll(async () => (await imports.get(call, id)).read).toBe(1);
    // Its caller waits as long as it may, and is told before the catalog is closed.
    catalog.imports.stop();
    await expect(finished).rejects.toMatchObject({ code: 'unavailable' });
    await catalog.close();
    expect((await imports.get(call, id)).state).toBe('interrupted');
    await expect(catalog.imports.start(call, { name: 'x', kind: 'file' }, importStream())).rejects.toMatchObject({ code: 'unavailable' });
    expect(await run({ resume: id }, importStream(rowsItem([row(1), row(2)])))).toMatchObject({ id, read: 2, created: 2 });
  });
});

describe('two processes', () => {
  test('do not run one import at once', async () => {
    const { call, imports } = await fresh();
    const other = await harness.another();
    const gate = Promise.withResolvers<void>();
    const idempotency = { route: 'POST /records/product', key: 'k' };
    const options = { name: 'x', kind: 'http', idempotency } as const;
    const { id, finished } = await imports.start(
      call,
      options,
      importStream(() => gate.promise, rowsItem([row(1)])),
    );
    await expect(other.imports.start(call, options, importStream(rowsItem([row(1)])))).rejects.toMatchObject({
      code: 'request_in_progress',
    });
    await expect(
      other.imports.start(call, { name: 'x', kind: 'http', resume: id }, importStream(rowsItem([row(1)]))),
    ).rejects.toMatchObject({
      code: 'import_running',
    });
    gate.resolve();
    await finished;
  });

  test('one of which believed the other dead: its next chunk is refused whole', async () => {
    const { call, imports, workspace } = await fresh();
    const gate = Promise.withResolvers<void>();
    const { id, finished } = await imports.start(
      call,
      { name: 'x', kind: 'file' },
      importStream(rowsItem([row(1)]), () => gate.promise, rowsItem([row(2)])),
    );
    await expect.poll(async () => (await imports.get(call, id)).read).toBe(1);
    // As another process would, that has gone on with it after its lock was lost.
    await harness.database.write([workspace.id], (transaction) =>
      harness.database.query(transaction, {
        name: 'test_advance',
        text: 'update import_lane set committed_through = committed_through + 100',
      }),
    );
    gate.resolve();
    await expect(finished).rejects.toMatchObject({ code: 'import_taken_over' });
    expect((await readChains(harness.database, workspace.id)).length).toBe(1);
    expect((await imports.get(call, id)).failure).toBeNull();
  });
});
