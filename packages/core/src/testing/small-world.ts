import { BUILTIN_RECORD_TYPES, type RecordTypeDefinition, type SemanticLayer } from '@sophia/types';
import { parseSemanticLayer } from '../semantic/parse-semantic-layer.ts';
import { semanticLayerError } from '../semantic/semantic-layer-error.ts';
import type { TestRecord } from './test-engine.ts';

/** A few records whose every answer can be computed by hand, and models over them. */
export const SMALL_TYPES: readonly RecordTypeDefinition[] = BUILTIN_RECORD_TYPES.filter(({ name }) =>
  ['deal', 'company', 'user', 'product', 'call', 'issue'].includes(name),
);

export const SMALL_MODELS = `
semantic_models:
  - name: deal
    record_type: deal
    default_time_dimension: close_date
    entities:
      - { name: deal, type: primary }
      - { name: company, type: foreign, field: company_id }
      - { name: user, type: foreign, field: owner }
      - { name: product, type: foreign, field: product }
    dimensions:
      - { name: close_date, type: time, label: Closed on }
      - { name: created_on, type: time }
      - { name: status, type: categorical, label: Status }
      - { name: name, type: categorical }
      - { name: amount, type: categorical }
      - { name: currency, type: categorical }
      - { name: health, type: categorical }
      - { name: is_big, type: categorical, expression: amount >= 100 }
    measures:
      - { name: deals, aggregation: count }
      - { name: created_deals, aggregation: count, time_dimension: created_on }
      - { name: amount, aggregation: sum, expression: amount }
      - { name: won_amount, aggregation: sum, expression: amount, filter: status = 'won' }
      - { name: won_deals, aggregation: count, filter: { field: status, operator: eq, values: [won] } }
      - { name: amounts, aggregation: count, expression: amount }
      - { name: owners, aggregation: count_distinct, expression: owner }
      - { name: amount_average, aggregation: average, expression: amount }
      - { name: amount_least, aggregation: min, expression: amount }
      - { name: amount_most, aggregation: max, expression: amount }
      - { name: amount_median, aggregation: median, expression: amount }
      - { name: amount_high, aggregation: percentile, percentile: 0.9, expression: amount }
      - { name: last_close, aggregation: max, expression: close_date }
      - { name: list_price, aggregation: sum, expression: product.list_price }
      - { name: discount, aggregation: average, expression: 1 - amount / product.list_price }
      - { name: employees, aggregation: sum, expression: company.employees }
  - name: company
    record_type: company
    entities: [{ name: company, type: primary }, { name: parent, type: foreign, field: parent_id, to: company }]
    dimensions:
      - { name: name, type: categorical }
      - { name: industry, type: categorical, label: Industry }
      - { name: country, type: categorical }
    measures:
      - { name: companies, aggregation: count }
      - { name: staff, aggregation: sum, expression: employees }
  - name: user
    record_type: user
    entities: [{ name: user, type: primary }]
    dimensions: [{ name: office, type: categorical }, { name: team, type: categorical }, { name: name, type: categorical }]
    measures: []
  - name: product
    record_type: product
    entities: [{ name: product, type: primary }]
    dimensions: [{ name: name, type: categorical }, { name: series, type: categorical }]
    measures: []
  - name: call
    record_type: call
    default_time_dimension: started_at
    entities:
      - { name: call, type: primary }
      - { name: host, type: foreign, field: host_id, to: user }
      - { name: deal, type: foreign, field: deal_id }
    dimensions:
      - { name: started_at, type: time }
      - { name: direction, type: categorical }
    measures:
      - { name: calls, aggregation: count }
      - { name: seconds, aggregation: sum, expression: duration_seconds }
      - { name: with_ann, aggregation: count, filter: "contains(participants, 'ann')" }
  - name: issue
    record_type: issue
    entities:
      - { name: issue, type: primary }
      - { name: assignee, type: foreign, field: assignee, to: user }
      - { name: creator, type: foreign, field: creator, to: user }
    dimensions: [{ name: state, type: categorical }]
    measures: [{ name: issues, aggregation: count }]
metrics:
  - { name: deals, type: simple, measure: deals, label: Deals, format: integer }
  - { name: deals_created, type: simple, measure: created_deals }
  - { name: amount, type: simple, measure: amount, format: currency }
  - { name: revenue, type: simple, measure: won_amount, label: Revenue, format: currency }
  - { name: deals_won, type: simple, measure: won_deals }
  - { name: amounts, type: simple, measure: amounts }
  - { name: owners, type: simple, measure: owners }
  - { name: average_amount, type: simple, measure: amount_average }
  - { name: least_amount, type: simple, measure: amount_least }
  - { name: most_amount, type: simple, measure: amount_most }
  - { name: median_amount, type: simple, measure: amount_median }
  - { name: high_amount, type: simple, measure: amount_high }
  - { name: last_close, type: simple, measure: last_close }
  - { name: list_value, type: simple, measure: list_price }
  - { name: discount, type: simple, measure: discount, format: percent }
  - { name: employees_reached, type: simple, measure: employees }
  - { name: win_rate, type: ratio, numerator: deals_won, denominator: deals, format: percent }
  - { name: revenue_in_it, type: simple, measure: won_amount, filter: company.industry = 'it' }
  - { name: it_win_rate, type: ratio, numerator: deals_won, denominator: deals, filter: company.industry = 'it' }
  - { name: margin, type: derived, expression: revenue - list_value }
  - { name: margin_doubled, type: derived, expression: margin * 2 }
  - { name: it_lead, type: derived, expression: it_win_rate - win_rate }
  - { name: running_revenue, type: cumulative, measure: won_amount }
  - { name: running_deals, type: cumulative, measure: deals }
  - { name: running_average, type: cumulative, measure: amount_average }
  - { name: running_owners, type: cumulative, measure: owners }
  - { name: running_discount, type: cumulative, measure: discount }
  - { name: running_calls, type: cumulative, measure: calls }
  - { name: running_most, type: cumulative, measure: amount_most }
  - { name: revenue_to_date, type: cumulative, measure: won_amount, grain_to_date: quarter }
  - { name: deals_month_to_date, type: cumulative, measure: deals, grain_to_date: month }
  - { name: revenue_two_months, type: cumulative, measure: won_amount, window: { count: 2, grain: month } }
  - { name: deals_ten_days, type: cumulative, measure: deals, window: { count: 10, grain: day } }
  - { name: growth, type: derived, expression: (revenue - before) / before, inputs: [{ metric: revenue, alias: before, offset: { count: 1, grain: month } }] }
  - { name: revenue_before, type: derived, expression: before, inputs: [{ metric: revenue, alias: before, offset: { count: 1, grain: month } }] }
  - { name: companies, type: simple, measure: companies }
  - { name: companies_before, type: derived, expression: before, inputs: [{ metric: companies, alias: before, offset: { count: 1, grain: month } }] }
  - { name: staff, type: simple, measure: staff }
  - { name: calls, type: simple, measure: calls }
  - { name: call_seconds, type: simple, measure: seconds }
  - { name: calls_with_ann, type: simple, measure: with_ann }
  - { name: calls_per_deal, type: ratio, numerator: calls, denominator: deals }
  - { name: issues, type: simple, measure: issues }
`;

