import type { Filter, MetricQuery, SemanticLayer } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SMALL_RECORDS, SMALL_TYPES, smallLayer } from '../testing/small-world.ts';
import { createTestEngine, type TestEngine } from '../testing/test-engine.ts';
import type { CompileContext } from './compile-context.ts';

let engine: TestEngine;
let layer: SemanticLayer;

beforeAll(async () => {
  layer = smallLayer();
  engine = await createTestEngine(SMALL_TYPES);
  await engine.insert(SMALL_RECORDS);
});

afterAll(() => engine.close());

const ask = async (query: MetricQuery, context?: Partial<CompileContext>) => (await engine.ask(query, layer, context)).rows;

const dealsWhere = async (...filters: readonly Filter[]) =>
  (await ask({ metrics: ['deals'], dimensions: ['deal.name'], filters })).map(([name]) => name);

describe('measures', () => {
  it('aggregates what there is: null values count for nothing', async () => {
    const metrics = [
      'deals',
      'amounts',
      'owners',
      'amount',
      'average_amount',
      'least_amount',
      'most_amount',
      'median_amount',
      'last_close',
    ];
    expect(await ask({ metrics })).toEqual([[6, 4, 2, '450.5000', 112.625, '0.0000', '300.0000', 75.25, '2017-03-31']]);
  });

  it('a percentile lies between its neighbours in proportion', async () => {
    // 0, 50.5, 100, 300: place 0.9 · 3 = 2.7.
    const [[high] = []] = await ask({ metrics: ['high_amount'] });
    expect(high).toBeCloseTo(240, 9);
  });

  it('reads attributes reached by references', async () => {
    expect(await ask({ metrics: ['list_value', 'employees_reached'] })).toEqual([['760.0000', 34]]);
    // Deals 1 to 4: 0.5, 0.7475, 1, -2.75.
    const [[discount] = []] = await ask({ metrics: ['discount'] });
    expect(discount).toBeCloseTo((0.5 + 0.7475 + 1 - 2.75) / 4, 12);
  });

  it('over no records a sum and a count are 0, the others null', async () => {
    const filters: Filter[] = [{ field: 'deal.name', operator: 'eq', values: ['none'] }];
    const metrics = ['deals', 'amount', 'owners', 'average_amount', 'least_amount', 'median_amount', 'win_rate', 'margin'];
    expect(await ask({ metrics, filters })).toEqual([[0, '0.0000', 0, null, null, null, null, '0.0000']]);
  });

  it('over records without a value a sum is null', async () => {
    const filters: Filter[] = [{ field: 'deal.name', operator: 'in', values: ['five', 'six'] }];
    expect(await ask({ metrics: ['deals', 'amounts', 'amount', 'revenue'], filters })).toEqual([[2, 0, null, null]]);
    expect(await ask({ metrics: ['deals', 'amount', 'revenue'], dimensions: ['deal.name'], filters })).toEqual([
      ['five', 1, null, '0.0000'],
      ['six', 1, null, null],
    ]);
  });

  it('a metric may be made of metrics and constants', async () => {
    expect(await ask({ metrics: ['margin', 'margin_doubled'] })).toEqual([['-309.5000', expect.anything()]]);
    const [[, doubled] = []] = await ask({ metrics: ['margin', 'margin_doubled'] });
    expect(Number(doubled)).toBe(-619);
  });

  it("a metric's filter holds for every measure below it", async () => {
    expect(await ask({ metrics: ['revenue_in_it', 'it_win_rate', 'win_rate'] })).toEqual([['150.5000', 1, 4 / 6]]);
  });
});

