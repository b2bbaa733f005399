import type { MetricQuery } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { SMALL_CONTEXT } from '../testing/small-context.ts';
import { layerOf, smallLayer } from '../testing/small-world.ts';
import type { CompileContext } from './compile-context.ts';
import { compileQuery } from './compile-query.ts';

const layer = smallLayer();
const compile = (query: MetricQuery, more: Partial<CompileContext> = {}) => compileQuery(query, layer, { ...SMALL_CONTEXT, ...more });

describe('a query that cannot be answered', () => {
  const cases: readonly (readonly [string, MetricQuery, string, string])[] = [
    ['an unknown metric', { metrics: ['revenu'] }, 'unknown_metric', 'There is no metric revenu. Did you mean revenue?'],
    ['an unknown metric with nothing near', { metrics: ['xyzzyx'] }, 'unknown_metric', 'GET /metrics, sophia metrics list)'],
    ['a metric twice', { metrics: ['deals', 'deals'] }, 'invalid_query', 'metrics: deals is there twice.'],
    ['an unknown dimension', { metrics: ['deals'], dimensions: ['deal.statu'] }, 'unknown_dimension', 'Did you mean deal.status'],
    [
      'an unknown dimension with nothing near',
      { metrics: ['deals'], dimensions: ['deal.xyzzyxyzzy'] },
      'unknown_dimension',
      'sophia metrics list --dimensions)',
    ],
    [
      'a field that is no dimension',
      { metrics: ['deals'], dimensions: ['deal.pipeline'] },
      'unknown_dimension',
      'deal.pipeline is no dimension of deal',
    ],
    ['an unknown entity', { metrics: ['deals'], dimensions: ['deel.status'] }, 'unknown_dimension', 'Did you mean deal.status'],
    [
      'an unknown grain',
      { metrics: ['deals'], dimensions: ['deal.close_date:decade'] },
      'unknown_dimension',
      'a grain is one of day, week, month, quarter, year',
    ],
    ['two grains', { metrics: ['deals'], dimensions: ['deal.close_date:day:day'] }, 'unknown_dimension', 'a grain is one of'],
    [
      'a grain of what is no time',
      { metrics: ['deals'], dimensions: ['deal.status:month'] },
      'unknown_dimension',
      'only dimensions of time have a grain',
    ],
    [
      'a dimension twice',
      { metrics: ['deals'], dimensions: ['deal.status', 'deal.status'] },
      'invalid_query',
      'dimensions: deal.status is there twice.',
    ],
    [
      'a dimension that no reference leads to',
      { metrics: ['companies'], dimensions: ['deal.status'] },
      'unreachable_dimension',
      'cannot be reached from the records of company',
    ],
    [
      'a dimension that one of the models does not reach',
      { metrics: ['deals', 'companies'], dimensions: ['user.office'] },
      'unreachable_dimension',
      'company',
    ],
    [
      'an ambiguous dimension',
      { metrics: ['issues'], dimensions: ['user.office'] },
      'ambiguous_join',
      'may be issue.assignee.office or issue.creator.office',
    ],
    [
      'a dimension without its entity',
      { metrics: ['deals', 'companies'], dimensions: ['name'] },
      'unknown_dimension',
      'write the entity before the name',
    ],
    [
      'a filter without its entity',
      { metrics: ['deals', 'companies'], filters: [{ field: 'name', operator: 'is_null' }] },
      'unknown_dimension',
      'write the entity',
    ],
    [
      'metric_time of a measure without a time',
      { metrics: ['companies'], dimensions: ['metric_time:month'] },
      'invalid_query',
      'the measure companies has no time dimension',
    ],
    [
      'a range for a measure without a time',
      { metrics: ['companies'], time_range: { from: '2017-01-01' } },
      'invalid_query',
      'companies has no time dimension',
    ],
    [
      'a range that is empty',
      { metrics: ['deals'], time_range: { from: '2017-01-01', to: '2017-01-01' } },
      'invalid_query',
      'is not before',
    ],
    [
      'a range that is no time',
      { metrics: ['deals'], time_range: { from: 'January' } },
      'invalid_query',
      'time_range.from: "January" is not a day',
    ],
    ['an instant without its offset', { metrics: ['deals'], time_range: { to: '2017-01-01T00:00:00' } }, 'invalid_query', 'time_range.to'],
    [
      'a relative day out of the calendar',
      { metrics: ['deals'], time_range: { from: 'today-9999years' } },
      'invalid_query',
      'time_range.from',
    ],
    ['a zone that is none', { metrics: ['deals'], time_zone: 'Berlin' }, 'invalid_query', 'time_zone: "Berlin" is not a zone\'s name'],
    ['an as_of that is no instant', { metrics: ['deals'], as_of: '2017-01-01' }, 'invalid_query', 'as_of: "2017-01-01" is not an instant'],
    [
      'compare without a range',
      { metrics: ['deals'], compare: 'previous_year' },
      'invalid_query',
      'compare: previous_year needs a time_range',
    ],
    [
      'compare of instants',
      { metrics: ['deals'], compare: 'previous_period', time_range: { from: '2017-01-01T00:00:00Z', to: '2017-02-01' } },
      'invalid_query',
      'whose from and to are days',
    ],
    [
      'compare of an open range',
      { metrics: ['deals'], compare: 'previous_period', time_range: { from: '2017-01-01' } },
      'invalid_query',
      'compare',
    ],
    ['an offset without a time', { metrics: ['growth'] }, 'invalid_query', 'give a time_range, or ask by metric_time (close_date)'],
    [
      'an offset of a measure without a time',
      { metrics: ['companies_before'] },
      'invalid_query',
      'companies is compared with an earlier time, but the measure companies has no time dimension',
    ],
    [
      'a running metric by two grains',
      { metrics: ['running_deals'], dimensions: ['metric_time:month', 'metric_time:year'] },
      'invalid_query',
      'ask for its time once, by one grain only',
    ],
    [
      'an unknown filter field',
      { metrics: ['deals'], filters: [{ field: 'deal.statuss', operator: 'is_null' }] },
      'unknown_dimension',
      'Did you mean deal.status',
    ],
    [
      'a value that does not fit',
      { metrics: ['deals'], filters: [{ field: 'amount', operator: 'gt', values: ['much'] }] },
      'invalid_filter',
      'filters: amount: "much" is not an amount of money',
    ],
    [
      'a number where a text is wanted',
      { metrics: ['deals'], filters: [{ field: 'deal.status', operator: 'eq', values: [3] }] },
      'invalid_filter',
      'filters: deal.status: 3 is not a text',
    ],
    [
      'a number that has lost digits',
      { metrics: ['deals'], filters: [{ field: 'deal.amount', operator: 'eq', values: [2 ** 60] }] },
      'invalid_filter',
      'filters: deal.amount: a number beyond 2^53 is exact only as a text',
    ],
    [
      'a text where true or false is wanted',
      { metrics: ['deals'], filters: [{ field: 'deal.is_big', operator: 'eq', values: ['yes'] }] },
      'invalid_filter',
      'filters: deal.is_big: "yes" is not true or false',
    ],
    [
      'true where a number is wanted',
      { metrics: ['deals'], filters: [{ field: 'deal.amount', operator: 'eq', values: [true] }] },
      'invalid_filter',
      'filters: deal.amount: true is not an amount of money',
    ],
    [
      'null where it has no meaning',
      { metrics: ['deals'], filters: [{ field: 'amount', operator: 'gt', values: [null] }] },
      'invalid_filter',
      'null is not an amount',
    ],
    [
      'too many values',
      { metrics: ['deals'], filters: [{ field: 'amount', operator: 'eq', values: [1, 2] }] },
      'invalid_filter',
      'eq takes 1 values, found 2',
    ],
    [
      'too few values',
      { metrics: ['deals'], filters: [{ field: 'amount', operator: 'between', values: [1] }] },
      'invalid_filter',
      'between takes 2 values, found 1',
    ],
    [
      'no values',
      { metrics: ['deals'], filters: [{ field: 'amount', operator: 'in' }] },
      'invalid_filter',
      'in takes 1 to 1000 values, found 0',
    ],
    [
      'contains of a number',
      { metrics: ['deals'], filters: [{ field: 'amount', operator: 'contains', values: ['1'] }] },
      'invalid_filter',
      'contains cannot be applied to an amount of money',
    ],
    [
      'eq of a list',
      { metrics: ['calls'], filters: [{ field: 'participants', operator: 'eq', values: ['x'] }] },
      'invalid_filter',
      'eq cannot be applied to a list of texts',
    ],
    [
      'is_null of a text',
      { metrics: ['deals'], filters: [{ field: 'amount', operator: 'is_null', values: ['no'] }] },
      'invalid_filter',
      'is_null takes true or false',
    ],
    [
      'having of what is not asked',
      { metrics: ['deals'], having: [{ field: 'revenue', operator: 'is_null' }] },
      'unknown_metric',
      "having: revenue is none of the query's metrics (deals)",
    ],
    [
      'having of a value that does not fit',
      { metrics: ['deals'], having: [{ field: 'deals', operator: 'gt', values: [0.5] }] },
      'invalid_filter',
      'having: deals: 0.5 is not a whole number',
    ],
    ['an order by what is not asked', { metrics: ['deals'], order_by: ['-reveue'] }, 'invalid_query', 'order_by: reveue is none of deals'],
    [
      'too many periods',
      { metrics: ['deals'], dimensions: ['metric_time'], time_range: { from: '1900-01-01', to: '2000-01-01' } },
      'query_too_large',
      '36524 periods of a day; at most 20000 are shown',
    ],
  ];
  it.each(cases)('%s', (_name, query, code, message) => {
    expect(() => compile(query)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
  });

  it('an unknown metric is told no names of metrics that may not be asked for', () => {
    const mayAsk = (name: string): boolean => name !== 'deals_won';
    expect(() => compile({ metrics: ['deals_wo'] }, { mayAsk })).toThrow(
      expect.objectContaining({ code: 'unknown_metric', details: { name: 'deals_wo', nearest: ['deals'] } }),
    );
  });

  it('a filter that is nested too deep, or has too many parts', () => {
    let deep: NonNullable<MetricQuery['filters']>[number] = { field: 'amount', operator: 'is_null' };
    for (let depth = 0; depth < 20; depth += 1) deep = { not: deep };
    expect(() => compile({ metrics: ['deals'], filters: [deep] })).toThrow(expect.objectContaining({ code: 'invalid_filter' }));
    const values = Array.from({ length: 1000 }, (_none, index) => index);
    const many = Array.from({ length: 11 }, () => ({ field: 'amount', operator: 'in' as const, values }));
    expect(() => compile({ metrics: ['deals'], filters: many })).toThrow(expect.objectContaining({ code: 'invalid_filter' }));
    const wide = { or: Array.from({ length: 1000 }, () => ({ field: 'amount', operator: 'is_null' as const })) };
    expect(() => compile({ metrics: ['deals'], filters: [wide] })).toThrow(expect.objectContaining({ code: 'invalid_filter' }));
  });
});

it('a query of too many aggregates is refused', () => {
  const names = Array.from({ length: 201 }, (_none, index) => `over_${index}`);
  const many = layerOf(`
semantic_models:
  - { name: deal, record_type: deal, entities: [{ name: deal, type: primary }], measures: [{ name: deals, aggregation: count }] }
metrics:
${names.map((name, index) => `  - { name: ${name}, type: simple, measure: deals, filter: amount > ${index} }`).join('\n')}
`);
  expect(compileQuery({ metrics: names.slice(1) }, many, SMALL_CONTEXT).columns.length).toBe(200);
  expect(() => compileQuery({ metrics: names }, many, SMALL_CONTEXT)).toThrow(
    expect.objectContaining({ code: 'query_too_large', message: 'The metrics need more than 200 aggregates.' }),
  );
});

it('a dimension and a metric of one name are no two columns of one answer', () => {
  const rivals = layerOf(`
semantic_models:
  - name: deal
    record_type: deal
    entities: [{ name: deal, type: primary }]
    dimensions: [{ name: stage, type: categorical }, { name: status, type: categorical }]
    measures: [{ name: deals, aggregation: count }]
metrics: [{ name: stage, type: simple, measure: deals }]
`);
  expect(compileQuery({ metrics: ['stage'], dimensions: ['status'] }, rivals, SMALL_CONTEXT).columns.length).toBe(2);
  expect(() => compileQuery({ metrics: ['stage'], dimensions: ['stage'] }, rivals, SMALL_CONTEXT)).toThrow(
    expect.objectContaining({
      code: 'invalid_query',
      message:
        'dimensions: stage is a metric of this query, too; write its entity before it (entity.stage), or rename one of the two in the models.',
    }),
  );
  expect(compileQuery({ metrics: ['stage'], dimensions: ['deal.stage'] }, rivals, SMALL_CONTEXT).columns.map(({ name }) => name)).toEqual([
    'deal.stage',
    'stage',
  ]);
});
