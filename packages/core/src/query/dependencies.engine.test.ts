import type { JsonObject, MetricQuery, PolicyScope, SemanticLayer } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SMALL_RECORDS, SMALL_TYPES, smallLayer } from '../testing/small-world.ts';
import { applyChanges } from '../testing/test-changes.ts';
import { createTestEngine } from '../testing/test-engine.ts';
import type { CompileContext } from './compile-context.ts';
import { compileQuery } from './compile-query.ts';

const layer: SemanticLayer = smallLayer();

const eq = (field: string, ...values: (string | number | boolean | null)[]) => ({ field, operator: 'in' as const, values });

const QUERIES: readonly (readonly [MetricQuery, PolicyScope?])[] = [
  [{ metrics: ['revenue'] }],
  [{ metrics: ['deals', 'amounts'], dimensions: ['deal.status'], time_range: { from: '2017-01-16', to: '2017-03-01' } }],
  [{ metrics: ['revenue', 'win_rate'], dimensions: ['company.industry'], filters: [eq('user.office', 'East')] }],
  [
    {
      metrics: ['owners'],
      filters: [{ or: [eq('deal.amount', 100, null), { field: 'deal.name', operator: 'starts_with', values: ['o'] }] }],
    },
  ],
  [{ metrics: ['discount'], filters: [{ not: eq('deal.status', 'lost') }] }],
  [{ metrics: ['deals'], dimensions: ['deal.health'], filters: [{ field: 'deal.health', operator: 'ne', values: ['won'] }] }],
  [{ metrics: ['running_revenue', 'growth'], dimensions: ['metric_time:month'], time_range: { from: '2017-01-01', to: '2017-04-01' } }],
  [
    {
      metrics: ['deals'],
      filters: [{ field: 'deal.created_on', operator: 'between', values: ['2017-01-05', '2017-02-01'] }],
      compare: 'previous_year',
      time_range: { from: '2017-01-01', to: '2017-04-01' },
    },
  ],
  [{ metrics: ['companies', 'staff'], dimensions: ['company.parent.industry'] }],
  [{ metrics: ['amount'] }, { types: { deal: { rows: eq('owner.office', 'West') } } }],
  [
    { metrics: ['amounts'], filters: [{ field: 'deal.amount', operator: 'is_null' }] },
    { types: { deal: { masks: [{ fields: ['amount'], visible: eq('status', 'won') }] } } },
  ],
  [{ metrics: ['deals'], dimensions: ['company.name'] }, { types: { company: { masks: [{ fields: ['name'] }] } } }],
];

const nullable = <T>(...values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: null });

const dealData = fc.record({
  name: nullable('one', 'x'),
  status: nullable('won', 'lost', 'open'),
  amount: nullable('100', '50.5', '-1'),
  currency: fc.constant('EUR'),
  close_date: nullable('2017-01-15', '2017-02-03', '2017-12-01'),
  created_on: nullable('2017-01-10', '2016-01-01'),
  company_id: nullable('acme', 'bolt', 'none such'),
  owner: nullable('ann', 'bob'),
  product: nullable('p1', 'p2'),
  pipeline: nullable('a', 'b'),
});
const companyData = fc.record({
  name: nullable('Acme', 'x'),
  industry: nullable('it', 'retail'),
  employees: nullable(10, 3),
  city: nullable('a', 'b'),
  parent_id: nullable('acme', 'bolt'),
});
const userData = fc.record({ name: nullable('Ann', 'x'), office: nullable('East', 'West'), team: nullable('red', 'blue') });

const change = fc.oneof(
  fc.record({ type: fc.constant('deal'), id: fc.integer({ min: 1, max: 7 }), after: fc.option(dealData, { nil: null }) }),
  fc.record({ type: fc.constant('company'), id: fc.integer({ min: 11, max: 15 }), after: fc.option(companyData, { nil: null }) }),
  fc.record({ type: fc.constant('user'), id: fc.integer({ min: 21, max: 23 }), after: fc.option(userData, { nil: null }) }),
);

const KEYS: Readonly<Record<number, string>> = { 11: 'acme', 12: 'bolt', 13: 'coda', 15: 'none such', 21: 'ann', 22: 'bob' };
/** Sums of floating-point numbers depend on the order of the rows in their last digits. */
const rounded = (_: string, value: unknown): unknown => (typeof value === 'number' ? Number(value.toPrecision(12)) : value);
const withoutNulls = (data: JsonObject): JsonObject => Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null));

describe('affects', () => {
  it('is true for every change that changes the answer', async () => {
    const engine = await createTestEngine(SMALL_TYPES);
    const context: CompileContext = { ...engine.context, reportingDate: '2017-02-01' };
    const compiled = QUERIES.map(([query, policy]) => compileQuery(query, layer, { ...context, policy }));
    const answers = async () => Promise.all(compiled.map(async (each) => JSON.stringify((await engine.run(each)).values, rounded)));
    const data = new Map(SMALL_RECORDS.filter(({ workspace }) => workspace === undefined).map((record) => [record.id, record.data]));
    await engine.insert(SMALL_RECORDS);
    let before = await answers();
    let spared = 0;
    try {
      await fc.assert(
        fc.asyncProperty(change, async ({ type, id, after: nulls }) => {
          const after = nulls === null ? null : withoutNulls(nulls);
          const known = data.get(id) ?? null;
          const source_id = KEYS[id] ?? `d${id}`;
          await applyChanges(engine, [type], [after === null ? { type, id, deleted: true } : { type, id, source_id, data: after }]);
          if (after === null) data.delete(id);
          else data.set(id, after);
          const now = await answers();
          compiled.forEach((each, index) => {
            const affects = each.affects({ recordType: type, before: known, after });
            if (now[index] !== before[index]) expect(affects, JSON.stringify([QUERIES[index], type, known, after])).toBe(true);
            if (!affects) spared += 1;
          });
          before = now;
        }),
        { numRuns: 100, seed: 5 },
      );
    } finally {
      engine.close();
    }
    expect(spared).toBeGreaterThan(500);
  }, 120_000);
});
