import type { MetricQuery, SemanticLayer } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { layerOf, SMALL_TYPES, smallLayer } from '../testing/small-world.ts';
import { physicalTable } from '../testing/test-engine.ts';
import type { CompileContext } from './compile-context.ts';
import { compileQuery } from './compile-query.ts';
import { listMetrics } from './list-metrics.ts';
import { readAnswer } from './read-answer.ts';

const layer = smallLayer();
const tables = new Map(SMALL_TYPES.map((type) => [type.name, physicalTable(type)]));
const context: CompileContext = {
  dialect: 'duckdb',
  workspace: 1 as CompileContext['workspace'],
  table: (recordType) => tables.get(recordType),
  now: Date.parse('2017-06-15T22:30:00Z'),
};

const compile = (query: MetricQuery, more: Partial<CompileContext> = {}) => compileQuery(query, layer, { ...context, ...more });

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
      'by one grain of time only',
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
  expect(compileQuery({ metrics: names.slice(1) }, many, context).columns.length).toBe(200);
  expect(() => compileQuery({ metrics: names }, many, context)).toThrow(
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
  expect(compileQuery({ metrics: ['stage'], dimensions: ['status'] }, rivals, context).columns.length).toBe(2);
  expect(() => compileQuery({ metrics: ['stage'], dimensions: ['stage'] }, rivals, context)).toThrow(
    expect.objectContaining({
      code: 'invalid_query',
      message:
        'dimensions: stage is a metric of this query, too; write its entity before it (entity.stage), or rename one of the two in the models.',
    }),
  );
  expect(compileQuery({ metrics: ['stage'], dimensions: ['deal.stage'] }, rivals, context).columns.map(({ name }) => name)).toEqual([
    'deal.stage',
    'stage',
  ]);
});

describe('names of dimensions', () => {
  /** Two references of deals to companies, one named as they are; and to either of two types by one name. */
  const types = SMALL_TYPES.map((type) =>
    type.name === 'deal'
      ? { ...type, fields: [...type.fields, { name: 'partner_id', type: 'reference' as const, references: 'company' }] }
      : type,
  );
  const models = (primary: string) =>
    layerOf(
      `
semantic_models:
  - name: deal
    record_type: deal
    entities: [${primary}{ name: company, type: foreign, field: company_id }, { name: partner, type: foreign, field: partner_id, to: company }]
    dimensions: [{ name: status, type: categorical }]
    measures: [{ name: deals, aggregation: count }]
  - name: company
    record_type: company
    entities: [{ name: company, type: primary }]
    dimensions: [{ name: industry, type: categorical }, { name: size, type: categorical, expression: employees }]
  - name: issue
    record_type: issue
    entities: [{ name: partner, type: foreign, field: assignee, to: user }, { name: creator, type: foreign, field: creator, to: user }]
    measures: [{ name: issues, aggregation: count }]
  - name: user
    record_type: user
    entities: [{ name: user, type: primary }]
    dimensions: [{ name: office, type: categorical }, { name: size, type: categorical, expression: team }]
metrics:
  - { name: deals, type: simple, measure: deals }
  - { name: issues, type: simple, measure: issues }
`,
      types,
    );
  const withPrimary = models('{ name: deal, type: primary }, ');
  const without = models('');
  const dimensionsOf = (of: SemanticLayer, metric: string) =>
    listMetrics(of)
      .find(({ name }) => name === metric)
      ?.dimensions.map(({ name }) => name);
  const readBy = (of: SemanticLayer, dimension: string) =>
    compileQuery({ metrics: ['deals'], dimensions: [dimension] }, of, context).reads.find(({ recordType }) => recordType === 'deal')
      ?.fields;

  it('a reference that has the name goes before others that lead to the entity', () => {
    for (const name of ['company.industry', 'deal.company.industry']) expect(readBy(withPrimary, name)).toEqual(['company_id']);
    for (const name of ['partner.industry', 'deal.partner.industry']) expect(readBy(withPrimary, name)).toEqual(['partner_id']);
    expect(dimensionsOf(withPrimary, 'deals')).toEqual([
      'deal.status',
      'company.industry',
      'company.size',
      'partner.industry',
      'partner.size',
    ]);
  });

  it('a model without a primary entity has its own by their names alone', () => {
    expect(dimensionsOf(without, 'deals')).toEqual(['status', 'company.industry', 'company.size', 'partner.industry', 'partner.size']);
    expect(readBy(without, 'status')).toEqual(['status']);
    expect(readBy(without, 'partner.industry')).toEqual(['partner_id']);
  });

  it('what is offered for an ambiguous one can be asked', () => {
    const ask = (dimension: string) => () => compileQuery({ metrics: ['issues'], dimensions: [dimension] }, without, context);
    expect(ask('user.office')).toThrow(
      expect.objectContaining({ code: 'ambiguous_join', details: { name: 'user.office', choices: ['partner.office', 'creator.office'] } }),
    );
    expect(ask('partner.office')).not.toThrow();
    expect(ask('creator.office')).not.toThrow();
  });

  it('one that has another type for another metric is refused', () => {
    expect(() => compileQuery({ metrics: ['deals', 'issues'], dimensions: ['partner.size'] }, without, context)).toThrow(
      expect.objectContaining({ code: 'unknown_dimension', message: 'partner.size is not of one type for all the metrics.' }),
    );
  });
});

