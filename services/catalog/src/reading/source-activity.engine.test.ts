import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportItem } from '../catalog.ts';
import { lockImport } from '../imports/import-store.ts';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { row, target } from '../testing/deals.ts';
import { fails, hangs, importStream } from '../testing/import-stream.ts';
import { READ_INTERRUPTED_SOURCES, readInterruptedSources, readSourceActivity } from './source-activity.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());
const fresh = () => harness.fresh();

describe('freshness', () => {
  test('finds what each source did last', async () => {
    const { call, workspace, records } = await fresh();
    expect(await readSourceActivity(harness.database, [])).toEqual([]);
    // Of some writes before, through whichever connection.
    await harness.database.write([workspace.id], (transaction) => harness.database.query(transaction, ACTIVE_YESTERDAY, [workspace.id]));
    await records.upsert(call, target, row('D-1', { name: 'a' }));
    const { updated_at: writtenAt } = await records.getByKey(call, target, 'D-1');
    const items = importStream({ kind: 'rows', target: { ...target, sourceSystem: 'erp' }, rows: [row('E-1', {})] });
    const report = await (await harness.catalog.imports.start(call, { name: 'erp', kind: 'file' }, items)).finished;
    const activity = await readSourceActivity(harness.database, [workspace.id]);
    expect(activity.toSorted((one, other) => (one.source_system < other.source_system ? -1 : 1))).toMatchObject([
      { source_system: 'crm', record_type: 'deal', sync: 'none', last_sync_at: null, last_record_at: writtenAt },
      { source_system: 'erp', record_type: 'deal', sync: 'succeeded', last_sync_at: report.finished_at },
    ]);
    const statuses = await harness.catalog.sources(call);
    expect(statuses.map(({ source_system, state }) => `${source_system} ${state}`)).toEqual(['crm idle', 'erp idle']);
  });

  test('finds when an import failed, as who followed the log does', async () => {
    const { call, workspace, records } = await fresh();
    await records.upsert(call, target, row('D-1', { name: 'a' }));
    const items = importStream({ kind: 'rows', target, rows: [row('D-2', {})] }, fails);
    const { id, finished } = await harness.catalog.imports.start(call, { name: 'crm', kind: 'file', sourceSystem: 'crm' }, items);
    await expect(finished).rejects.toThrow('The connection was reset.');
    const { updated_at: failedAt } = await harness.catalog.imports.get(call, id);
    expect(await readSourceActivity(harness.database, [workspace.id])).toMatchObject([{ sync: 'failed', last_sync_at: failedAt }]);
    expect(await harness.catalog.sources(call)).toMatchObject([{ source_system: 'crm', state: 'failed', last_sync_at: failedAt }]);
  });

  test('finds how the import ended that ended last, whichever began first', async () => {
    const { call, workspace } = await fresh();
    const ends = Promise.withResolvers<void>();
    const start = (items: AsyncIterable<ImportItem>) =>
      harness.catalog.imports.start(call, { name: 'crm', kind: 'file', sourceSystem: 'crm' }, items);
    const slow = await start(importStream({ kind: 'rows', target, rows: [row('D-1', {})] }, () => ends.promise));
    const states = async () => {
      const [sources, activity] = await Promise.all([harness.catalog.sources(call), readSourceActivity(harness.database, [workspace.id])]);
      return [sources[0]?.state, activity[0]?.sync, activity[0]?.last_sync_at];
    };
    await (await start(importStream({ kind: 'rows', target, rows: [row('D-2', {})] }, fails))).finished.catch(() => undefined);
    expect((await states()).slice(0, 2)).toEqual(['syncing', 'failed']);
    ends.resolve();
    const { finished_at } = await slow.finished;
    expect(await states()).toEqual(['idle', 'succeeded', finished_at]);
  });

  test('finds of which sources an import was interrupted, until it is resumed or another one ends', async () => {
    const { call, workspace } = await fresh();
    const { imports } = harness.catalog;
    expect(await readInterruptedSources(harness.database, [])).toEqual([]);
    const interrupted = () => readInterruptedSources(harness.database, [workspace.id]);
    const rows = (name: string, count: number) => ({
      kind: 'rows' as const,
      target: { ...target, sourceSystem: name },
      rows: Array.from({ length: count }, (_, at) => ({ ...row(`D-${at}`, {}), line: at + 1 })),
    });
    const start = (name: string, items: AsyncIterable<ImportItem>, more: { resume?: string; signal?: AbortSignal } = {}) => {
      const { signal, resume } = more;
      return imports.start({ ...call, signal }, { name, kind: 'file', sourceSystem: name, resume }, items);
    };
    const stateOf = async (name: string) =>
      (await harness.catalog.sources(call)).find(({ source_system }) => source_system === name)?.state;
    const interrupt = async (name: string) => {
      const gone = new AbortController();
      const { id, finished } = await start(name, importStream(rows(name, 1), hangs), { signal: gone.signal });
      expect(await interrupted()).not.toContainEqual({ workspace: workspace.id, source_system: name });
      gone.abort(new Error('gone'));
      await expect(finished).rejects.toThrow('gone');
      await expect.poll(interrupted).toContainEqual({ workspace: workspace.id, source_system: name });
      expect(await stateOf(name)).toBe('failed');
      return id;
    };
    const first = await interrupt('crm');
    await interrupt('erp');
    expect(await interrupted()).toHaveLength(2);

    await (await start('crm', importStream(rows('crm', 2)), { resume: first })).finished;
    expect(await interrupted()).toEqual([{ workspace: workspace.id, source_system: 'erp' }]);
    await (await start('erp', importStream(rows('erp', 2)))).finished;
    expect(await interrupted()).toEqual([]);
    expect([await stateOf('crm'), await stateOf('erp')]).toEqual(['idle', 'idle']);
  });

  test('finds that an import was killed, also where another one of its source ended since its last row', async () => {
    const { call, workspace } = await fresh();
    const { database, catalog } = harness;
    const found = async () => [
      (await readInterruptedSources(database, [workspace.id])).map(({ source_system }) => source_system),
      (await catalog.sources(call)).map(({ state }) => state),
    ];
    const ends = async (...last: (() => Promise<void>)[]) => {
      const items = importStream({ kind: 'rows', target, rows: [row('D-1', {})] }, ...last);
      await (await catalog.imports.start(call, { name: 'crm', kind: 'file', sourceSystem: 'crm' }, items)).finished.catch(() => undefined);
    };
    for (const [id, last] of [
      ['finishes', []],
      ['fails', [fails]],
    ] as const) {
      const process = await database.openSession();
      await lockImport(process, `${id}-${workspace.id}`);
      await database.write([workspace.id], (transaction) =>
        database.query(transaction, RUNNING_IMPORT, [`${id}-${workspace.id}`, workspace.id]),
      );
      await ends(...last);
      expect(await found()).toEqual([[], ['syncing']]);
      await process.close();
      await expect.poll(found).toEqual([['crm'], ['failed']]);
      await ends();
      expect(await found()).toEqual([[], ['idle']]);
    }
  });

  test('finds what is interrupted without a look at the imports that ended', async () => {
    const { workspace } = await fresh();
    const { database } = harness;
    await database.write([workspace.id], (transaction) => database.query(transaction, ENDED_IMPORTS, [workspace.id, 20_000]));
    expect(await readInterruptedSources(database, [workspace.id])).toEqual([{ workspace: workspace.id, source_system: 'rare' }]);
    const text = `explain (analyze, buffers, format json) ${READ_INTERRUPTED_SOURCES.text}`;
    const [row] = await database.select<Explained>([workspace.id], { name: 'explain_interrupted', text });
    const plan = row?.['QUERY PLAN'][0].Plan;
    // The imports stand in some 400 blocks.
    expect(Number(plan?.['Shared Hit Blocks']) + Number(plan?.['Shared Read Blocks'])).toBeLessThan(100);
  });
});

