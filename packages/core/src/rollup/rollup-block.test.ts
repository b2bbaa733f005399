import { BUILTIN_RECORD_TYPES, type MetricQuery, type PolicyScope, type SemanticLayer } from '@sophia/types';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type CompileContext, compileQuery, compileRollup } from '../index.ts';
import { sampleLayer } from '../testing/sample.ts';
import { layerOf } from '../testing/small-world.ts';
import { physicalTables } from '../testing/test-engine.ts';

const context: CompileContext = {
  dialect: 'duckdb',
  workspace: 3 as CompileContext['workspace'],
  table: physicalTables(BUILTIN_RECORD_TYPES),
  now: Date.parse('2018-01-01T00:00:00Z'),
  onlyCurrency: () => 'USD',
  rollups: [
    { model: 'company', rollup: 'other', table: 'rollup_3_company_other' },
    { model: 'deal', rollup: 'gone', table: 'rollup_3_deal_gone' },
    { model: 'deal', rollup: 'won_by_month', table: 'rollup_3_deal_won_by_month' },
  ],
};

let layer: SemanticLayer;
beforeAll(async () => {
  layer = await sampleLayer();
});

type Case = readonly [string, MetricQuery, Partial<CompileContext>?];

const rollupOf = (query: MetricQuery, more: Partial<CompileContext> = {}) => compileQuery(query, layer, { ...context, ...more }).rollup;
const revenue = (more: Partial<MetricQuery>): MetricQuery => ({ metrics: ['revenue'], ...more });
const scope = (types: PolicyScope['types']): Partial<CompileContext> => ({ policy: { types } });

describe('a rollup answers', () => {
  const covered: readonly Case[] = [
    ['its measures', revenue({})],
    ['metrics made of them', { metrics: ['win_rate', 'revenue'], dimensions: ['user.office'] }],
    ['its dimensions by its periods or longer ones', revenue({ dimensions: ['company.industry', 'deal.close_date:quarter'] })],
    ['its time as metric_time', revenue({ dimensions: ['metric_time:month'] })],
    [
      'filters over its dimensions',
      revenue({
        filters: [
          {
            or: [
              { field: 'user.office', operator: 'eq', values: ['East'] },
              { field: 'product.series', operator: 'is_null' },
            ],
          },
        ],
      }),
    ],
    ['ranges that begin and end its periods', revenue({ time_range: { from: '2017-01-01', to: '2017-04-01' } })],
    ['the compared range', revenue({ time_range: { from: '2017-01-01', to: '2017-04-01' }, compare: 'previous_year' })],
    ['those who see aggregates only', revenue({}), { policy: { types: { deal: { smallestGroup: 5 } } } }],
    [
      'those from whom nothing of it is hidden',
      revenue({}),
      scope({ deal: { masks: [{ fields: ['owner_email'] }] }, call: { rows: { or: [] } } }),
    ],
    ["a filter that its measure's own is", { metrics: ['deals_won'], filters: [{ field: 'status', operator: 'eq', values: ['won'] }] }],
    [
      'days in another zone, which do not shift',
      revenue({ dimensions: ['metric_time:month'], time_zone: 'Asia/Tokyo', week_start: 'sunday' }),
    ],
  ];
  it.each(covered.map(([name, query, more]) => ({ name, query, more })))('$name', ({ query, more }) => {
    expect(rollupOf(query, more)).toBe('won_by_month');
    expect(compileQuery(query, layer, { ...context, ...more }).text).not.toContain('"deal"');
  });

  const open: readonly Case[] = [
    ['other measures', { metrics: ['median_deal_size'] }],
    ['other dimensions', revenue({ dimensions: ['deal.stage'] })],
    ['shorter periods', revenue({ dimensions: ['deal.close_date:week'] })],
    ['other times', revenue({ dimensions: ['deal.engaged_on:month'] })],
    ['ranges of other times', revenue({ filters: [{ field: 'deal.engaged_on', operator: 'gte', values: ['2017-01-01'] }] })],
    ['other filters', revenue({ filters: [{ field: 'amount', operator: 'gt', values: [1] }] })],
    ['days of its time', revenue({ filters: [{ field: 'deal.close_date', operator: 'gt', values: ['2017-01-01'] }] })],
    ['ranges within its periods', revenue({ time_range: { from: '2017-01-15' } })],
    ['the past', revenue({ as_of: '2017-06-01T00:00:00Z' })],
    ['running totals', { metrics: ['cumulative_revenue'], dimensions: ['metric_time:month'] }],
    ['amounts in several currencies', revenue({}), { onlyCurrency: () => undefined }],
    ['those from whom records are hidden', revenue({}), scope({ deal: { rows: { or: [] } } })],
    ['those from whom a field of it is hidden', revenue({}), scope({ user: { masks: [{ fields: ['office'] }] } })],
    ['where none is kept', revenue({}), { rollups: [] }],
    ['where none is told of', revenue({}), { rollups: undefined }],
  ];
  it.each(open.map(([name, query, more]) => ({ name, query, more })))('not $name', ({ query, more }) => {
    expect(rollupOf(query, more)).toBeNull();
  });

  it('without reading the filters of a long query anew for each of its metrics', () => {
    const values = Array.from({ length: 99 }, (_none, index) => `name ${index}`);
    const filters = [{ and: values.map((value) => ({ field: 'user.office', operator: 'ne' as const, values: [value] })) }];
    const written = (metrics: readonly string[]): number => {
      const stringify = vi.spyOn(JSON, 'stringify');
      try {
        expect(rollupOf({ metrics: [...metrics], filters })).toBe('won_by_month');
        return stringify.mock.calls.length;
      } finally {
        stringify.mockRestore();
      }
    };
    expect(written(['revenue', 'deals_won', 'win_rate']) - written(['revenue'])).toBeLessThan(values.length);
  });

  it('beside what it does not have', () => {
    const { rollup, text } = compileQuery({ metrics: ['deals_won', 'open_deals'] }, layer, context);
    expect(rollup).toBeNull();
    expect(text).toContain('"deal"');
    const mixed = compileQuery({ metrics: ['deals_won', 'companies'] }, layer, context);
    expect(mixed.rollup).toBe('won_by_month');
    expect(mixed.text).toContain('"company"');
  });
});