describe('dimensions', () => {
  it('null is a group of its own, and last', async () => {
    expect(await ask({ metrics: ['deals'], dimensions: ['company.industry'] })).toEqual([
      ['it', 2],
      ['retail', 2],
      [null, 2],
    ]);
    expect(await ask({ metrics: ['deals'], dimensions: ['company.industry'], order_by: ['-company.industry'] })).toEqual([
      ['retail', 2],
      ['it', 2],
      [null, 2],
    ]);
  });

  it('are values of several types', async () => {
    expect(await ask({ metrics: ['deals'], dimensions: ['deal.is_big'] })).toEqual([
      [false, 2],
      [true, 2],
      [null, 2],
    ]);
    expect(await ask({ metrics: ['deals'], dimensions: ['deal.amount'] })).toEqual([
      ['0.0000', 1],
      ['50.5000', 1],
      ['100.0000', 1],
      ['300.0000', 1],
      [null, 2],
    ]);
  });

  it('may be without their entity where one model is measured', async () => {
    expect(await ask({ metrics: ['deals'], dimensions: ['status'] })).toEqual(
      await ask({ metrics: ['deals'], dimensions: ['deal.status'] }),
    );
  });

  it('are reached over several references, by entity or by role', async () => {
    expect(await ask({ metrics: ['calls'], dimensions: ['company.industry'] })).toEqual([
      ['it', 1],
      ['retail', 2],
    ]);
    expect(await ask({ metrics: ['deals'], dimensions: ['company.parent.industry'] })).toEqual([
      ['it', 2],
      [null, 4],
    ]);
    expect(await ask({ metrics: ['calls'], dimensions: ['host.office'] })).toEqual([
      ['East', 1],
      ['West', 2],
    ]);
  });

  it('of two references to one entity the role says which', async () => {
    expect(await ask({ metrics: ['issues'], dimensions: ['assignee.office', 'creator.office'] })).toEqual([['East', 'West', 1]]);
  });

  it('of paths of different length the shortest is taken: the host, not the owner of the deal', async () => {
    expect(await ask({ metrics: ['calls'], dimensions: ['user.office', 'deal.user.office'] })).toEqual([
      ['East', 'East', 1],
      ['West', 'East', 2],
    ]);
  });

  it('a reference may lead into another source system', async () => {
    const other = await createTestEngine(SMALL_TYPES);
    try {
      await other.insert(SMALL_RECORDS.filter(({ type }) => type === 'company'));
      const data = { company_id: { source_system: 'erp', source_id: 'acme' } };
      await other.insert([{ type: 'deal', id: 1, source_id: 'd1', data }]);
      expect((await other.ask({ metrics: ['deals'], dimensions: ['company.industry'] }, layer)).rows).toEqual([['mining', 1]]);
    } finally {
      other.close();
    }
  });

  it('types of one source system are joined by the source id alone', async () => {
    const onlySourceSystem = () => 'crm';
    const filters: Filter[] = [{ field: 'company.country', operator: 'eq', values: ['DE'] }];
    expect(await ask({ metrics: ['deals'], filters }, { onlySourceSystem })).toEqual([[2]]);
  });
});

describe('several models', () => {
  it('are aggregated apart and joined on the dimensions', async () => {
    expect(await ask({ metrics: ['revenue', 'companies', 'staff', 'calls'], dimensions: ['company.industry'] })).toEqual([
      ['it', '150.5000', 2, 11, 1],
      ['mining', '0.0000', 1, 1000, 0],
      ['retail', '300.0000', 1, 7, 2],
      [null, null, 0, 0, 0],
    ]);
  });

  it('make ratios', async () => {
    expect(await ask({ metrics: ['calls_per_deal'] })).toEqual([[0.5]]);
  });

  it('stand beside each other by metric_time', async () => {
    expect(await ask({ metrics: ['deals_created', 'deals_won', 'calls'], dimensions: ['metric_time:month'] })).toEqual([
      ['2017-01-01', 3, 2, 1],
      ['2017-02-01', 1, 0, 1],
      ['2017-03-01', 1, 2, 1],
      [null, 1, 0, 0],
    ]);
  });
});