describe('a compiled query', () => {
  it('binds every value that comes from outside', () => {
    const evil = "x' or '1'='1";
    for (const dialect of ['duckdb', 'snowflake'] as const) {
      const { text, parameters } = compile(
        {
          metrics: ['deals'],
          filters: [{ field: 'status', operator: 'eq', values: [evil] }],
          time_range: { from: '2017-01-01' },
          time_zone: 'Europe/Berlin',
        },
        { dialect },
      );
      expect(text).not.toContain("x'");
      expect(text).not.toContain('2017');
      expect(parameters).toContain(evil);
      const places = text.match(/\$\d+|\?/g) ?? [];
      expect(dialect === 'snowflake' ? places.length : new Set(places).size).toBe(parameters.length);
    }
  });

  it('is the same text for the same question', () => {
    const query: MetricQuery = { metrics: ['revenue', 'win_rate'], dimensions: ['user.office', 'metric_time:month'] };
    expect(compile(query)).toMatchObject({ text: compile(query).text, parameters: compile(query).parameters });
  });

  it('joins only what it reads', () => {
    expect(compile({ metrics: ['deals'] }).text).not.toContain('join');
    expect(compile({ metrics: ['deals'], dimensions: ['company.industry'] }).text.match(/left join/g)?.length).toBe(1);
    expect(compile({ metrics: ['calls'], dimensions: ['company.industry', 'host.office'] }).text.match(/left join/g)?.length).toBe(3);
  });

  it('scans the records of one model once, if no range or period is shifted', () => {
    const { text } = compile({ metrics: ['deals', 'revenue', 'win_rate', 'average_amount', 'margin'], dimensions: ['deal.status'] });
    expect(text.match(/from "deal"/g)?.length).toBe(1);
  });

  it('tells its columns', () => {
    const { columns } = compile({
      metrics: ['deals', 'revenue', 'last_close'],
      dimensions: ['company.industry', 'deal.close_date:month', 'deal.is_big', 'deal.amount'],
      compare: 'previous_year',
      time_range: { from: '2017-01-01', to: '2018-01-01' },
    });
    expect(columns).toEqual([
      { name: 'company.industry', type: 'text', label: 'Industry' },
      { name: 'deal.close_date:month', type: 'date', label: 'Closed on' },
      { name: 'deal.is_big', type: 'boolean', label: undefined },
      { name: 'deal.amount', type: 'decimal', label: undefined },
      { name: 'deals', type: 'integer', format: 'integer', unit: undefined, label: 'Deals' },
      { name: 'deals__previous', type: 'integer', format: 'integer', unit: undefined, label: 'Deals: before' },
      { name: 'deals__change', type: 'number', format: 'percent', label: 'Deals: change' },
      { name: 'revenue', type: 'decimal', format: 'currency', unit: undefined, label: 'Revenue' },
      { name: 'revenue__previous', type: 'decimal', format: 'currency', unit: undefined, label: 'Revenue: before' },
      { name: 'revenue__change', type: 'number', format: 'percent', label: 'Revenue: change' },
      { name: 'last_close', type: 'date', format: undefined, unit: undefined, label: undefined },
      { name: 'last_close__previous', type: 'date', format: undefined, unit: undefined, label: undefined },
    ]);
  });

  it('says whether it depends on today, and which day that is', () => {
    expect(compile({ metrics: ['deals'] })).toMatchObject({ usesToday: false, today: '2017-06-15' });
    expect(compile({ metrics: ['deals'] }, { timeZone: 'Europe/Berlin' }).today).toBe('2017-06-16');
    expect(compile({ metrics: ['deals'], time_zone: 'America/New_York' }, { timeZone: 'Europe/Berlin' }).today).toBe('2017-06-15');
    expect(compile({ metrics: ['deals'], as_of: '2016-01-01T23:00:00Z', time_zone: 'Europe/Berlin' }).today).toBe('2016-01-02');
    expect(compile({ metrics: ['deals'], as_of: '2016-01-01T00:00:00Z' }, { reportingDate: '2017-12-31' }).today).toBe('2017-12-31');
    expect(compile({ metrics: ['deals'], dimensions: ['deal.health'] }).usesToday).toBe(true);
    expect(compile({ metrics: ['deals'], filters: [{ field: 'deal.health', operator: 'eq', values: ['won'] }] }).usesToday).toBe(true);
    expect(compile({ metrics: ['deals'], time_range: { from: 'today-1day' } }).usesToday).toBe(true);
    expect(compile({ metrics: ['deals_ten_days'] }).usesToday).toBe(true);
    expect(compile({ metrics: ['deals_ten_days'], time_range: { to: '2017-01-01' } }).usesToday).toBe(false);
  });

  it('says what it reads, by way of policies too', () => {
    const policy = { types: { deal: { rows: { field: 'owner.office', operator: 'eq' as const, values: ['East'] } } } };
    const { reads, models } = compile(
      { metrics: ['revenue'], dimensions: ['company.industry'], time_range: { from: '2017-01-01' } },
      { policy },
    );
    expect(models).toEqual(['deal']);
    expect(reads).toEqual([
      { recordType: 'company', fields: ['industry'] },
      { recordType: 'deal', fields: ['amount', 'close_date', 'company_id', 'currency', 'owner', 'status'] },
      { recordType: 'user', fields: ['office'] },
    ]);
  });
});

