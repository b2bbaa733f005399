import type { Filter, MetricQuery } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { useSmallEngine } from '../testing/small-engine.ts';
import { SMALL_TYPES } from '../testing/small-world.ts';
import { createTestEngine } from '../testing/test-engine.ts';

const { ask, layer } = useSmallEngine();

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
