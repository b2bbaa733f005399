import type { MetricQuery, PolicyScope, SemanticLayer } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SMALL_TYPES, smallLayer } from '../testing/small-world.ts';
import { createTestEngine, type TestEngine, type TestRecord } from '../testing/test-engine.ts';
import { compileDrillDown } from './drill-down.ts';
import { readDrillDown } from './read-drill-down.ts';

const at = (second: number): bigint => 1_000_000n * BigInt(second);
const asOf = (second: number): string => new Date(second * 1000).toISOString();

/**
 * | second | what Sophia came to know |
 * |---|---|
 * | 10 | deal 1: open, 100, of ann; ann in the East |
 * | 20 | deal 1: won, 120; deal 2: won, 50, of bob; bob in the West |
 * | 30 | deal 2 is deleted; ann moves to the West |
 */
const RECORDS: readonly TestRecord[] = [
  {
    type: 'deal',
    id: 1,
    source_id: 'd1',
    version: 1,
    data: { status: 'open', amount: '100', owner: 'ann' },
    valid_from: at(10),
    valid_to: at(20),
  },
  { type: 'deal', id: 1, source_id: 'd1', version: 2, data: { status: 'won', amount: '120', owner: 'ann' }, valid_from: at(20) },
  {
    type: 'deal',
    id: 2,
    source_id: 'd2',
    version: 1,
    data: { status: 'won', amount: '50', owner: 'bob' },
    valid_from: at(20),
    valid_to: at(30),
  },
  { type: 'user', id: 21, source_id: 'ann', version: 1, data: { office: 'East' }, valid_from: at(10), valid_to: at(30) },
  { type: 'user', id: 21, source_id: 'ann', version: 2, data: { office: 'West' }, valid_from: at(30) },
  { type: 'user', id: 22, source_id: 'bob', data: { office: 'West' }, valid_from: at(20) },
];

let engine: TestEngine;
let layer: SemanticLayer;

beforeAll(async () => {
  layer = smallLayer();
  engine = await createTestEngine(SMALL_TYPES);
  await engine.insert(RECORDS);
});

afterAll(() => engine.close());

const ask = async (query: MetricQuery, policy?: PolicyScope) => (await engine.ask(query, layer, { policy })).rows;

describe('as_of', () => {
  const query: MetricQuery = { metrics: ['deals', 'deals_won', 'amount'], dimensions: ['user.office'] };

  it('is the state that was current then, of joined records too', async () => {
    expect(await ask({ ...query, as_of: asOf(9) })).toEqual([]);
    expect(await ask({ ...query, as_of: asOf(10) })).toEqual([['East', 1, 0, '100.0000']]);
    expect(await ask({ ...query, as_of: asOf(19.999) })).toEqual([['East', 1, 0, '100.0000']]);
    expect(await ask({ ...query, as_of: asOf(20) })).toEqual([
      ['East', 1, 1, '120.0000'],
      ['West', 1, 1, '50.0000'],
    ]);
    expect(await ask({ ...query, as_of: asOf(30) })).toEqual([['West', 1, 1, '120.0000']]);
    expect(await ask(query)).toEqual([['West', 1, 1, '120.0000']]);
  });

  it('is exact to the microsecond', async () => {
    expect(await ask({ metrics: ['deals_won'], as_of: '1970-01-01T00:00:19.999999Z' })).toEqual([[0]]);
  });

  it('gives its day for today', async () => {
    const health: MetricQuery = { metrics: ['deals'], dimensions: ['deal.health'], time_zone: 'Pacific/Auckland', as_of: asOf(15) };
    expect(await ask(health)).toEqual([['in_progress', 1]]);
  });

  it('holds in drill-downs', async () => {
    const request = { query: { ...query, as_of: asOf(20) }, row: { 'user.office': 'East' }, metric: 'amount' };
    const compiled = compileDrillDown(request, layer, engine.context);
    expect(compiled.asOf).toBe(at(20));
    const records = readDrillDown(compiled, await engine.run(compiled));
    expect(records).toEqual([
      {
        id: '1',
        record_type: 'deal',
        source_system: 'crm',
        source_id: 'd1',
        version: 2,
        value: '120.0000',
        data: { status: 'won', amount: '120', owner: 'ann' },
      },
    ]);
  });

  it('holds in drill-downs for the moment of an answer, whose today is told apart from it', async () => {
    const other = await createTestEngine(SMALL_TYPES);
    const deal = { type: 'deal', id: 1, source_id: 'd1' };
    await other.insert([
      { ...deal, version: 1, data: { close_date: '2017-06-01' }, valid_from: at(10), valid_to: at(20) },
      { ...deal, version: 2, data: { close_date: '2017-06-02' }, valid_from: at(20) },
      // The day of the engine's clock.
      { ...deal, version: 1, id: 2, source_id: 'd2', data: { close_date: '2026-11-21' }, valid_from: at(10) },
    ]);
    const drill = async (more: object, as_of?: string) => {
      const today: MetricQuery = { metrics: ['deals'], time_range: { from: 'today', to: 'today+1days' }, as_of };
      const compiled = compileDrillDown({ query: today, row: {}, metric: 'deals', ...more }, layer, other.context);
      return readDrillDown(compiled, await other.run(compiled)).map(({ id, version }) => `${id} ${version}`);
    };
    expect(await drill({ moment: asOf(10), today: '2017-06-01' })).toEqual(['1 1']);
    expect(await drill({ moment: asOf(20), today: '2017-06-01' })).toEqual([]);
    expect(await drill({ moment: asOf(10) })).toEqual(['2 1']);
    expect(await drill({ moment: asOf(10), today: '2017-06-02' }, asOf(20))).toEqual(['1 2']);
    other.close();
  });

  it('lets be seen what the principal may see today: by the present record and its present owner', async () => {
    const east: PolicyScope = { types: { deal: { rows: { field: 'owner.office', operator: 'eq', values: ['East'] } } } };
    const west: PolicyScope = { types: { deal: { rows: { field: 'owner.office', operator: 'eq', values: ['West'] } } } };
    expect(await ask({ ...query, as_of: asOf(20) }, east)).toEqual([]);
    // Deal 2 is deleted: it is judged by its last state.
    expect(await ask({ ...query, as_of: asOf(20) }, west)).toEqual([
      ['East', 1, 1, '120.0000'],
      ['West', 1, 1, '50.0000'],
    ]);
    const won: PolicyScope = { types: { deal: { rows: { field: 'status', operator: 'eq', values: ['won'] } } } };
    expect(await ask({ ...query, as_of: asOf(10) }, won)).toEqual([['East', 1, 0, '100.0000']]);
    const masked: PolicyScope = {
      types: { deal: { masks: [{ fields: ['amount'], visible: { field: 'amount', operator: 'gt', values: [60] } }] } },
    };
    expect(await ask({ ...query, as_of: asOf(20) }, masked)).toEqual([
      ['East', 1, 1, '120.0000'],
      ['West', 1, 1, null],
    ]);
  });

  it('of a type without a table is empty', async () => {
    const context = { table: () => undefined };
    expect((await engine.ask({ metrics: ['deals', 'amount'], as_of: asOf(20) }, layer, context)).rows).toEqual([[0, '0.0000']]);
    const policy: PolicyScope = { types: { deal: { rows: { field: 'owner.office', operator: 'eq', values: ['East'] } } } };
    expect((await engine.ask({ metrics: ['deals'], as_of: asOf(20) }, layer, { ...context, policy })).rows).toEqual([[0]]);
    expect((await engine.ask({ metrics: ['deals'], dimensions: ['company.name'] }, layer, context)).rows).toEqual([]);
  });
});