describe('affects', () => {
  const won = { status: 'won', amount: '10', close_date: '2017-03-01', company_id: 'acme', currency: 'EUR' };
  const change = (before: object | null, after: object | null, recordType = 'deal') =>
    ({ recordType, before, after }) as Parameters<ReturnType<typeof compile>['affects']>[0];

  it('looks at the fields that are read, in records that pass before or after', () => {
    const { affects } = compile({ metrics: ['revenue'], time_range: { from: '2017-01-01', to: '2018-01-01' } });
    expect(affects(change(null, won))).toBe(true);
    expect(affects(change(won, null))).toBe(true);
    expect(affects(change(won, { ...won, amount: '11' }))).toBe(true);
    expect(affects(change(won, { ...won, status: 'lost' }))).toBe(true);
    expect(affects(change({ ...won, status: 'lost' }, won))).toBe(true);
    expect(affects(change(won, { ...won, name: 'other', company_id: 'x' }))).toBe(false);
    expect(affects(change(null, { ...won, status: 'lost' }))).toBe(false);
    expect(affects(change(null, { ...won, close_date: '2016-03-01' }))).toBe(false);
    expect(affects(change(null, { status: 'won' }))).toBe(false);
    expect(affects(change({ ...won, status: 'open' }, { ...won, status: 'lost' }))).toBe(false);
  });

  it('types that are not read never matter', () => {
    expect(compile({ metrics: ['revenue'] }).affects(change(null, {}, 'call'))).toBe(false);
    expect(compile({ metrics: ['revenue'] }).affects({ ...change(null, {}, 'call'), erased: true })).toBe(false);
  });

  it('records that are referred to matter by the fields that are read: not to be there is to have none', () => {
    const { affects } = compile({ metrics: ['deals'], dimensions: ['company.industry'] });
    expect(affects(change(null, { industry: 'it' }, 'company'))).toBe(true);
    expect(affects(change(null, { name: 'Acme' }, 'company'))).toBe(false);
    expect(affects(change({ industry: 'it' }, { industry: 'it', name: 'x' }, 'company'))).toBe(false);
    expect(affects(change({ industry: 'it' }, null, 'company'))).toBe(true);
  });

  it('where a condition is over other records it may be met', () => {
    const { affects } = compile({ metrics: ['deals'], filters: [{ field: 'user.office', operator: 'eq', values: ['East'] }] });
    expect(affects(change(null, {}))).toBe(true);
  });

  it('masked fields and fields of another type before are not judged by their value', () => {
    const filters: MetricQuery['filters'] = [{ field: 'status', operator: 'eq', values: ['won'] }];
    const lost = change(null, { status: 'lost' });
    expect(compile({ metrics: ['deals'], filters }).affects(lost)).toBe(false);
    const masks = [{ fields: ['status'] }];
    expect(compile({ metrics: ['deals'], filters }, { policy: { types: { deal: { masks } } } }).affects(lost)).toBe(true);
    expect(compile({ metrics: ['deals'], filters }, { table: () => undefined }).affects(lost)).toBe(true);
  });

  it('common fields are not in the data, so they may have changed', () => {
    const { affects } = compile({ metrics: ['deals'], filters: [{ field: 'business_priority', operator: 'eq', values: ['high'] }] });
    expect(affects(change({ status: 'won' }, { status: 'won' }))).toBe(true);
  });

  it('the past changes only by what is erased, and by what policies look at', () => {
    const policy = { types: { deal: { rows: { field: 'owner.office', operator: 'eq' as const, values: ['East'] } } } };
    const query: MetricQuery = { metrics: ['revenue'], as_of: '2017-01-01T00:00:00Z' };
    expect(compile(query).affects(change(null, won))).toBe(false);
    expect(compile(query).affects({ ...change(won, won), erased: true })).toBe(true);
    expect(compile(query, { policy }).affects(change(null, won))).toBe(false);
    expect(compile(query, { policy }).affects(change(won, { ...won, owner: 'ann' }))).toBe(true);
    expect(compile(query, { policy }).affects(change({ office: 'East' }, { office: 'West' }, 'user'))).toBe(true);
  });
});