export function layerOf(text: string, types: readonly RecordTypeDefinition[] = BUILTIN_RECORD_TYPES): SemanticLayer {
  const { layer, problems } = parseSemanticLayer([{ path: 'models.yaml', text }], types);
  if (layer === null || problems.length > 0) throw semanticLayerError(problems);
  return layer;
}

export const smallLayer = (): SemanticLayer => layerOf(SMALL_MODELS);

const deal = (id: number, data: TestRecord['data']): TestRecord => ({
  type: 'deal',
  id,
  source_id: `d${id}`,
  data: { currency: 'EUR', ...data },
});

/**
 * | deal | status | amount | close_date | created_on | company | owner | product |
 * |---|---|---|---|---|---|---|---|
 * | 1 | won | 100 | 2017-01-15 | 2017-01-01 | acme (it) | ann (East) | p1 (200) |
 * | 2 | won | 50.5 | 2017-01-20 | 2017-01-10 | acme (it) | bob (West) | p1 (200) |
 * | 3 | lost | 0 | 2017-02-03 | 2017-01-10 | bolt (retail) | ann (East) | p2 (80) |
 * | 4 | won | 300 | 2017-03-31 | 2017-02-01 | bolt (retail) | ann (East) | p2 (80) |
 * | 5 | open | | | 2017-03-05 | | bob (West) | p1 (200) |
 * | 6 | won | | 2017-03-05 | | none such | | |
 */