describe('rollups over instants and weeks', () => {
  const calls = layerOf(`
semantic_models:
  - name: call
    record_type: call
    default_time_dimension: started_at
    entities: [{ name: call, type: primary }]
    dimensions: [{ name: started_at, type: time }]
    measures: [{ name: calls, aggregation: count }]
    rollups:
      - { name: weekly, measures: [calls], dimensions: [], time_dimension: started_at, grain: week }
      - { name: monthly, measures: [calls], dimensions: [], time_dimension: started_at, grain: month }
metrics: [{ name: calls, type: simple, measure: calls }]
`);
  const rollup = (query: Partial<MetricQuery>, kept = 'weekly') =>
    compileQuery({ metrics: ['calls'], ...query }, calls, { ...context, rollups: [{ model: 'call', rollup: kept, table: 'r' }] }).rollup;

  it('have the days of UTC and weeks from Monday', () => {
    expect(rollup({})).toBe('weekly');
    expect(rollup({ dimensions: ['metric_time:week'] })).toBe('weekly');
    expect(rollup({ dimensions: ['metric_time:week'], week_start: 'sunday' })).toBeNull();
    expect(rollup({ dimensions: ['metric_time:week'], time_zone: 'Europe/Berlin' })).toBeNull();
    expect(rollup({ dimensions: ['metric_time:month'] })).toBeNull();
    expect(rollup({ time_range: { from: '2017-01-02', to: '2017-01-16' } })).toBe('weekly');
    expect(rollup({ time_zone: 'Europe/Berlin' })).toBeNull();
    expect(rollup({ time_range: { from: '2017-01-03' } })).toBeNull();
    expect(rollup({ time_range: { from: '2017-01-02T12:00:00Z' } })).toBeNull();
  });

  it('tell longer periods of instants', () => {
    expect(rollup({ dimensions: ['metric_time:quarter'] }, 'monthly')).toBe('monthly');
    expect(rollup({ dimensions: ['metric_time:quarter'], time_zone: 'Europe/Berlin' }, 'monthly')).toBeNull();
  });
});

describe('compileRollup', () => {
  it('gives the statements that keep it, the same for the same definition', () => {
    const rollup = compileRollup(layer, 'deal', 'won_by_month', context);
    expect(rollup).toMatchObject({
      name: 'rollup_3_deal_won_by_month',
      reads: ['deal', 'company', 'user', 'product'].map((recordType) => ({ workspace: 3, recordType })),
      available: { model: 'deal', rollup: 'won_by_month', table: 'rollup_3_deal_won_by_month' },
    });
    expect(compileRollup(layer, 'deal', 'won_by_month', context)).toEqual(rollup);
    expect(compileRollup(layer, 'deal', 'won_by_month', { ...context, workspace: 4 as CompileContext['workspace'] })?.fingerprint).not.toBe(
      rollup?.fingerprint,
    );
  });

  it('gives none where a field stands in another table, or a type has none', () => {
    const deal = context.table('deal');
    const amount = deal?.fields.get('amount');
    if (deal === undefined || amount === undefined) throw new Error('deals have amounts');
    const fields = new Map([...deal.fields, ['amount', { ...amount, extension: true }]]);
    const table: CompileContext['table'] = (recordType) => (recordType === 'deal' ? { ...deal, fields } : context.table(recordType));
    expect(compileRollup(layer, 'deal', 'won_by_month', { ...context, table })).toBeUndefined();
    expect(compileRollup(layer, 'deal', 'won_by_month', { ...context, table: () => undefined })).toBeUndefined();
    expect(compileRollup(layer, 'deal', 'won_by_month', { ...context, dialect: 'snowflake' })).toBeUndefined();
  });

  it('knows only what the layer has', () => {
    expect(() => compileRollup(layer, 'deal', 'none', context)).toThrow(expect.objectContaining({ code: 'not_found' }));
    expect(() => compileRollup(layer, 'none', 'won_by_month', context)).toThrow(expect.objectContaining({ code: 'not_found' }));
  });
});
