import type { Filter, MetricQuery } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { useSmallEngine } from '../testing/small-engine.ts';
import { SMALL_RECORDS, SMALL_TYPES } from '../testing/small-world.ts';
import { createTestEngine } from '../testing/test-engine.ts';

const { ask, layer } = useSmallEngine();

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