describe('filters', () => {
  const cases: readonly (readonly [string, Filter, readonly string[]])[] = [
    ['eq', { field: 'deal.status', operator: 'eq', values: ['lost'] }, ['three']],
    ['eq null', { field: 'deal.amount', operator: 'eq', values: [null] }, ['five', 'six']],
    ['ne leaves null out', { field: 'company.industry', operator: 'ne', values: ['it'] }, ['four', 'three']],
    ['ne null', { field: 'deal.owner', operator: 'ne', values: [null] }, ['five', 'four', 'one', 'three', 'two']],
    ['in', { field: 'deal.status', operator: 'in', values: ['lost', 'open'] }, ['five', 'three']],
    ['in with null', { field: 'company.industry', operator: 'in', values: ['retail', null] }, ['five', 'four', 'six', 'three']],
    ['gt', { field: 'amount', operator: 'gt', values: [50.5] }, ['four', 'one']],
    ['gte', { field: 'amount', operator: 'gte', values: ['50.5'] }, ['four', 'one', 'two']],
    ['lt', { field: 'deal.close_date', operator: 'lt', values: ['2017-01-20'] }, ['one']],
    ['lte', { field: 'deal.close_date', operator: 'lte', values: ['2017-01-20'] }, ['one', 'two']],
    ['between includes both', { field: 'deal.amount', operator: 'between', values: [0, 100] }, ['one', 'three', 'two']],
    ['contains minds case', { field: 'company.name', operator: 'contains', values: ['olt'] }, ['four', 'three']],
    ['starts_with', { field: 'company.name', operator: 'starts_with', values: ['acme'] }, []],
    ['is_null', { field: 'deal.close_date', operator: 'is_null' }, ['five']],
    ['is_null false', { field: 'company.industry', operator: 'is_null', values: [false] }, ['four', 'one', 'three', 'two']],
    ['a period', { field: 'deal.close_date:quarter', operator: 'eq', values: ['2017-01-01'] }, ['four', 'one', 'six', 'three', 'two']],
    ['a boolean', { field: 'deal.is_big', operator: 'eq', values: [true] }, ['four', 'one']],
    ['not of unknown is unknown', { not: { field: 'company.industry', operator: 'eq', values: ['it'] } }, ['four', 'three']],
    ['an empty and', { and: [] }, ['five', 'four', 'one', 'six', 'three', 'two']],
    ['an empty or', { or: [] }, []],
    [
      'or with an unknown part',
      {
        or: [
          { field: 'amount', operator: 'gt', values: [200] },
          { field: 'deal.status', operator: 'eq', values: ['open'] },
        ],
      },
      ['five', 'four'],
    ],
    [
      'and, not',
      {
        and: [
          { field: 'user.office', operator: 'eq', values: ['East'] },
          { not: { field: 'deal.status', operator: 'eq', values: ['won'] } },
        ],
      },
      ['three'],
    ],
  ];
  it.each(cases)('%s', async (_name, filter, names) => {
    expect(await dealsWhere(filter)).toEqual(names);
  });

  it('of a list of texts: whether it has one', async () => {
    const filters: Filter[] = [{ field: 'call.participants', operator: 'contains', values: ['y'] }];
    expect(await ask({ metrics: ['calls', 'calls_with_ann'], filters })).toEqual([[1, 0]]);
    expect(await ask({ metrics: ['calls_with_ann'] })).toEqual([[1]]);
  });

  it('an instant is compared with an instant, or its day in the zone with a day', async () => {
    const at = (operator: 'gte' | 'eq' | 'in', values: string[]): MetricQuery => ({
      metrics: ['calls'],
      filters: [{ field: 'call.started_at', operator, values }],
      time_zone: 'Europe/Berlin',
    });
    expect(await ask(at('gte', ['2017-02-01T00:30:00Z']))).toEqual([[2]]);
    expect(await ask(at('gte', ['2017-02-01']))).toEqual([[3]]);
    expect(await ask(at('eq', ['2017-02-01']))).toEqual([[2]]);
    expect(await ask(at('in', ['2017-02-01', '2017-03-26T00:30:00Z']))).toEqual([[3]]);
  });

  it('a reference and what is behind it are read together', async () => {
    const filters: Filter[] = [{ field: 'deal.company_id', operator: 'eq', values: ['acme'] }];
    expect(await ask({ metrics: ['deals', 'revenue_in_it', 'employees_reached'], filters })).toEqual([[2, '150.5000', 20]]);
    const both: Filter[] = [...filters, { field: 'company.industry', operator: 'eq', values: ['retail'] }];
    expect(await ask({ metrics: ['deals'], filters: both })).toEqual([[0]]);
  });

  it('several all hold', async () => {
    const filters: Filter[] = [
      { field: 'deal.status', operator: 'eq', values: ['won'] },
      { field: 'user.office', operator: 'eq', values: ['East'] },
    ];
    expect(await ask({ metrics: ['deals'], filters })).toEqual([[2]]);
  });

  it('common fields of every record can be filtered by', async () => {
    expect(await ask({ metrics: ['companies'], filters: [{ field: 'source_system', operator: 'eq', values: ['erp'] }] })).toEqual([[1]]);
  });
});