describe('readAnswer', () => {
  const columns = [
    { name: 'a', type: 'decimal' as const },
    { name: 'b', type: 'integer' as const },
    { name: 'c', type: 'number' as const },
    { name: 'd', type: 'boolean' as const },
  ];
  const result = (values: readonly (readonly unknown[])[], names: readonly string[] = []) => ({
    columns: ['C0', 'C1', 'C2', 'C3', ...names].map((name) => ({ name })),
    values,
    rowCount: values[0]?.length ?? 0,
  });

  it('gives rows of plain values', () => {
    const values = [
      ['1.0000', null],
      ['9007199254740993', 7],
      ['0.5', 2],
      [true, null],
    ];
    expect(readAnswer({ columns, checks: [] }, result(values)).rows).toEqual([
      ['1.0000', '9007199254740993', 0.5, true],
      [null, 7, 2, null],
    ]);
  });

  it('names the currencies that are mixed, and takes the one that there is for a unit', () => {
    const check = { kind: 'one_currency', least: 'least_0', greatest: 'greatest_0', metric: 'a' } as const;
    const compiled = { columns, checks: [check] };
    const names = ['LEAST_0', 'GREATEST_0'];
    const one = readAnswer(compiled, result([['1'], [1], [1], [true], ['EUR'], ['EUR']], names));
    expect(one.columns.map(({ unit }) => unit)).toEqual(['EUR', undefined, undefined, undefined]);
    expect(() => readAnswer(compiled, result([['1'], [1], [1], [true], ['EUR'], ['USD']], names))).toThrow(
      expect.objectContaining({ code: 'mixed_currencies', details: { metric: 'a', currencies: ['EUR', 'USD'] } }),
    );
  });
});

describe('listMetrics', () => {
  const metrics = listMetrics(layer);
  const named = (name: string) => metrics.find((metric) => metric.name === name);

  it('says what each metric is, and its parts', () => {
    expect(metrics.length).toBe(layer.metrics.length);
    expect(listMetrics(layer)).toBe(metrics);
    expect(named('revenue')).toMatchObject({
      label: 'Revenue',
      description: '',
      type: 'simple',
      format: 'currency',
      unit: null,
      parts: [],
    });
    expect(named('win_rate')).toMatchObject({ label: 'Win rate', type: 'ratio', parts: ['numerator', 'denominator'] });
  });

  it('says by what it can be asked, in the shortest way that means one thing', () => {
    const names = (metric: string) => named(metric)?.dimensions.map(({ name }) => name);
    expect(names('issues')).toEqual([
      'issue.state',
      'assignee.office',
      'assignee.team',
      'assignee.name',
      'creator.office',
      'creator.team',
      'creator.name',
    ]);
    expect(names('companies')).toEqual([
      'company.name',
      'company.industry',
      'company.country',
      'parent.name',
      'parent.industry',
      'parent.country',
    ]);
    expect(names('calls')).toEqual(
      expect.arrayContaining(['metric_time', 'call.direction', 'host.office', 'deal.status', 'deal.user.office', 'company.industry']),
    );
    expect(named('deals')?.dimensions.find(({ name }) => name === 'deal.close_date')).toEqual({
      name: 'deal.close_date',
      label: 'Closed on',
      type: 'time',
      grains: ['day', 'week', 'month', 'quarter', 'year'],
      identifying: false,
    });
  });

  it('of several models those that all have', () => {
    expect(named('calls_per_deal')?.dimensions.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['metric_time', 'deal.status', 'company.name']),
    );
    expect(named('calls_per_deal')?.dimensions.map(({ name }) => name)).not.toContain('call.direction');
  });

  it('can be asked by everything that it says', () => {
    for (const { name, dimensions } of metrics) {
      for (const dimension of dimensions)
        expect(() => compile({ metrics: [name], dimensions: [dimension.name], time_range: undefined }), dimension.name).not.toThrow(
          TypeError,
        );
    }
  });
});
