import { createMemoryCache } from '@sophia/cache/memory';
import { resolvePolicy } from '@sophia/core';
import { systemClock } from '@sophia/shared';
import { BUILTIN_RECORD_TYPES, type Call, type Position, type WorkspaceId } from '@sophia/types';
import { expect, test } from 'vitest';
import { createSemanticLayers } from '../models/semantic-layers.ts';
import { createPublishedReadPoint } from '../projection/published-read-point.ts';
import { createMetricQueries, type MetricQueriesOptions } from './metric-queries.ts';
import { createPreparedQueries } from './prepared-queries.ts';

const W = 1 as WorkspaceId;
const call = { principal: { id: 'key:a', workspace: W } } as Call;
const query = { metrics: ['deals'] };
const MODEL = `
semantic_models:
  - name: deal
    record_type: deal
    entities: [{ name: deal, type: primary }]
    measures: [{ name: deals, aggregation: count }]
metrics:
  - { name: deals, type: simple, measure: deals }
`;
const at = (tick: number) => ({ tick, position: `e.${tick}.0` as Position, completeTo: new Date(tick * 1000).toISOString() });

/** Queries over a warehouse that answers what `run` gives, and is applied to a tick that is published or not. */
async function openQueries(run: (asked: number) => number) {
  const layers = createSemanticLayers({
    readModels: async () => [{ path: 'deal.yaml', text: MODEL }],
    readRecordTypes: async () => BUILTIN_RECORD_TYPES,
    logger: { info: () => undefined, error: () => undefined },
  });
  const policy = resolvePolicy({ role: 'admin', rules: [], types: BUILTIN_RECORD_TYPES, user: null });
  const prepared = createPreparedQueries({
    warehouse: { layout: () => undefined },
    clock: systemClock,
    calendar: () => ({ timeZone: 'UTC', weekStart: 'monday' }),
    rollups: () => [],
    onlyCurrency: () => undefined,
    onlySourceSystem: () => undefined,
  });
  const state = { asked: 0, applied: 1 };
  const warehouse = {
    version: () => '1',
    query: async () => {
      const values = [[run(++state.asked)]];
      const { tick, position: cursor, completeTo } = at(state.applied);
      return { columns: [{ name: 'deals' }], values, rowCount: 1, applied: { tick, cursor, completeTo } };
    },
  };
  const published = createPublishedReadPoint(at(1));
  const cache = () => createMemoryCache({ maximumBytes: 1e6, clock: systemClock });
  const options: Partial<MetricQueriesOptions> = {
    // Of the warehouse nothing else is asked.
    warehouse: warehouse as never,
    layers,
    policies: { resolve: async () => policy, peek: () => policy },
    audit: { read: async () => {}, tryRead: () => true },
    prepared,
    answers: cache(),
    results: cache(),
    published,
    writes: { waitFor: async () => {}, isContained: async () => true },
    asOf: { waitFor: async () => {} },
    know: async () => {},
    freshnessText: () => '{}',
    firstChange: async () => null,
    asked: () => {},
    ran: () => {},
    newQueryId: () => 'q',
    clock: systemClock,
  };
  return { queries: createMetricQueries(options as MetricQueriesOptions), prepared, published, state };
}

const rowsOf = ({ bytes }: { readonly bytes: Buffer }) => JSON.parse(bytes.toString()).rows;

test.each(['use', 'bypass'] as const)('what was asked of tables that became others meanwhile is asked again (cache: %s)', async (cache) => {
  const { queries, prepared, state } = await openQueries((asked) => {
    if (asked <= 2) prepared.forget(W);
    if (asked === 1) throw new Error('There is no such table.');
    return asked;
  });
  expect(rowsOf(await queries.ask(call, query, { cache }))).toEqual([[3]]);
  expect(state.asked).toBe(3);
});

test('a failure of the tables as they are is told', async () => {
  const { queries, state } = await openQueries(() => {
    throw new Error('There is no such table.');
  });
  await expect(queries.ask(call, query)).rejects.toThrow('There is no such table.');
  expect(state.asked).toBe(1);
});

test('a body that was asked before is answered at once only with what is published', async () => {
  const { queries, prepared, published, state } = await openQueries((asked) => asked);
  queries.remember(call, 'body', query);
  state.applied = 2;
  const asked = queries.ask(call, query);
  await expect.poll(() => state.asked).toBe(1);
  await queries.warm(await queries.prepare(call, query));
  expect(queries.peek(call, 'body')).toBeUndefined();
  published.publish(at(2));
  expect(rowsOf(await asked)).toEqual([[1]]);
  const answer = queries.peek(call, 'body');
  expect(answer && rowsOf(answer)).toEqual([[1]]);
  prepared.forget(W);
  expect(queries.peek(call, 'body')).toBeUndefined();
});