describe('time', () => {
  it("the range applies to each measure's own time", async () => {
    const time_range = { from: '2017-01-01', to: '2017-02-01' };
    expect(await ask({ metrics: ['deals', 'deals_created', 'calls'], time_range })).toEqual([[2, 3, 1]]);
  });

  it('is half-open, and may be open', async () => {
    expect(await ask({ metrics: ['deals'], time_range: { from: '2017-01-20', to: '2017-03-31' } })).toEqual([[3]]);
    expect(await ask({ metrics: ['deals'], time_range: { from: '2017-03-31' } })).toEqual([[1]]);
    expect(await ask({ metrics: ['deals'], time_range: { to: '2017-01-20' } })).toEqual([[1]]);
  });

  it('groups by every grain, weeks by their first day', async () => {
    const by = async (grain: string, week_start?: 'sunday') =>
      (await ask({ metrics: ['deals'], dimensions: [`deal.close_date:${grain}`], fill: false, week_start })).map(
        ([day, count]) => `${day} ${count}`,
      );
    expect(await by('day')).toEqual(['2017-01-15 1', '2017-01-20 1', '2017-02-03 1', '2017-03-05 1', '2017-03-31 1', 'null 1']);
    // 15 January and 5 March 2017 were Sundays.
    expect(await by('week')).toEqual(['2017-01-09 1', '2017-01-16 1', '2017-01-30 1', '2017-02-27 1', '2017-03-27 1', 'null 1']);
    expect(await by('week', 'sunday')).toEqual(['2017-01-15 2', '2017-01-29 1', '2017-03-05 1', '2017-03-26 1', 'null 1']);
    expect(await by('month')).toEqual(['2017-01-01 2', '2017-02-01 1', '2017-03-01 2', 'null 1']);
    expect(await by('quarter')).toEqual(['2017-01-01 5', 'null 1']);
    expect(await by('year')).toEqual(['2017-01-01 5', 'null 1']);
  });

  it('a dimension of time without a grain is by day', async () => {
    const dimensions = ['deal.close_date'];
    expect(await ask({ metrics: ['deals'], dimensions, fill: false })).toEqual(
      await ask({ metrics: ['deals'], dimensions: ['deal.close_date:day'], fill: false }),
    );
  });

  it('instants belong to their day in the zone, over a change of summer time too', async () => {
    const by = (time_zone: string) => ask({ metrics: ['calls'], dimensions: ['call.started_at:day'], fill: false, time_zone });
    expect(await by('UTC')).toEqual([
      ['2017-01-31', 1],
      ['2017-02-01', 1],
      ['2017-03-26', 1],
    ]);
    expect(await by('Europe/Berlin')).toEqual([
      ['2017-02-01', 2],
      ['2017-03-26', 1],
    ]);
    expect(await by('America/New_York')).toEqual([
      ['2017-01-31', 2],
      ['2017-03-25', 1],
    ]);
  });

  it('a day bounds instants by its first moment in the zone', async () => {
    const time_range = { from: '2017-02-01', to: '2017-02-02' };
    expect(await ask({ metrics: ['calls'], time_range })).toEqual([[1]]);
    expect(await ask({ metrics: ['calls'], time_range, time_zone: 'Europe/Berlin' })).toEqual([[2]]);
    expect(await ask({ metrics: ['calls'], time_range: { from: '2017-01-31T23:30:00Z', to: '2017-02-01T01:30:00+01:00' } })).toEqual([[1]]);
  });

  it('relative bounds follow today', async () => {
    const context = { reportingDate: '2017-03-31' };
    expect(await ask({ metrics: ['deals'], time_range: { from: 'this_month', to: 'this_month+1month' } }, context)).toEqual([[2]]);
    expect(await ask({ metrics: ['deals'], time_range: { from: 'today-56days', to: 'today' } }, context)).toEqual([[2]]);
  });
});

