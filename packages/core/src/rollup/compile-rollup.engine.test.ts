import { BUILTIN_RECORD_TYPES, type MetricQuery, type SemanticLayer } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileQuery } from '../query/compile-query.ts';
import { parseSemanticLayer } from '../semantic/parse-semantic-layer.ts';
import { semanticLayerError } from '../semantic/semantic-layer-error.ts';
import { layerOf } from '../testing/small-world.ts';
import { applyChanges, type TestChange } from '../testing/test-changes.ts';
import { createTestEngine, type TestEngine } from '../testing/test-engine.ts';
import { type CompiledRollup, compileRollup } from './compile-rollup.ts';

const TYPES = ['company', 'user', 'deal'];

const layer = ((): SemanticLayer => {
  const text = `
semantic_models:
  - name: deal
    record_type: deal
    default_time_dimension: close_date
    entities: [{ name: deal, type: primary }, { name: company, type: foreign, field: company_id }, { name: user, type: foreign, field: owner }]
    dimensions:
      - { name: close_date, type: time }
      - { name: engaged_on, type: time }
      - { name: status, type: categorical }
      - { name: stage, type: categorical }
    measures:
      - { name: won_amount, aggregation: sum, expression: amount, filter: status = 'won' }
      - { name: won_deals, aggregation: count, filter: status = 'won' }
      - { name: amounts, aggregation: count, expression: amount }
      - { name: amount_average, aggregation: average, expression: amount }
      - { name: employees_reached, aggregation: sum, expression: company.employees }
      - { name: amount_median, aggregation: median, expression: amount }
    rollups:
      - name: by_month
        measures: [won_amount, won_deals, amounts, amount_average, employees_reached]
        dimensions: [company.industry, user.office, status]
        time_dimension: close_date
        grain: month
      - { name: totals, measures: [won_amount, won_deals], dimensions: [] }
  - name: company
    record_type: company
    entities: [{ name: company, type: primary }]
    dimensions: [{ name: industry, type: categorical }, { name: name, type: categorical }]
  - name: user
    record_type: user
    entities: [{ name: user, type: primary }]
    dimensions: [{ name: office, type: categorical }]
metrics:
  - { name: revenue, type: simple, measure: won_amount }
  - { name: deals_won, type: simple, measure: won_deals }
  - { name: amounts, type: simple, measure: amounts }
  - { name: average_amount, type: simple, measure: amount_average }
  - { name: employees_reached, type: simple, measure: employees_reached }
  - { name: median_amount, type: simple, measure: amount_median }
  - { name: revenue_per_deal, type: ratio, numerator: revenue, denominator: deals_won }
  - { name: revenue_of_it, type: simple, measure: won_amount, filter: company.industry = 'it' }
`;
  const { layer: parsed, problems } = parseSemanticLayer([{ path: 'test.yaml', text }], BUILTIN_RECORD_TYPES);
  if (parsed === null || problems.length > 0) throw semanticLayerError(problems);
  return parsed;
})();

const companies = layerOf(`
semantic_models:
  - name: company
    record_type: company
    entities: [{ name: company, type: primary }, { name: parent, type: foreign, field: parent_id, to: company }]
    dimensions: [{ name: industry, type: categorical }]
    measures: [{ name: staff, aggregation: sum, expression: employees }]
    rollups: [{ name: by_parent, measures: [staff], dimensions: [parent.industry] }]
metrics: [{ name: staff, type: simple, measure: staff }]
`);

/** What the rollup by month answers. */
const COVERED: readonly MetricQuery[] = [
  { metrics: ['revenue', 'deals_won', 'amounts', 'average_amount', 'employees_reached', 'revenue_per_deal'] },
  { metrics: ['revenue', 'amounts', 'average_amount'], dimensions: ['company.industry'] },
  { metrics: ['revenue', 'deals_won', 'revenue_of_it'], dimensions: ['user.office', 'deal.close_date:month'] },
  { metrics: ['amounts', 'employees_reached'], dimensions: ['deal.status', 'metric_time:quarter'], fill: false },
  {
    metrics: ['revenue'],
    dimensions: ['deal.close_date:year'],
    filters: [{ field: 'company.industry', operator: 'in', values: ['it', null] }],
  },
  {
    metrics: ['revenue', 'average_amount'],
    dimensions: ['user.office'],
    time_range: { from: '2017-02-01', to: '2017-04-01' },
    compare: 'previous_period',
  },
  { metrics: ['revenue'], filters: [{ field: 'deal.status', operator: 'eq', values: ['won'] }] },
];

