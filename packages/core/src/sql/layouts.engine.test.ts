import type { MetricQuery, RecordTypeDefinition } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { type CompileContext, compileDrillDown, readDrillDown } from '../index.ts';
import { layerOf } from '../testing/small-world.ts';
import { createTestEngine, physicalTable } from '../testing/test-engine.ts';

/** A type whose fields changed their types, and to which a workspace added fields. */
const VISIT: RecordTypeDefinition = {
  name: 'visit',
  description: '',
  origin: 'workspace',
  revision: 1,
  fields: [
    { name: 'kind', type: 'text' },
    { name: 'cost', type: 'money' },
    { name: 'held_on', type: 'date' },
    { name: 'guest', type: 'reference', references: 'visit' },
    { name: 'rating', type: 'integer' },
    { name: 'notes', type: 'text_list' },
  ],
};

const layer = layerOf(
  `
semantic_models:
  - name: visit
    record_type: visit
    default_time_dimension: held_on
    entities: [{ name: visit, type: primary }, { name: guest, type: foreign, field: guest, to: visit }]
    dimensions: [{ name: held_on, type: time }, { name: kind, type: categorical }, { name: rating, type: categorical }]
    measures: [{ name: visits, aggregation: count }, { name: cost, aggregation: sum, expression: cost }, { name: stars, aggregation: sum, expression: rating }]
metrics: [{ name: visits, type: simple, measure: visits }, { name: cost, type: simple, measure: cost }, { name: stars, type: simple, measure: stars }]
`,
  [VISIT],
);

async function changedEngine() {
  const plain = physicalTable(VISIT);
  const fields = new Map(plain.fields);
  const change = (name: string, columns: NonNullable<ReturnType<typeof fields.get>>['columns'], extension = false): void => {
    const field = fields.get(name);
    if (field !== undefined) fields.set(name, { ...field, columns, extension });
  };
  // `cost` was a text and before that a number; `held_on` a text; `guest` a text.
  change('cost', [
    { name: 'cost__3', type: 'money' },
    { name: 'cost__2', type: 'text' },
    { name: 'cost', type: 'number' },
  ]);
  change('held_on', [
    { name: 'held_on__2', type: 'date' },
    { name: 'held_on', type: 'text' },
  ]);
  change('guest', [
    { name: 'guest__2', type: 'reference' },
    { name: 'guest', type: 'text' },
  ]);
  change('notes', [
    { name: 'notes__2', type: 'text_list' },
    { name: 'notes', type: 'json' },
  ]);
  change(
    'rating',
    [
      { name: 'rating__2', type: 'integer' },
      { name: 'rating', type: 'text' },
    ],
    true,
  );
  const engine = await createTestEngine([], new Map());
  const own =
    'workspace integer, id bigint, source_system varchar, source_id varchar, version integer, occurred_at timestamp, business_priority varchar, created_at timestamp, valid_from timestamp';
  const columns = `kind varchar, cost double, cost__2 varchar, cost__3 decimal(18,4), held_on varchar, held_on__2 date, guest varchar, guest__2 varchar, guest__2__system varchar, notes json, notes__2 varchar[]`;
  await engine.execute(`create table visit (${own}, ${columns})`);
  await engine.execute(`create table visit_history (${own}, valid_to timestamp, ${columns})`);
  await engine.execute(
    'create table x_1_visit (workspace integer, id bigint, version integer, valid_from timestamp, rating varchar, rating__2 bigint)',
  );
  await engine.execute(
    'create table x_1_visit_history (workspace integer, id bigint, version integer, valid_from timestamp, valid_to timestamp, rating varchar, rating__2 bigint)',
  );
  const context: CompileContext = { ...engine.context, table: () => ({ table: 'visit', extensionTable: 'x_1_visit', fields }) };
  return { engine, context };
}