describe('filling', () => {
  it('adds periods between the first and the last: 0 for counts and sums, null for others', async () => {
    const filters: Filter[] = [{ field: 'deal.status', operator: 'eq', values: ['won'] }];
    const metrics = ['deals', 'revenue', 'average_amount', 'win_rate'];
    expect(await ask({ metrics, dimensions: ['deal.close_date:month'], filters })).toEqual([
      ['2017-01-01', 2, '150.5000', 75.25, 1],
      ['2017-02-01', 0, '0.0000', null, null],
      ['2017-03-01', 2, '300.0000', 300, 1],
    ]);
  });

  it('shows all periods of the range for the values that the answer has', async () => {
    const dimensions = ['user.office', 'deal.close_date:month'];
    expect(await ask({ metrics: ['deals'], dimensions, time_range: { from: '2016-12-15', to: '2017-02-02' } })).toEqual([
      ['East', '2016-12-01', 0],
      ['East', '2017-01-01', 1],
      ['East', '2017-02-01', 0],
      ['West', '2016-12-01', 0],
      ['West', '2017-01-01', 1],
      ['West', '2017-02-01', 0],
    ]);
  });

  it('shows the periods of a closed range also without any record, of an open one none', async () => {
    const filters: Filter[] = [{ field: 'deal.name', operator: 'eq', values: ['none'] }];
    const query: MetricQuery = { metrics: ['deals'], dimensions: ['metric_time:quarter'], filters };
    expect(await ask({ ...query, time_range: { from: '2017-01-01', to: '2017-07-01' } })).toEqual([
      ['2017-01-01', 0],
      ['2017-04-01', 0],
    ]);
    expect(await ask({ ...query, time_range: { from: '2017-01-01' } })).toEqual([]);
  });

  it('of a range that is open on one side ends where the records do', async () => {
    expect(await ask({ metrics: ['deals'], dimensions: ['metric_time:month'], time_range: { from: '2016-12-01' } })).toEqual([
      ['2016-12-01', 0],
      ['2017-01-01', 2],
      ['2017-02-01', 1],
      ['2017-03-01', 2],
    ]);
  });

  it('keeps the null period, and fills beside it', async () => {
    const filters: Filter[] = [{ field: 'deal.name', operator: 'in', values: ['one', 'four', 'five'] }];
    expect(await ask({ metrics: ['deals'], dimensions: ['deal.close_date:month'], filters })).toEqual([
      ['2017-01-01', 1],
      ['2017-02-01', 0],
      ['2017-03-01', 1],
      [null, 1],
    ]);
  });

  it("a dimension that is no measure's own time is filled between its own ends", async () => {
    expect(
      await ask({ metrics: ['deals'], dimensions: ['deal.created_on:month'], time_range: { from: '2017-03-01', to: '2018-01-01' } }),
    ).toEqual([
      ['2017-02-01', 1],
      [null, 1],
    ]);
  });

  it('is left out where it is not wanted, and where two dimensions have a grain', async () => {
    const filters: Filter[] = [{ field: 'deal.status', operator: 'eq', values: ['won'] }];
    const months = (dimensions: string[], fill?: boolean) => ask({ metrics: ['deals'], dimensions, filters, fill });
    expect((await months(['deal.close_date:month'], false)).length).toBe(2);
    expect((await months(['deal.close_date:month', 'deal.close_date:year'])).length).toBe(2);
  });

  it('is refused where it would give too many cells', async () => {
    const context = { reportingDate: '2017-01-01' };
    const far = await createTestEngine(SMALL_TYPES);
    try {
      const records = Array.from({ length: 60 }, (_none, id) => ({
        type: 'deal',
        id,
        source_id: `d${id}`,
        data: { name: `n${id}`, close_date: id === 0 ? '0001-01-01' : '2050-01-01' },
      }));
      await far.insert(records);
      const dimensions = ['deal.name', 'deal.close_date:day'];
      await expect(far.ask({ metrics: ['deals'], dimensions }, layer, context)).rejects.toMatchObject({ code: 'query_too_large' });
      expect((await far.ask({ metrics: ['deals'], dimensions, fill: false }, layer, context)).rows.length).toBe(60);
      const alone: MetricQuery = { metrics: ['deals'], dimensions: ['metric_time:day'] };
      await expect(far.ask(alone, layer, context)).rejects.toMatchObject({ code: 'query_too_large' });
      expect((await far.ask({ ...alone, dimensions: ['metric_time:quarter'], limit: 1 }, layer, context)).rows).toEqual([
        ['0001-01-01', 1],
      ]);
      const running: MetricQuery = { metrics: ['running_deals'], dimensions, fill: false };
      await expect(far.ask(running, layer, context)).rejects.toMatchObject({ code: 'query_too_large' });
      // Beside an earlier value not every row is shown: that which tells of it is.
      const compared = far.ask({ ...running, metrics: ['running_deals', 'growth'] }, layer, context);
      await expect(compared).rejects.toMatchObject({ code: 'query_too_large' });
      const having: Filter[] = [{ field: 'running_deals', operator: 'lt', values: [0] }];
      await expect(far.ask({ ...running, having, limit: 1 }, layer, context)).rejects.toMatchObject({ code: 'query_too_large' });
      expect((await far.ask({ ...running, dimensions: ['deal.name', 'metric_time:year'] }, layer, context)).rows.length).toBe(2050 + 59);
    } finally {
      far.close();
    }
  });
});