async function rollups(engine: TestEngine): Promise<readonly CompiledRollup[]> {
  const compiled = ['by_month', 'totals'].map((name) => compileRollup(layer, 'deal', name, engine.context));
  return compiled.filter((rollup) => rollup !== undefined);
}

const onlyCurrency = () => 'EUR';

async function expectEqual(engine: TestEngine, kept: readonly CompiledRollup[]): Promise<void> {
  for (const query of COVERED) {
    const raw = await engine.ask(query, layer, { onlyCurrency });
    const context = { onlyCurrency, rollups: kept.map(({ available }) => available) };
    expect(compileQuery(query, layer, { ...engine.context, ...context }).rollup).not.toBeNull();
    const answer = await engine.ask(query, layer, context);
    expect(rounded(answer.rows), JSON.stringify(query)).toEqual(rounded(raw.rows));
    const policy = { types: { deal: { smallestGroup: 2 } } };
    const withheld = await engine.ask(query, layer, { ...context, policy });
    expect(rounded(withheld.rows), JSON.stringify(query)).toEqual(rounded((await engine.ask(query, layer, { onlyCurrency, policy })).rows));
  }
}

/** Averages are computed in double. */
const rounded = (rows: readonly (readonly unknown[])[]) =>
  rows.map((row) => row.map((cell) => (typeof cell === 'number' ? Number(cell.toPrecision(12)) : cell)));

const nullable = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: null });
const change: fc.Arbitrary<TestChange> = fc.oneof(
  fc.record({
    type: fc.constant('deal'),
    id: fc.integer({ min: 1, max: 8 }),
    source_id: fc.constant('d'),
    data: fc.record({
      status: nullable(['won', 'lost', 'open']),
      amount: nullable(['10', '0.5', '-3', '1000000.0001']),
      company_id: nullable(['c101', 'c102', { source_system: 'other', source_id: 'c101' }]),
      owner: nullable(['u201', 'u202']),
      close_date: nullable(['2017-01-31', '2017-02-01', '2017-02-28', '2017-03-05', '2016-12-31']),
    }),
  }),
  fc.record({ type: fc.constant('deal'), id: fc.integer({ min: 1, max: 8 }), deleted: fc.constant(true as const) }),
  fc.integer({ min: 101, max: 102 }).chain((id) =>
    fc.record({
      type: fc.constant('company'),
      id: fc.constant(id),
      source_id: fc.constant(`c${id}`),
      source_system: fc.constantFrom('crm'),
      data: fc.record({ industry: nullable(['it', 'retail']), employees: nullable([1, 20]), name: nullable(['a', 'b']) }),
    }),
  ),
  fc.record({ type: fc.constant('company'), id: fc.constantFrom(101, 102), deleted: fc.constant(true as const) }),
  fc.integer({ min: 201, max: 202 }).chain((id) =>
    fc.record({
      type: fc.constant('user'),
      id: fc.constant(id),
      source_id: fc.constant(`u${id}`),
      data: fc.record({ office: nullable(['x', 'y']) }),
    }),
  ),
);

