import type { Filter, MetricQuery, RecordTypeDefinition } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { useSmallEngine } from '../testing/small-engine.ts';
import { dealsByCloseDate, layerOf } from '../testing/small-world.ts';
import { createTestEngine } from '../testing/test-engine.ts';
import { compileDrillDown } from './drill-down.ts';
import { readDrillDown } from './read-drill-down.ts';

const { ask, engine, layer } = useSmallEngine();

describe('cumulative metrics', () => {
  const by = (metric: string, grain: string, more: Partial<MetricQuery> = {}) =>
    ask({ metrics: [metric], dimensions: [`metric_time:${grain}`], ...more });

  it('add up everything until the end of each period', async () => {
    expect(await by('running_revenue', 'month')).toEqual([
      ['2017-01-01', '150.5000'],
      ['2017-02-01', '150.5000'],
      ['2017-03-01', '450.5000'],
    ]);
  });

  it('count what came before the range, too', async () => {
    expect(await by('running_deals', 'month', { time_range: { from: '2017-02-01', to: '2017-05-01' } })).toEqual([
      ['2017-02-01', 3],
      ['2017-03-01', 5],
      ['2017-04-01', 5],
    ]);
  });

  it('leave out what is not before the end of the range', async () => {
    expect(await by('running_deals', 'month', { time_range: { to: '2017-03-06' } })).toEqual([
      ['2017-01-01', 2],
      ['2017-02-01', 3],
      ['2017-03-01', 4],
    ]);
  });

  it('begin for each group with its first record', async () => {
    const query: MetricQuery = { metrics: ['running_deals'], dimensions: ['user.office', 'metric_time:month'], fill: false };
    expect(await ask(query)).toEqual([
      ['East', '2017-01-01', 1],
      ['East', '2017-02-01', 2],
      ['East', '2017-03-01', 3],
      ['West', '2017-01-01', 1],
      ['West', '2017-02-01', 1],
      ['West', '2017-03-01', 1],
      [null, '2017-03-01', 1],
    ]);
    const days: MetricQuery = {
      metrics: ['deals_ten_days'],
      dimensions: ['user.office', 'metric_time:day'],
      time_range: { from: '2017-03-05', to: '2017-03-07' },
    };
    expect((await ask(days)).filter(([office]) => office === null)).toEqual([
      [null, '2017-03-05', 1],
      [null, '2017-03-06', 1],
    ]);
  });

  it('average, take the most, count different ones', async () => {
    // Amounts: 100, 50.5; 0; 300.
    expect(await by('running_average', 'month')).toEqual([
      ['2017-01-01', 75.25],
      ['2017-02-01', 150.5 / 3],
      ['2017-03-01', 450.5 / 4],
    ]);
    // Discounts: 0.5, 0.7475; 1; -2.75.
    expect((await by('running_discount', 'month')).map(([month, discount]) => [month, Number(discount).toFixed(9)])).toEqual([
      ['2017-01-01', (1.2475 / 2).toFixed(9)],
      ['2017-02-01', (2.2475 / 3).toFixed(9)],
      ['2017-03-01', (-0.5025 / 4).toFixed(9)],
    ]);
    expect(await by('running_most', 'quarter')).toEqual([['2017-01-01', '300.0000']]);
    expect(await by('running_owners', 'month')).toEqual([
      ['2017-01-01', 2],
      ['2017-02-01', 2],
      ['2017-03-01', 2],
    ]);
    const query: MetricQuery = { metrics: ['running_owners', 'running_deals'], dimensions: ['deal.status', 'metric_time:quarter'] };
    expect(await ask(query)).toEqual([
      ['lost', '2017-01-01', 1, 1],
      ['won', '2017-01-01', 2, 4],
    ]);
  });

  it('count different values of two kinds beside each other', async () => {
    const kinds = dealsByCloseDate(
      '{ name: owners, aggregation: count_distinct, expression: owner }, { name: outcomes, aggregation: count_distinct, expression: status }',
      '{ name: running_owners, type: cumulative, measure: owners }',
      '{ name: running_outcomes, type: cumulative, measure: outcomes }',
    );
    const query: MetricQuery = { metrics: ['running_owners', 'running_outcomes'], dimensions: ['metric_time:month'] };
    expect((await engine().ask(query, kinds)).rows).toEqual([
      ['2017-01-01', 2, 1],
      ['2017-02-01', 2, 2],
      ['2017-03-01', 2, 2],
    ]);
  });

  it('start anew with each period of grain_to_date', async () => {
    expect(await by('revenue_to_date', 'month', { time_range: { from: '2017-02-01', to: '2017-05-01' } })).toEqual([
      ['2017-02-01', '150.5000'],
      ['2017-03-01', '450.5000'],
      ['2017-04-01', '0.0000'],
    ]);
  });

  it('to date of a shorter period than is shown: from the beginning of the last one', async () => {
    // The week from 27 February ends on 5 March: deals since 1 March.
    expect(await by('deals_month_to_date', 'week', { time_range: { from: '2017-02-20', to: '2017-03-13' } })).toEqual([
      ['2017-02-20', 1],
      ['2017-02-27', 1],
      ['2017-03-06', 1],
    ]);
    expect(await by('deals_month_to_date', 'quarter')).toEqual([['2017-01-01', 2]]);
  });

  it('within a window that ends with the period', async () => {
    expect(await by('revenue_two_months', 'month', { time_range: { from: '2017-01-01', to: '2017-06-01' } })).toEqual([
      ['2017-01-01', '150.5000'],
      ['2017-02-01', '150.5000'],
      ['2017-03-01', '300.0000'],
      ['2017-04-01', '300.0000'],
      ['2017-05-01', '0.0000'],
    ]);
    // The ten days to 31 January and 28 February have none.
    expect(await by('deals_ten_days', 'month')).toEqual([['2017-03-01', 1]]);
    expect(await by('deals_ten_days', 'day', { time_range: { from: '2017-01-23', to: '2017-01-31' } })).toEqual([
      ['2017-01-23', 2],
      ['2017-01-24', 2],
      ['2017-01-25', 1],
      ['2017-01-26', 1],
      ['2017-01-27', 1],
      ['2017-01-28', 1],
      ['2017-01-29', 1],
      ['2017-01-30', 0],
    ]);
  });

  it('without their time are one number, at the end of the range', async () => {
    expect(await ask({ metrics: ['running_revenue'], time_range: { from: '2017-03-01', to: '2017-03-31' } })).toEqual([['150.5000']]);
    expect(await ask({ metrics: ['running_deals'] })).toEqual([[5]]);
    expect(await ask({ metrics: ['revenue_two_months', 'revenue_to_date'], time_range: { to: '2017-03-01' } })).toEqual([
      ['150.5000', '150.5000'],
    ]);
    const dimensions = ['user.office'];
    expect(await ask({ metrics: ['deals_ten_days'], dimensions, time_range: { to: '2017-01-24' } })).toEqual([
      ['East', 1],
      ['West', 1],
    ]);
    // The ten days to the 25th begin with the 16th, the day after East's.
    expect(await ask({ metrics: ['deals_ten_days'], dimensions, time_range: { to: '2017-01-26' } })).toEqual([['West', 1]]);
  });

  it('without their time and an end of the range end today', async () => {
    expect(await ask({ metrics: ['deals_ten_days', 'deals_month_to_date'] }, { reportingDate: '2017-02-03' })).toEqual([[1, 1]]);
  });

  it('go on in an open range as long as other metrics have records, as the records behind the cells do', async () => {
    // The last call is of 26 March, the last deal of the 31st.
    const query: MetricQuery = {
      metrics: ['deals', 'running_calls'],
      dimensions: ['metric_time:week'],
      time_range: { from: '2017-03-20' },
      fill: false,
    };
    expect(await ask(query)).toEqual([
      ['2017-03-20', 0, 3],
      ['2017-03-27', 1, 3],
    ]);
    const drill = compileDrillDown({ query, row: { 'metric_time:week': '2017-03-27' }, metric: 'running_calls' }, layer, engine().context);
    expect(readDrillDown(drill, await engine().run(drill))).toHaveLength(3);
    // The last week ends in the next quarter.
    expect(await ask({ ...query, metrics: ['running_deals', 'running_calls', 'revenue_to_date'] })).toEqual([
      ['2017-03-20', 4, 3, '150.5000'],
      ['2017-03-27', 5, 3, '0.0000'],
    ]);
    expect(await ask({ ...query, metrics: ['running_calls'] })).toEqual([['2017-03-20', 3]]);
  });

  it('go on beside earlier values, which make no rows of their own', async () => {
    const query: MetricQuery = { metrics: ['revenue_before', 'running_calls', 'deals'], dimensions: ['metric_time:week'], fill: false };
    const rows = await ask({ ...query, time_range: { from: '2017-03-20' } });
    expect(rows.map(([week, , calls]) => [week, calls])).toEqual([
      ['2017-03-20', 3],
      ['2017-03-27', 3],
    ]);
  });

  it('are each by its own time where they have different ones', async () => {
    const times = layerOf(`
semantic_models:
  - name: deal
    record_type: deal
    entities: [{ name: deal, type: primary }]
    dimensions: [{ name: close_date, type: time }, { name: created_on, type: time }]
    measures:
      - { name: closed, aggregation: count, time_dimension: close_date }
      - { name: created, aggregation: count, time_dimension: created_on }
metrics:
  - { name: running_closed, type: cumulative, measure: closed }
  - { name: running_created, type: cumulative, measure: created }
`);
    const dimensions = ['deal.close_date:quarter', 'deal.created_on:quarter'];
    expect((await engine().ask({ metrics: ['running_closed', 'running_created'], dimensions }, times)).rows).toEqual([
      ['2017-01-01', '2017-01-01', 4, 4],
      ['2017-01-01', null, 1, 0],
      [null, '2017-01-01', 0, 1],
    ]);
  });

  it('do not take the time of the record that one refers to for their own, also where it is of the same type', async () => {
    const task: RecordTypeDefinition = {
      name: 'task',
      description: 'A task',
      origin: 'builtin',
      revision: 1,
      fields: [
        { name: 'part_of', type: 'reference', references: 'task' },
        { name: 'done_on', type: 'date' },
      ],
    };
    const tasks = layerOf(
      `
semantic_models:
  - name: task
    record_type: task
    default_time_dimension: done_on
    entities: [{ name: task, type: primary }, { name: whole, type: foreign, field: part_of, to: task }]
    dimensions: [{ name: done_on, type: time }]
    measures: [{ name: done, aggregation: count }]
metrics:
  - { name: running_done, type: cumulative, measure: done }
`,
      [task],
    );
    const own = await createTestEngine([task]);
    try {
      await own.insert([
        { type: 'task', id: 1, source_id: 'a', data: { done_on: '2017-01-10' } },
        { type: 'task', id: 2, source_id: 'b', data: { done_on: '2017-02-10' } },
        { type: 'task', id: 3, source_id: 'c', data: { done_on: '2017-01-20', part_of: 'a' } },
        { type: 'task', id: 4, source_id: 'd', data: { done_on: '2017-01-20', part_of: 'b' } },
      ]);
      const rows = async (name: string) => (await own.ask({ metrics: ['running_done'], dimensions: [name] }, tasks)).rows;
      expect(await rows('task.whole.done_on:month')).toEqual([
        ['2017-01-01', 1],
        ['2017-02-01', 1],
        [null, 2],
      ]);
      expect(await rows('task.done_on:month')).toEqual([
        ['2017-01-01', 3],
        ['2017-02-01', 4],
      ]);
    } finally {
      own.close();
    }
  });

  it('stand beside others, and may be compared', async () => {
    const filters: Filter[] = [{ field: 'deal.status', operator: 'eq', values: ['won'] }];
    expect(await ask({ metrics: ['deals', 'running_deals'], dimensions: ['metric_time:month'], filters, fill: false })).toEqual([
      ['2017-01-01', 2, 2],
      ['2017-02-01', 0, 2],
      ['2017-03-01', 2, 4],
    ]);
    const time_range = { from: '2017-03-01', to: '2017-04-01' };
    expect(await ask({ metrics: ['running_deals'], dimensions: ['metric_time:month'], time_range, compare: 'previous_period' })).toEqual([
      ['2017-03-01', 5, 3, 2 / 3],
    ]);
  });
});