describe('having, order, limit', () => {
  it('having judges the finished row, filled ones too', async () => {
    const query: MetricQuery = { metrics: ['deals_won', 'revenue'], dimensions: ['deal.close_date:month'] };
    expect(await ask({ ...query, having: [{ field: 'revenue', operator: 'gte', values: ['200'] }] })).toEqual([
      ['2017-03-01', 2, '300.0000'],
    ]);
    expect(await ask({ ...query, having: [{ field: 'deals_won', operator: 'eq', values: [0] }] })).toEqual([['2017-02-01', 0, '0.0000']]);
    expect(await ask({ ...query, having: [{ not: { field: 'revenue', operator: 'gt', values: [0] } }] })).toEqual([
      ['2017-02-01', 0, '0.0000'],
    ]);
  });

  it('orders by metrics and dimensions, the rest by the dimensions', async () => {
    const names = async (order_by: string[]) =>
      (await ask({ metrics: ['amount', 'deals'], dimensions: ['deal.name'], order_by })).map(([name]) => name);
    expect(await names(['-amount'])).toEqual(['four', 'one', 'two', 'three', 'five', 'six']);
    expect(await names(['amount'])).toEqual(['three', 'two', 'one', 'four', 'five', 'six']);
    expect(await names(['deals', '-deal.name'])).toEqual(['two', 'three', 'six', 'one', 'four', 'five']);
  });

  it('a dimension of time may be ordered by without its grain', async () => {
    const rows = await ask({ metrics: ['deals'], dimensions: ['deal.close_date:month'], order_by: ['-deal.close_date'], limit: 2 });
    expect(rows).toEqual([
      ['2017-03-01', 2],
      ['2017-02-01', 1],
    ]);
  });
});