const ACTIVE_YESTERDAY = {
  name: 'insert_activity_of_yesterday',
  text: `insert into source_activity (workspace, source_system, record_type, slot, last_record_at)
    select $1::int, 'crm', 'deal', slot, now() - interval '1 day' from generate_series(0, 15) as slot`,
};

/** So many imports of a source that ended, and before them one of each of two sources that was interrupted. */
const ENDED_IMPORTS = {
  name: 'insert_ended_imports',
  text: `insert into import_run (id, workspace, name, kind, state, principal, source_system, parameters, lanes, updated_at, finished_at)
    select $1::text || '-' || n, $1::int, 'nightly', 'file', state, 'key:1', source, '{}', 1, now() + n * interval '1 second', ended
    from generate_series(-1, $2::int) as n,
      lateral (select case when n < 1 then 'running' else 'finished' end as state) as s,
      lateral (select case when n < 0 then 'rare' else 'usual' end as source) as t,
      lateral (select case when n > 0 then now() + n * interval '1 second' end as ended) as u`,
};

/** An import of a minute ago, which wrote nothing since. */
const RUNNING_IMPORT = {
  name: 'insert_running_import',
  text: `insert into import_run (id, workspace, name, kind, state, principal, source_system, parameters, lanes, updated_at)
    values ($1, $2, 'nightly', 'file', 'running', 'key:1', 'crm', '{}', 1, now() - interval '1 minute')`,
};

interface Explained {
  readonly 'QUERY PLAN': readonly [{ readonly Plan: { readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number } }];
}
