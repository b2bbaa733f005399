import type { MetricQuery } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { SMALL_CONTEXT } from '../testing/small-context.ts';
import { smallLayer } from '../testing/small-world.ts';
import { type CompileContext, DIALECT_NAMES, type PhysicalTable } from './compile-context.ts';
import { compileQuery } from './compile-query.ts';
import { compileDrillDown } from './drill-down.ts';

const layer = smallLayer();
const context: CompileContext = { ...SMALL_CONTEXT, workspace: 7 as CompileContext['workspace'] };

const QUERIES: Readonly<Record<string, readonly [MetricQuery, Partial<CompileContext>?]>> = {
  'one sum': [{ metrics: ['revenue'] }],
  'a ratio by a dimension of another record': [
    { metrics: ['win_rate'], dimensions: ['company.industry'], limit: 10, order_by: ['-win_rate'] },
  ],
  'every aggregation': [
    {
      metrics: ['deals', 'amounts', 'owners', 'average_amount', 'least_amount', 'median_amount', 'high_amount', 'revenue_in_it'],
      filters: [
        {
          or: [
            { field: 'company.name', operator: 'contains', values: ['a'] },
            { not: { field: 'amount', operator: 'between', values: [1, 2] } },
          ],
        },
      ],
    },
  ],
  'instants in a zone, by week, filled': [
    {
      metrics: ['calls', 'calls_with_ann'],
      dimensions: ['call.started_at:week'],
      time_range: { from: '2017-01-01', to: '2017-02-01' },
      time_zone: 'Europe/Berlin',
      week_start: 'sunday',
      filters: [{ field: 'call.started_at', operator: 'gte', values: ['2017-01-01'] }],
    },
  ],
  'open filling, having': [
    { metrics: ['deals'], dimensions: ['deal.status', 'metric_time:quarter'], having: [{ field: 'deals', operator: 'gt', values: [1] }] },
  ],
  'days of derived fields': [{ metrics: ['deals'], dimensions: ['deal.health'] }],
  'two models': [{ metrics: ['deals', 'companies'], dimensions: ['company.industry'] }],
  compare: [
    {
      metrics: ['deals'],
      dimensions: ['metric_time:day'],
      time_range: { from: '2017-03-01', to: '2017-04-01' },
      compare: 'previous_period',
      fill: false,
    },
  ],
  'compare weeks': [
    {
      metrics: ['deals'],
      dimensions: ['metric_time:week'],
      time_range: { from: '2017-03-01', to: '2017-04-01' },
      compare: 'previous_year',
      fill: false,
    },
  ],
  'an offset in an open range': [{ metrics: ['growth'], dimensions: ['metric_time:month'] }],
  'a running total': [{ metrics: ['running_revenue'], dimensions: ['user.office', 'metric_time:month'], fill: false }],
  'a window': [{ metrics: ['deals_ten_days', 'running_average'], dimensions: ['metric_time:month'], fill: false }],
  'a window by a dimension of another record': [
    { metrics: ['deals_ten_days'], dimensions: ['user.office', 'metric_time:month'], fill: false },
  ],
  'instants by the days of UTC': [{ metrics: ['calls'], dimensions: ['call.started_at:day'], fill: false }],
  'different ones up to then': [{ metrics: ['running_owners'], dimensions: ['metric_time:month'], fill: false }],
  'as of': [{ metrics: ['deals'], dimensions: ['user.office'], as_of: '2017-06-01T00:00:00Z' }],
  'a row filter and a mask': [
    { metrics: ['revenue'] },
    {
      policy: {
        types: {
          deal: {
            rows: { field: 'owner.office', operator: 'eq', values: ['East'] },
            masks: [{ fields: ['amount'], visible: { field: 'status', operator: 'eq', values: ['won'] } }],
          },
        },
      },
    },
  ],
  'a row filter, as of': [
    { metrics: ['revenue'], as_of: '2017-06-01T00:00:00Z' },
    { policy: { types: { deal: { rows: { field: 'status', operator: 'eq', values: ['won'] } } } } },
  ],
  'aggregates only': [
    { metrics: ['deals', 'revenue'], dimensions: ['deal.status'] },
    { policy: { types: { deal: { smallestGroup: 5 } } } },
  ],
  'aggregates only, a running total': [
    { metrics: ['running_revenue'], dimensions: ['user.office', 'metric_time:month'], fill: false },
    { policy: { types: { deal: { smallestGroup: 5 } } } },
  ],
  'aggregates only, a window': [
    { metrics: ['deals_ten_days'], dimensions: ['metric_time:week'], fill: false },
    { policy: { types: { deal: { smallestGroup: 5 } } } },
  ],
  'one source system and one currency': [
    { metrics: ['revenue'], dimensions: ['user.office'] },
    { onlySourceSystem: () => 'crm', onlyCurrency: () => 'EUR' },
  ],
  'a type without a table': [{ metrics: ['deals'], dimensions: ['user.office'] }, { table: () => undefined }],
  'fields that were added or changed their type': [
    { metrics: ['deals', 'amount'], dimensions: ['deal.status', 'user.office', 'deal.close_date:month'], fill: false },
    { table: (recordType) => (recordType === 'deal' ? changedDeals() : context.table(recordType)) },
  ],
};

function changedDeals(): PhysicalTable {
  const deal = context.table('deal');
  const fields = new Map(deal?.fields);
  const change = (
    name: string,
    types: readonly ('text' | 'number' | 'reference' | 'date' | 'money' | 'json')[],
    extension = false,
  ): void => {
    const field = fields.get(name);
    if (field === undefined) throw new Error(`deals have no ${name}`);
    fields.set(name, {
      ...field,
      extension,
      columns: types.map((type, index) => ({ name: index === 0 ? `${name}__${types.length}` : name, type })),
    });
  };
  change('amount', ['money', 'number']);
  change('owner', ['reference', 'text'], true);
  change('close_date', ['date', 'text']);
  change('status', ['text', 'json']);
  return { table: 'deal', extensionTable: 'x_7_deal', fields };
}

/** One clause on a line, for the eye. */
const readable = (text: string): string =>
  text.replaceAll(/ (?=(?:from|where|left join|group by|order by|union all|cross join|limit|qualify) )/g, '\n');

describe.each(DIALECT_NAMES)('the statements of %s', (dialect) => {
  it.each(Object.entries(QUERIES))('%s', (_name, [query, more]) => {
    const { text, parameters } = compileQuery(query, layer, { ...context, ...more, dialect });
    expect(`${readable(text)}\n\n${JSON.stringify(parameters)}`).toMatchSnapshot();
  });

  it('a drill-down', () => {
    const query: MetricQuery = { metrics: ['revenue'], dimensions: ['company.industry', 'metric_time:month'] };
    const request = {
      query,
      row: { 'company.industry': 'it', 'metric_time:month': '2017-01-01' },
      metric: 'revenue',
      cursor: '5',
      limit: 2,
    };
    const { text, parameters } = compileDrillDown(request, layer, { ...context, dialect });
    expect(`${readable(text)}\n\n${JSON.stringify(parameters)}`).toMatchSnapshot();
  });
});
