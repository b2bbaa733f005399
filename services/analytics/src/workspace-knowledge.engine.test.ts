import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SophiaError, systemClock } from '@sophia/shared';
import { BUILTIN_RECORD_TYPES, type Position, type WorkspaceId } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';
import { createDuckDbWarehouse } from '@sophia/warehouse/duckdb';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createCurrencies } from './currencies.ts';
import { createSemanticLayers } from './models/semantic-layers.ts';
import { createPreparedQueries } from './queries/prepared-queries.ts';
import { createRollups } from './rollups.ts';
import { createSourceSystems } from './source-systems.ts';
import { createWorkspaceKnowledge, type WorkspaceKnowledge, type WorkspaceKnowledgeOptions } from './workspace-knowledge.ts';

const MODELS = fileURLToPath(new URL('../../../samples/crm/models/', import.meta.url));
const WORKSPACES = [1 as WorkspaceId, 2 as WorkspaceId];

let folder: string;
let warehouse: Warehouse;
const open = (): Promise<Warehouse> =>
  createDuckDbWarehouse({
    file: join(folder, 'warehouse.duckdb'),
    memoryLimitMb: 256,
    threads: 1,
    readers: 1,
    builtinTypes: BUILTIN_RECORD_TYPES,
  });
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-knowledge-'));
  warehouse = await open();
});
afterEach(async () => {
  await warehouse.close();
  await rm(folder, { recursive: true });
});

const readModels = async () => {
  const names = await readdir(MODELS);
  return Promise.all(names.map(async (name) => ({ path: name, text: await readFile(join(MODELS, name), 'utf8') })));
};

/** Knowledge over the warehouse, with the names of the derived tables after each change of them. */
const start = (
  readRecordTypes: WorkspaceKnowledgeOptions['readRecordTypes'] = async () => BUILTIN_RECORD_TYPES,
  query = warehouse.query,
) => {
  const kept: string[][] = [];
  const told: Warehouse = {
    ...warehouse,
    query,
    async setDerivedTables(...args) {
      await warehouse.setDerivedTables(...args);
      kept.push(warehouse.derivedTables().map(({ name }) => name));
    },
  };
  const currencies = createCurrencies(told);
  const sourceSystems = createSourceSystems(told);
  const errors: unknown[] = [];
  const logger = { info: () => undefined, warn: () => undefined, error: (error: unknown) => void errors.push(error) };
  const rollups = createRollups(told, logger);
  const prepared = createPreparedQueries({
    warehouse: told,
    clock: systemClock,
    calendar: () => ({ timeZone: 'UTC', weekStart: 'monday' }),
    rollups: rollups.available,
    onlyCurrency: currencies.only,
    onlySourceSystem: sourceSystems.only,
  });
  const layers = createSemanticLayers({ readModels, readRecordTypes, logger });
  const knowledge: WorkspaceKnowledge = createWorkspaceKnowledge({
    readRecordTypes,
    layers,
    currencies,
    sourceSystems,
    rollups,
    prepared,
    logger,
  });
  return { knowledge, kept, errors, rollups, currencies };
};

it('each workspace takes up the rollups of an earlier run, and leaves those of others as they are', async () => {
  const first = start();
  await first.knowledge.knowAll(WORKSPACES, new AbortController().signal);
  const names = first.kept.at(-1)?.sort();
  for (const workspace of WORKSPACES) expect(first.rollups.available(workspace).length).toBeGreaterThan(0);

  await warehouse.close();
  warehouse = await open();
  const rows = async () => (await warehouse.query({ text: 'select name, rowid from sophia.derived order by name', parameters: [] })).values;
  const before = await rows();
  const second = start();
  for (const workspace of WORKSPACES) {
    await second.knowledge.know(workspace);
    expect(second.rollups.available(workspace).length).toBeGreaterThan(0);
    expect(second.kept.at(-1)?.sort()).toEqual(names);
  }
  await second.knowledge.knowAll(WORKSPACES, new AbortController().signal);
  expect(second.kept).toHaveLength(WORKSPACES.length);
  expect(await rows()).toEqual(before);
});

