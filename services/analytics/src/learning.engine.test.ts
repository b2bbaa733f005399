import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SophiaError } from '@sophia/shared';
import { BUILTIN_RECORD_TYPES, type JsonObject, type JsonValue, type LogEvent, type Position, type WorkspaceId } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';
import { createDuckDbWarehouse } from '@sophia/warehouse/duckdb';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createCurrencies } from './currencies.ts';
import { createFirstChanges } from './first-changes.ts';
import { warehouseBatch } from './projection/warehouse-projection.ts';
import { createSourceSystems } from './source-systems.ts';

const W = 1 as WorkspaceId;

let folder: string;
let warehouse: Warehouse;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-learning-'));
  const file = join(folder, 'warehouse.duckdb');
  warehouse = await createDuckDbWarehouse({ file, memoryLimitMb: 256, threads: 1, readers: 1, builtinTypes: BUILTIN_RECORD_TYPES });
});
afterEach(async () => {
  await warehouse.close();
  await rm(folder, { recursive: true });
});

let tick = 0;
const created = (source_system: string, data: JsonObject): LogEvent => {
  tick += 1;
  return {
    event_version: 1,
    position: `e.${tick}.1` as Position,
    at: new Date(1_700_000_000_000 + tick).toISOString(),
    workspace: W,
    kind: 'record.created',
    record: { id: String(tick) as never, source_system, record_type: 'deal', source_id: `d${tick}` },
    version: 1,
    occurred_at: null,
    source_version: null,
    business_priority: null,
    created_at: null,
    actor: { principal: 'test', via: 'system' },
    cause: {},
    data,
    previous: null,
    original: null,
  };
};
const apply = (event: LogEvent): Promise<void> =>
  warehouse.apply(
    warehouseBatch({
      events: [event],
      cursor: `e.${tick + 1}.0` as Position,
      tick,
      mark: `${tick}`,
      at: event.at,
      completeTo: event.at,
      endOfTick: true,
    }),
  );

it('a currency that is being applied while the others are learnt is known', async () => {
  const currencies = createCurrencies(warehouse);
  await apply(created('crm', { currency: 'USD' }));
  const second = created('crm', { currency: 'EUR' });
  currencies.learnFrom([second]);
  await currencies.learn(W, 'deal', 'currency');
  await apply(second);
  expect(currencies.only(W, 'deal', 'currency')).toBeUndefined();
});

it('a system that is being applied while the others are learnt is known', async () => {
  const systems = createSourceSystems(warehouse);
  await apply(created('crm', {}));
  const second = created('shop', {});
  systems.learnFrom([second]);
  await systems.learn(W, 'deal');
  await apply(second);
  expect(systems.only(W, 'deal')).toBeUndefined();
});

it('a second system that a reference names is told, other objects and nothing at all are none', async () => {
  const systems = createSourceSystems(warehouse);
  await apply(created('crm', {}));
  await systems.learn(W, 'deal');
  const learn = (owner: JsonValue) => [[...systems.learnFrom([created('crm', { owner })])], systems.only(W, 'deal')];
  expect([learn(null), learn('Ada'), learn({ first_name: 'Ada' })]).toEqual(Array.from({ length: 3 }, () => [[], 'crm']));
  expect(learn({ source_system: 'shop', source_id: 'Ada' })).toEqual([[W], undefined]);
});

it('systems that are named by references in fields that were added to a built-in type are known', async () => {
  const builtin = BUILTIN_RECORD_TYPES.find(({ name }) => name === 'deal')?.fields ?? [];
  await warehouse.ensureType(W, 'deal', [...builtin, { name: 'partner', type: 'reference', references: 'company' }]);
  await apply(created('crm', { partner: 'Acme' }));
  const only = async () => {
    const systems = createSourceSystems(warehouse);
    await systems.learn(W, 'deal');
    return systems.only(W, 'deal');
  };
  expect(await only()).toBe('crm');
  await apply(created('crm', { partner: { source_system: 'shop', source_id: 'Acme' } }));
  expect(await only()).toBeUndefined();
});

const onlyCurrency = async (recordType: string) => {
  const currencies = createCurrencies(warehouse);
  await currencies.learn(W, recordType, 'currency');
  return currencies.only(W, recordType, 'currency');
};

it('currencies are known from every column of a field that changed its type, now and in the past', async () => {
  const define = (type: 'integer' | 'json' | 'text') => warehouse.ensureType(W, 'cu', [{ name: 'currency', type }]);
  const write = (id: string, version: number, currency: JsonValue) =>
    apply({
      ...created('crm', { currency }),
      version,
      record: { id: id as never, source_system: 'crm', record_type: 'cu', source_id: id },
    });
  await define('json');
  await define('integer');
  await define('text');
  await write('1', 1, 'EUR');
  expect(await onlyCurrency('cu')).toBe('EUR');
  await define('json');
  await write('2', 1, 'EUR');
  await define('text');
  expect(await onlyCurrency('cu')).toBe('EUR');
  await define('integer');
  await write('3', 1, 978);
  await define('text');
  await write('3', 2, 'EUR');
  expect(await onlyCurrency('cu')).toBeUndefined();
});