export const SMALL_RECORDS: readonly TestRecord[] = [
  deal(1, {
    name: 'one',
    status: 'won',
    amount: '100',
    close_date: '2017-01-15',
    created_on: '2017-01-01',
    company_id: 'acme',
    owner: 'ann',
    product: 'p1',
  }),
  deal(2, {
    name: 'two',
    status: 'won',
    amount: '50.5',
    close_date: '2017-01-20',
    created_on: '2017-01-10',
    company_id: 'acme',
    owner: 'bob',
    product: 'p1',
  }),
  deal(3, {
    name: 'three',
    status: 'lost',
    amount: '0',
    close_date: '2017-02-03',
    created_on: '2017-01-10',
    company_id: 'bolt',
    owner: 'ann',
    product: 'p2',
  }),
  deal(4, {
    name: 'four',
    status: 'won',
    amount: '300',
    close_date: '2017-03-31',
    created_on: '2017-02-01',
    company_id: 'bolt',
    owner: 'ann',
    product: 'p2',
  }),
  deal(5, { name: 'five', status: 'open', created_on: '2017-03-05', owner: 'bob', product: 'p1' }),
  deal(6, { name: 'six', status: 'won', close_date: '2017-03-05', company_id: 'none such' }),
  { type: 'company', id: 11, source_id: 'acme', data: { name: 'Acme', industry: 'it', employees: 10, country: 'DE' } },
  { type: 'company', id: 12, source_id: 'bolt', data: { name: 'Bolt', industry: 'retail', employees: 7, parent_id: 'acme' } },
  { type: 'company', id: 13, source_id: 'coda', data: { name: 'Coda', industry: 'it', employees: 1 } },
  // The same key in another system is another company.
  { type: 'company', id: 14, source_system: 'erp', source_id: 'acme', data: { name: 'Other', industry: 'mining', employees: 1000 } },
  { type: 'user', id: 21, source_id: 'ann', data: { name: 'Ann', office: 'East', team: 'red' } },
  { type: 'user', id: 22, source_id: 'bob', data: { name: 'Bob', office: 'West', team: 'blue' } },
  { type: 'product', id: 31, source_id: 'p1', data: { name: 'P1', series: 's', list_price: '200', currency: 'EUR' } },
  { type: 'product', id: 32, source_id: 'p2', data: { name: 'P2', series: 's', list_price: '80', currency: 'EUR' } },
  {
    type: 'call',
    id: 41,
    source_id: 'c1',
    data: { host_id: 'ann', deal_id: 'd1', started_at: '2017-01-31T23:30:00Z', duration_seconds: 60, participants: ['ann', 'x'] },
  },
  {
    type: 'call',
    id: 42,
    source_id: 'c2',
    data: {
      host_id: 'bob',
      deal_id: 'd4',
      started_at: '2017-02-01T00:30:00Z',
      duration_seconds: 30,
      participants: ['y'],
      direction: 'inbound',
    },
  },
  {
    type: 'call',
    id: 43,
    source_id: 'c3',
    data: { host_id: 'bob', deal_id: 'd4', started_at: '2017-03-26T00:30:00Z', duration_seconds: 15 },
  },
  { type: 'issue', id: 51, source_id: 'i1', data: { state: 'open', assignee: 'ann', creator: 'bob' } },
  // Another workspace's records are never seen.
  {
    type: 'deal',
    id: 91,
    workspace: 2,
    source_id: 'd91',
    data: { status: 'won', amount: '9999', close_date: '2017-01-01', currency: 'EUR' },
  },
  { type: 'company', id: 92, workspace: 2, source_id: 'none such', data: { industry: 'foreign' } },
];

/** A layer of deals alone, by the day of their close: measures and metrics as YAML lists in one line each. */
export const dealsByCloseDate = (measures: string, ...metrics: readonly string[]): SemanticLayer =>
  layerOf(`
semantic_models:
  - name: deal
    record_type: deal
    default_time_dimension: close_date
    entities: [{ name: deal, type: primary }]
    dimensions: [{ name: close_date, type: time }]
    measures: [${measures}]
metrics:
${metrics.map((metric) => `  - ${metric}`).join('\n')}
`);