describe('a rollup', () => {
  it('equals the raw answer after every batch of changes, whatever changes', async () => {
    const engine = await createTestEngine(BUILTIN_RECORD_TYPES);
    try {
      const kept = await rollups(engine);
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(change, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 }), async (batches) => {
          for (const type of TYPES) await engine.execute(`delete from "${type}"`);
          for (const { name, create } of kept) {
            await engine.execute(`drop table if exists "${name}"`);
            for (const statement of create) await engine.run(statement);
          }
          for (const batch of batches) {
            await applyChanges(engine, TYPES, batch);
            const changed = new Set(batch.map(({ type }) => type));
            for (const { refresh, refreshAlone } of kept) {
              const isAlone = refreshAlone !== undefined && changed.size === 1 && changed.has(refreshAlone.recordType);
              for (const statement of isAlone ? refreshAlone.statements : refresh) await engine.run(statement);
            }
            await expectEqual(engine, kept);
          }
        }),
        { numRuns: 8, seed: 20171231 },
      );
    } finally {
      engine.close();
    }
  }, 120_000);

  it('follows records that refer to others of their own type', async () => {
    const engine = await createTestEngine(BUILTIN_RECORD_TYPES);
    try {
      const kept = compileRollup(companies, 'company', 'by_parent', engine.context);
      if (kept === undefined) throw new Error('the layer has rollups');
      expect(kept.refreshAlone).toBeUndefined();
      for (const statement of kept.create) await engine.run(statement);
      const change = async (...changes: readonly TestChange[]) => {
        await applyChanges(engine, TYPES, changes);
        for (const statement of kept.refresh) await engine.run(statement);
        const query: MetricQuery = { metrics: ['staff'], dimensions: ['parent.industry'] };
        expect(compileQuery(query, companies, { ...engine.context, rollups: [kept.available] }).rollup).toBe('by_parent');
        const answer = await engine.ask(query, companies, { rollups: [kept.available] });
        expect(answer.rows).toEqual((await engine.ask(query, companies)).rows);
        return answer.rows;
      };
      const company = (id: number, industry: string, employees: number, parent_id?: string): TestChange => ({
        type: 'company',
        id,
        source_id: `c${id}`,
        data: { industry, employees, ...(parent_id === undefined ? {} : { parent_id }) },
      });
      expect(await change(company(1, 'it', 10), company(2, 'it', 5, 'c1'), company(3, 'it', 2, 'c2'))).toEqual([
        ['it', 7],
        [null, 10],
      ]);
      expect(await change(company(1, 'retail', 10))).toEqual([
        ['it', 2],
        ['retail', 5],
        [null, 10],
      ]);
      // The middle one changes what it is for others, and what it counts.
      expect(await change(company(2, 'mining', 6, 'c1'))).toEqual([
        ['mining', 2],
        ['retail', 6],
        [null, 10],
      ]);
      expect(await change({ type: 'company', id: 1, deleted: true })).toEqual([
        ['mining', 2],
        [null, 6],
      ]);
    } finally {
      engine.close();
    }
  });

  it('merges its differences when there are many', async () => {
    const engine = await createTestEngine(BUILTIN_RECORD_TYPES);
    try {
      const [kept] = await rollups(engine);
      if (kept === undefined) throw new Error('the layer has rollups');
      for (const statement of kept.create) await engine.run(statement);
      await applyChanges(engine, TYPES, [
        { type: 'deal', id: 1, source_id: 'd1', data: { status: 'won', amount: '5', close_date: '2017-01-02' } },
      ]);
      const refresh = async () => {
        for (const statement of kept.refresh) await engine.run(statement);
      };
      await refresh();
      // Thousands of times a record came and went.
      await engine.execute(
        `insert into "${kept.name}" select r.d0, r.d1, r.d2, r.period, columns('^m[0-9]') * x.sign, false
         from "${kept.name}" as r, (select unnest([1, -1]) as sign from range(6000)) as x`,
      );
      const count = async () =>
        (
          await engine.run({
            text: `select count(*)::varchar, count(*) filter (where merged)::varchar from "${kept.name}"`,
            parameters: [],
          })
        ).values.flat();
      expect(await count()).toEqual(['12001', '0']);
      await applyChanges(engine, TYPES, []);
      await refresh();
      expect(await count()).toEqual(['1', '1']);
      await expectEqual(engine, [kept]);
    } finally {
      engine.close();
    }
  });
});