it('a currency that was a number is known as the text that it is read as', async () => {
  await warehouse.ensureType(W, 'cu', [{ name: 'currency', type: 'number' }]);
  await apply({
    ...created('crm', { currency: 978 }),
    record: { id: '1' as never, source_system: 'crm', record_type: 'cu', source_id: '1' },
  });
  await warehouse.ensureType(W, 'cu', [{ name: 'currency', type: 'text' }]);
  expect(await onlyCurrency('cu')).toBe('978');
});

it('currencies that come while their field is no text are known when it is one again', async () => {
  const currencies = createCurrencies(warehouse);
  await currencies.learn(W, 'deal', 'currency');
  const learn = (currency: JsonValue) => [
    [...currencies.learnFrom([created('crm', { currency })])],
    currencies.only(W, 'deal', 'currency'),
  ];
  expect([learn(null), learn(978), learn('EUR')]).toEqual([
    [[], null],
    [[W], '978'],
    [[W], undefined],
  ]);
});

it('currencies in a field that was added to a built-in type are known', async () => {
  const builtin = BUILTIN_RECORD_TYPES.find(({ name }) => name === 'user')?.fields ?? [];
  await warehouse.ensureType(W, 'user', [...builtin, { name: 'currency', type: 'text' }]);
  const write = (id: string, currency: string) =>
    apply({ ...created('crm', { currency }), record: { id: id as never, source_system: 'crm', record_type: 'user', source_id: id } });
  await write('1', 'EUR');
  expect(await onlyCurrency('user')).toBe('EUR');
  await write('2', 'USD');
  expect(await onlyCurrency('user')).toBeUndefined();
});

it('what could not be learnt is learnt when it is asked for again, and what comes then is told once', async () => {
  await apply(created('crm', { currency: 'USD' }));
  let isOverloaded = true;
  const overloaded: Warehouse = {
    ...warehouse,
    query: (...args) => (isOverloaded ? Promise.reject(new SophiaError('overloaded', 'Too many queries.')) : warehouse.query(...args)),
  };
  const currencies = createCurrencies(overloaded);
  const systems = createSourceSystems(overloaded);
  const learn = () => Promise.all([currencies.learn(W, 'deal', 'currency'), systems.learn(W, 'deal')]);
  const only = () => [currencies.only(W, 'deal', 'currency'), systems.only(W, 'deal')];
  await expect(learn()).rejects.toMatchObject({ code: 'overloaded' });
  // One that comes meanwhile need not be the only one.
  const first = [created('crm', { currency: 'USD' })];
  expect([[...currencies.learnFrom(first)], [...systems.learnFrom(first)]]).toEqual([[], []]);
  expect(only()).toEqual([undefined, undefined]);
  isOverloaded = false;
  await learn();
  expect(only()).toEqual(['USD', 'crm']);

  const second = [created('shop', { currency: 'EUR' })];
  const told = () => [[...currencies.learnFrom(second)], [...systems.learnFrom(second)]];
  expect([told(), told()]).toEqual([
    [[W], [W]],
    [[], []],
  ]);
  expect(only()).toEqual([undefined, undefined]);
});

it('of a type without records all is known without a statement, and what comes is told', async () => {
  const silent: Warehouse = { ...warehouse, query: () => Promise.reject(new Error('nothing is asked')) };
  const currencies = createCurrencies(silent);
  const systems = createSourceSystems(silent);
  await Promise.all([currencies.learn(W, 'deal', 'currency'), systems.learn(W, 'deal')]);
  expect([currencies.only(W, 'deal', 'currency'), systems.only(W, 'deal')]).toEqual([null, undefined]);
  const told = (event: LogEvent) => [[...currencies.learnFrom([event])], [...systems.learnFrom([event])]];
  expect([told(created('crm', { currency: 'USD' })), told(created('shop', { currency: 'EUR' }))]).toEqual([
    [[W], []],
    [[W], [W]],
  ]);
  expect([currencies.only(W, 'deal', 'currency'), systems.only(W, 'deal')]).toEqual([undefined, undefined]);
});

it('the first change of a type is read once, until the past changes', async () => {
  let reads = 0;
  const counted: Warehouse = {
    ...warehouse,
    query(...args) {
      reads += 1;
      return warehouse.query(...args);
    },
  };
  const changes = createFirstChanges(counted);
  expect(await changes.of(W, ['deal', 'nothing'])).toBeNull();
  const first = created('crm', {});
  await apply(first);
  await apply(created('crm', {}));
  const at = BigInt(Date.parse(first.at)) * 1_000n;
  expect(await changes.of(W, ['company', 'deal'])).toBe(at);
  const before = reads;
  expect(await changes.of(W, ['deal'])).toBe(at);
  expect(reads).toBe(before);

  await warehouse.apply({
    ...warehouseBatch({
      events: [{ ...created('crm', {}), at: '2020-01-01T00:00:00.000000Z' }],
      cursor: first.position,
      tick,
      mark: `${tick}`,
      at: first.at,
      completeTo: first.at,
      endOfTick: true,
    }),
    replay: true,
  });
  changes.forget();
  expect(await changes.of(W, ['deal'])).toBe(BigInt(Date.parse('2020-01-01T00:00:00Z')) * 1_000n);
});