describe('fields that were added or changed their type', () => {
  it('are read from the newest column that has a value, where an older one can be cast without loss', async () => {
    const { engine, context } = await changedEngine();
    try {
      const insert = (id: number, values: string): Promise<void> =>
        engine.execute(
          `insert into visit by name select 1 as workspace, ${id} as id, 'crm' as source_system, 'v${id}' as source_id, 1 as version, timestamp '2026-01-01' as valid_from, ${values}`,
        );
      await insert(1, `2.5 as cost, '2017-01-31' as held_on, 'v2' as guest`);
      await insert(2, `'3.25' as cost__2, '2017-02-30' as held_on, 'v1' as guest__2, 'crm' as guest__2__system`);
      await insert(3, `'3.123456' as cost__2, 4.0 as cost, date '2017-03-01' as held_on__2`);
      await insert(4, `10 as cost__3, 99 as cost, ['b'] as notes__2`);
      await engine.execute(
        "insert into x_1_visit values (1, 1, 1, timestamp '2026-01-01', '5', null), (1, 2, 1, timestamp '2026-01-01', 'five', 4)",
      );
      const ask = async (query: MetricQuery) => (await engine.ask(query, layer, context)).rows;
      expect(await ask({ metrics: ['cost', 'stars', 'visits'] })).toEqual([['19.7500', 9, 4]]);
      expect(await ask({ metrics: ['visits'], dimensions: ['visit.held_on:month'], fill: false })).toEqual([
        ['2017-01-01', 1],
        ['2017-03-01', 1],
        [null, 2],
      ]);
      expect(await ask({ metrics: ['visits'], dimensions: ['visit.rating'] })).toEqual([
        [4, 1],
        [5, 1],
        [null, 2],
      ]);
      expect(await ask({ metrics: ['visits'], dimensions: ['guest.rating'] })).toEqual([
        [4, 1],
        [5, 1],
        [null, 2],
      ]);
      const drill = compileDrillDown({ query: { metrics: ['cost'] }, row: {}, metric: 'cost' }, layer, context);
      expect(readDrillDown(drill, await engine.run(drill)).map(({ data }) => data)).toEqual([
        { cost: '2.5', held_on: '2017-01-31', guest: 'v2', rating: 5 },
        { cost: '3.25', guest: 'v1', rating: 4 },
        { cost: '4', held_on: '2017-03-01' },
        { cost: '10', notes: expect.anything() },
      ]);
    } finally {
      engine.close();
    }
  });

  it('are null, and lead nowhere, while the tables do not hold them yet', async () => {
    const { engine, context } = await changedEngine();
    try {
      await engine.execute(
        "insert into visit by name select 1 as workspace, 1 as id, 'crm' as source_system, 'v1' as source_id, 1 as version, timestamp '2026-01-01' as valid_from, 'first' as kind, 'v1' as guest__2",
      );
      const fields = new Map([...(context.table('visit')?.fields ?? [])].filter(([name]) => name !== 'guest' && name !== 'rating'));
      const table = () => ({ table: 'visit', fields });
      const before = await engine.ask({ metrics: ['stars', 'visits'], dimensions: ['guest.kind'] }, layer, { ...context, table });
      expect(before.rows).toEqual([[null, null, 1]]);
      const after = await engine.ask({ metrics: ['visits'], dimensions: ['guest.kind'] }, layer, context);
      expect(after.rows).toEqual([['first', 1]]);
    } finally {
      engine.close();
    }
  });

  it('are read from the history of both tables, of each version its own', async () => {
    const { engine, context } = await changedEngine();
    try {
      const visit = (table: string, version: number, values: string): Promise<void> =>
        engine.execute(
          `insert into ${table} by name select 1 as workspace, 1 as id, 'crm' as source_system, 'v1' as source_id, ${version} as version, ${values}`,
        );
      const during = (from: string, to: string): string => `timestamp '${from}' as valid_from, timestamp '${to}' as valid_to`;
      await visit('visit_history', 1, `${during('2026-01-01', '2026-02-01')}, 5 as cost__3`);
      await visit('visit_history', 2, `${during('2026-02-01', '2026-03-01')}, 6 as cost__3`);
      await visit('visit', 3, "timestamp '2026-03-01' as valid_from, 7 as cost__3");
      await engine.execute(
        `insert into x_1_visit_history values (1, 1, 1, timestamp '2026-01-01', timestamp '2026-02-01', '1', null),
          (1, 1, 2, timestamp '2026-02-01', timestamp '2026-03-01', null, 2)`,
      );
      await engine.execute("insert into x_1_visit values (1, 1, 3, timestamp '2026-03-01', null, 3)");
      const at = async (as_of: string) => (await engine.ask({ metrics: ['cost', 'stars', 'visits'], as_of }, layer, context)).rows;
      expect(await at('2025-12-31T00:00:00Z')).toEqual([['0.0000', 0, 0]]);
      expect(await at('2026-01-15T00:00:00Z')).toEqual([['5.0000', 1, 1]]);
      expect(await at('2026-02-15T00:00:00Z')).toEqual([['6.0000', 2, 1]]);
      expect(await at('2026-03-15T00:00:00Z')).toEqual([['7.0000', 3, 1]]);
    } finally {
      engine.close();
    }
  });
});
