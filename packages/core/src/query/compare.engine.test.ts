import type { MetricQuery } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { useSmallEngine } from '../testing/small-engine.ts';
import { dealsByCloseDate, SMALL_TYPES } from '../testing/small-world.ts';
import { createTestEngine } from '../testing/test-engine.ts';

const { ask } = useSmallEngine();

// Won: 150.5 in January, nothing in February, 300 and an unknown amount in March.
describe('compare', () => {
  it('with the range of as many months before', async () => {
    const query: MetricQuery = {
      metrics: ['revenue', 'deals'],
      compare: 'previous_period',
      time_range: { from: '2017-03-01', to: '2017-05-01' },
    };
    expect(await ask(query)).toEqual([['300.0000', '150.5000', 149.5 / 150.5, 2, 3, -1 / 3]]);
  });

  it('with the range of as many days before, where it does not begin and end a month', async () => {
    // Deals of 15 and 20 January against none from 1 to 10 January.
    expect(await ask({ metrics: ['deals'], compare: 'previous_period', time_range: { from: '2017-01-11', to: '2017-01-21' } })).toEqual([
      [2, 0, null],
    ]);
    expect(await ask({ metrics: ['deals'], compare: 'previous_period', time_range: { from: '2017-01-20', to: '2017-01-26' } })).toEqual([
      [1, 1, 0],
    ]);
    const halves = [
      { from: '2017-02-01', to: '2017-02-18' },
      { from: '2017-01-16', to: '2017-02-01' },
    ];
    expect(await Promise.all(halves.map((time_range) => ask({ metrics: ['deals'], compare: 'previous_period', time_range })))).toEqual([
      [[1, 2, -0.5]],
      [[1, 1, 0]],
    ]);
  });

  it('with the year before', async () => {
    expect(await ask({ metrics: ['deals'], compare: 'previous_year', time_range: { from: '2018-01-01', to: '2018-02-01' } })).toEqual([
      [0, 2, -1],
    ]);
  });

  it('matches periods with those so much earlier, and other dimensions by value', async () => {
    const query: MetricQuery = {
      metrics: ['deals'],
      dimensions: ['user.office', 'metric_time:month'],
      compare: 'previous_period',
      time_range: { from: '2017-02-01', to: '2017-04-01' },
    };
    // Two months earlier: December and January.
    expect(await ask(query)).toEqual([
      ['East', '2017-02-01', 1, 0, null],
      ['East', '2017-03-01', 1, 1, 0],
      ['West', '2017-02-01', 0, 0, null],
      ['West', '2017-03-01', 0, 1, -1],
      [null, '2017-02-01', 0, 0, null],
      [null, '2017-03-01', 1, 0, null],
    ]);
  });

  it('matches days by the day of the month: the 31st has no counterpart in February', async () => {
    const query: MetricQuery = {
      metrics: ['deals'],
      dimensions: ['metric_time:day'],
      compare: 'previous_period',
      time_range: { from: '2017-03-01', to: '2017-04-01' },
    };
    const days = await ask(query);
    expect(days.length).toBe(31);
    expect(days[2]).toEqual(['2017-03-03', 0, 1, -1]);
    expect(days[30]).toEqual(['2017-03-31', 1, 0, null]);
  });

  it('matches weeks by whole weeks', async () => {
    const query: MetricQuery = {
      metrics: ['deals'],
      dimensions: ['metric_time:week'],
      compare: 'previous_year',
      time_range: { from: '2018-01-01', to: '2018-02-01' },
      fill: false,
    };
    // 9 January 2017 and 52 weeks are 8 January 2018.
    expect(await ask(query)).toEqual([
      ['2018-01-08', 0, 1, -1],
      ['2018-01-15', 0, 1, -1],
    ]);
  });

  it("a dimension that is not the measure's own time is matched by its value", async () => {
    const query: MetricQuery = {
      metrics: ['deals'],
      dimensions: ['deal.created_on:month'],
      compare: 'previous_period',
      time_range: { from: '2017-03-01', to: '2017-05-01' },
      fill: false,
    };
    expect(await ask(query)).toEqual([
      ['2017-01-01', 0, 3, -1],
      ['2017-02-01', 1, 0, null],
      [null, 1, 0, null],
    ]);
  });

  it('metrics of different own times are each matched by their own, whatever stands beside them', async () => {
    const query: MetricQuery = {
      metrics: ['deals', 'deals_created'],
      dimensions: ['deal.close_date:quarter', 'deal.created_on:quarter'],
      compare: 'previous_period',
      time_range: { from: '2017-04-01', to: '2017-07-01' },
      fill: false,
    };
    expect(await ask(query)).toEqual([
      ['2017-01-01', '2017-04-01', 0, 0, null, 0, 4, -1],
      ['2017-04-01', '2017-01-01', 0, 4, -1, 0, 0, null],
      ['2017-04-01', null, 0, 1, -1, 0, 0, null],
      [null, '2017-04-01', 0, 0, null, 0, 1, -1],
    ]);
  });

  it('a metric that is no number has no change', async () => {
    const query: MetricQuery = {
      metrics: ['last_close'],
      compare: 'previous_period',
      time_range: { from: '2017-03-01', to: '2017-05-01' },
    };
    expect(await ask(query)).toEqual([['2017-03-31', '2017-02-03']]);
  });

  it('the change of a negative value goes by its size', async () => {
    // Margins: January 150.5 - 400, March 300 - 80.
    const query: MetricQuery = { metrics: ['margin'], compare: 'previous_period', time_range: { from: '2017-03-01', to: '2017-05-01' } };
    expect(await ask(query)).toEqual([['220.0000', '-329.5000', 549.5 / 329.5]]);
  });

  it('having and order may use what is compared', async () => {
    const query: MetricQuery = {
      metrics: ['deals'],
      dimensions: ['user.office'],
      compare: 'previous_period',
      time_range: { from: '2017-03-01', to: '2017-05-01' },
      having: [{ field: 'deals__previous', operator: 'gt', values: [0] }],
      order_by: ['-deals__change'],
    };
    expect(await ask(query)).toEqual([
      ['East', 1, 2, -0.5],
      ['West', 0, 1, -1],
    ]);
  });
});