it('a rollup is not answered from while its table is the one of another definition', async () => {
  const { knowledge, rollups } = start();
  const [workspace] = WORKSPACES as [WorkspaceId];
  await knowledge.know(workspace);
  const tables = warehouse.derivedTables();
  const defineAs = (fingerprints: readonly string[]) =>
    warehouse.setDerivedTables(
      tables.map(({ name }, index) => ({
        name,
        fingerprint: fingerprints[index] ?? '',
        reads: [{ workspace, recordType: 'deal' }],
        create: [{ text: `create table "${name}" as select 1 as one`, parameters: [] }],
        refresh: [],
      })),
    );
  await defineAs(tables.map(() => 'an older one'));
  expect(rollups.available(workspace)).toEqual([]);
  await defineAs(tables.map(({ fingerprint }) => fingerprint));
  expect(rollups.available(workspace).map(({ table }) => table)).toEqual(tables.map(({ name }) => name));
});

it('learning all ends with the workspace that is being learnt, and tells nothing of what closing did to it', async () => {
  const closing = new AbortController();
  const asked: WorkspaceId[] = [];
  const { knowledge, errors } = start(async (workspace) => {
    asked.push(workspace);
    closing.abort();
    throw new Error('The database connections are closed.');
  });
  await knowledge.knowAll(WORKSPACES, closing.signal);
  expect([asked, errors]).toEqual([WORKSPACES.slice(0, 1), []]);
});

it('a workspace that could not be learnt at the start is learnt when it is asked for', async () => {
  let isDown = true;
  const { knowledge, errors, rollups } = start(async () => {
    if (isDown) throw new Error('no connection');
    return BUILTIN_RECORD_TYPES;
  });
  const [workspace] = WORKSPACES as [WorkspaceId];
  await knowledge.knowAll([workspace], new AbortController().signal);
  expect(errors).toHaveLength(1);
  await expect(knowledge.know(workspace)).rejects.toThrow('no connection');
  isDown = false;
  await knowledge.know(workspace);
  expect(rollups.available(workspace).length).toBeGreaterThan(0);
  knowledge.forget(workspace);
  await knowledge.know(workspace);
});

it('a type whose statement fails may have several currencies, and keeps nothing else from being known', async () => {
  const code: { now: 'overloaded' | 'warehouse_statement_failed' } = { now: 'overloaded' };
  const { knowledge, errors, rollups, currencies } = start(undefined, (statement, options) =>
    statement.text.includes('"deal"') ? Promise.reject(new SophiaError(code.now, 'Not this one.')) : warehouse.query(statement, options),
  );
  const [workspace] = WORKSPACES as [WorkspaceId];
  const at = '2026-01-02T03:04:05.000000Z';
  const row = { workspace, id: '1', source_system: 'crm', source_id: 'a', version: 1, valid_from: 1n, created_at: at, data: {} };
  await warehouse.apply({
    changes: [{ kind: 'upsert', recordType: 'deal', row: { ...row, occurred_at: null, business_priority: null } }],
    cursor: 'e.1.1' as Position,
    tick: 1,
    completeTo: at,
    endOfTick: true,
  });
  await expect(knowledge.know(workspace)).rejects.toMatchObject({ code: 'overloaded' });
  expect(errors).toEqual([]);
  code.now = 'warehouse_statement_failed';
  await knowledge.know(workspace);
  expect(errors).toMatchObject([{ err: { code: code.now }, workspace, record_type: 'deal' }]);
  expect(['deal', 'product'].map((type) => currencies.only(workspace, type, 'currency'))).toEqual([undefined, null]);
  expect(rollups.available(workspace).length).toBeGreaterThan(0);
});

it('a workspace that is forgotten while it is learnt is learnt anew, whatever becomes of the first attempt', async () => {
  const first = Promise.withResolvers<typeof BUILTIN_RECORD_TYPES>();
  let isFirst = true;
  const { knowledge, rollups } = start(() => {
    if (!isFirst) return Promise.resolve(BUILTIN_RECORD_TYPES);
    isFirst = false;
    return first.promise;
  });
  const [workspace] = WORKSPACES as [WorkspaceId];
  const learning = knowledge.know(workspace);
  knowledge.forget(workspace);
  const again = knowledge.know(workspace);
  first.reject(new Error('no connection'));
  await expect(learning).rejects.toThrow('no connection');
  expect(knowledge.know(workspace)).toBe(again);
  await again;
  expect(rollups.available(workspace).length).toBeGreaterThan(0);
});