describe('offsets', () => {
  it('read the metric of so many periods earlier, and make no rows of their own after the end', async () => {
    expect(await ask({ metrics: ['revenue', 'revenue_before', 'growth'], dimensions: ['metric_time:month'] })).toEqual([
      ['2017-01-01', '150.5000', '0.0000', null],
      ['2017-02-01', '0.0000', '150.5000', -1],
      ['2017-03-01', '300.0000', '0.0000', null],
    ]);
  });

  it('make no rows in an open range that is not filled', async () => {
    const query: MetricQuery = { metrics: ['revenue', 'revenue_before'], dimensions: ['metric_time:month'], fill: false };
    expect(await ask(query)).toEqual([
      ['2017-01-01', '150.5000', '0.0000'],
      ['2017-03-01', '300.0000', '0.0000'],
    ]);
    expect(await ask({ ...query, time_range: { from: '2017-02-01' } })).toEqual([['2017-03-01', '300.0000', '0.0000']]);
  });

  it('alone show where they have a value', async () => {
    expect(await ask({ metrics: ['revenue_before'], dimensions: ['metric_time:month'], fill: false })).toEqual([
      ['2017-02-01', '150.5000'],
      ['2017-04-01', '300.0000'],
    ]);
  });

  it('move a closed range', async () => {
    const time_range = { from: '2017-02-01', to: '2017-03-01' };
    expect(await ask({ metrics: ['revenue_before'], time_range })).toEqual([['150.5000']]);
    expect(await ask({ metrics: ['revenue_before'], dimensions: ['metric_time:month'], time_range })).toEqual([['2017-02-01', '150.5000']]);
  });

  it('are asked once by their own time, at one grain and under one name, compared or not', async () => {
    const time_range = { from: '2017-01-01', to: '2017-04-01' };
    const dimensions = ['deal.close_date:quarter', 'deal.close_date:month'];
    const refused = { code: 'invalid_query', message: expect.stringMatching(/ask for its time once, by one grain only/) };
    await expect(ask({ metrics: ['revenue_before'], dimensions, time_range })).rejects.toMatchObject(refused);
    await expect(ask({ metrics: ['deals'], dimensions, time_range, compare: 'previous_period' })).rejects.toMatchObject(refused);
    const twice = ['deal.close_date:month', 'metric_time:month'];
    await expect(ask({ metrics: ['revenue_before'], dimensions: twice, time_range })).rejects.toMatchObject(refused);
    expect(await ask({ metrics: ['deals'], dimensions, time_range })).toHaveLength(3);
  });

  it('add up with compare', async () => {
    const query: MetricQuery = {
      metrics: ['revenue_before'],
      compare: 'previous_period',
      time_range: { from: '2017-04-01', to: '2017-05-01' },
    };
    // March, and February before.
    expect(await ask(query)).toEqual([['300.0000', '0.0000', null]]);
  });
});

it('what falls on no period of the answer when it is moved is left out', async () => {
  const before = dealsByCloseDate(
    '{ name: deals, aggregation: count }',
    '{ name: deals, type: simple, measure: deals }',
    '{ name: deals_before, type: derived, expression: before, inputs: [{ metric: deals, alias: before, offset: { count: 1, grain: month } }] }',
  );
  const other = await createTestEngine(SMALL_TYPES);
  try {
    const days = [{ close_date: '2017-01-01' }, { close_date: '2017-01-31' }, {}];
    await other.insert(days.map((data, index) => ({ type: 'deal', id: index + 1, source_id: `d${index}`, data })));
    const rows = async (query: MetricQuery) => (await other.ask({ fill: false, ...query }, before)).rows;
    // The 31st has no counterpart in February.
    const february = { from: '2017-02-01', to: '2017-03-01' };
    expect(await rows({ metrics: ['deals'], dimensions: ['metric_time:day'], time_range: february, compare: 'previous_period' })).toEqual([
      ['2017-02-01', 0, 1, -1],
    ]);
    // The week of the first of January 2017, a Sunday, is 52 weeks before one that ends in 2017.
    const january = { from: '2018-01-01', to: '2018-02-01' };
    expect(await rows({ metrics: ['deals'], dimensions: ['metric_time:week'], time_range: january, compare: 'previous_year' })).toEqual([
      ['2018-01-29', 0, 1, -1],
    ]);
    // What has no time is at no earlier one.
    expect(await rows({ metrics: ['deals_before'], dimensions: ['metric_time:month'] })).toEqual([['2017-02-01', 2]]);
  } finally {
    other.close();
  }
});
