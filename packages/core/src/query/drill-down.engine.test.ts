import type { Cell, MetricQuery } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { useSmallEngine } from '../testing/small-engine.ts';
import { dealsByCloseDate, layerOf, SMALL_TYPES } from '../testing/small-world.ts';
import { createTestEngine } from '../testing/test-engine.ts';
import { compileDrillDown, type DrillDownRequest, MAX_DRILL_DOWN } from './drill-down.ts';
import { type DrilledRecord, nextRecord, readDrillDown } from './read-drill-down.ts';

const { engine, layer } = useSmallEngine();

async function drill(request: DrillDownRequest): Promise<readonly DrilledRecord[]> {
  const compiled = compileDrillDown(request, layer, engine().context);
  return readDrillDown(compiled, await engine().run(compiled));
}

const ids = async (request: DrillDownRequest) => (await drill(request)).map(({ id }) => id);

describe('drill-down', () => {
  it('opens a cell into its records with their fields', async () => {
    const query: MetricQuery = { metrics: ['revenue'], dimensions: ['company.industry', 'metric_time:month'] };
    expect(await drill({ query, row: { 'company.industry': 'retail', 'metric_time:month': '2017-03-01' }, metric: 'revenue' })).toEqual([
      {
        id: '4',
        record_type: 'deal',
        source_system: 'crm',
        source_id: 'd4',
        version: 1,
        value: '300.0000',
        data: {
          name: 'four',
          status: 'won',
          amount: '300',
          currency: 'EUR',
          close_date: '2017-03-31',
          created_on: '2017-02-01',
          company_id: 'bolt',
          owner: 'ann',
          product: 'p2',
        },
      },
    ]);
  });

  it('gives a reference to another source system as it was sent', async () => {
    const other = await createTestEngine(SMALL_TYPES);
    try {
      const company_id = { source_system: 'erp', source_id: 'acme' };
      await other.insert([{ type: 'deal', id: 1, source_id: 'd1', data: { company_id, owner: 'ann' } }]);
      const compiled = compileDrillDown({ query: { metrics: ['deals'] }, row: {}, metric: 'deals' }, layer, other.context);
      const [record] = readDrillDown(compiled, await other.run(compiled));
      expect(record?.data).toEqual({ company_id, owner: 'ann' });
    } finally {
      other.close();
    }
  });

  it('opens the null group, and either part of a ratio', async () => {
    const query: MetricQuery = { metrics: ['win_rate'], dimensions: ['company.industry'] };
    const row = { 'company.industry': null };
    expect(await ids({ query, row, metric: 'win_rate', part: 'numerator' })).toEqual(['6']);
    expect(await ids({ query, row, metric: 'win_rate', part: 'denominator' })).toEqual(['5', '6']);
  });

  it('a part may be named by its metric, and be a part of a part', async () => {
    const query: MetricQuery = { metrics: ['it_win_rate', 'margin'] };
    expect(await ids({ query, row: {}, metric: 'it_win_rate', part: 'deals_won' })).toEqual(['1', '2']);
    expect(await ids({ query, row: {}, metric: 'margin', part: 'list_value' })).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(await ids({ query: { metrics: ['it_lead'] }, row: {}, metric: 'it_lead', part: 'it_win_rate.numerator' })).toEqual(['1', '2']);
  });

  it('a name is that of an input before it is that of the metric of another input', async () => {
    const query: MetricQuery = {
      metrics: ['growth'],
      dimensions: ['metric_time:month'],
      time_range: { from: '2017-01-01', to: '2017-04-01' },
    };
    const january = { 'metric_time:month': '2017-01-01' };
    const february = { 'metric_time:month': '2017-02-01' };
    expect(await ids({ query, row: january, metric: 'growth', part: 'revenue' })).toEqual(['1', '2']);
    expect(await ids({ query, row: january, metric: 'growth', part: 'before' })).toEqual([]);
    expect(await ids({ query, row: february, metric: 'growth', part: 'before' })).toEqual(['1', '2']);
  });

  it('refuses the name of a metric that several inputs are at different times', () => {
    const layers = layerOf(`
semantic_models:
  - name: deal
    record_type: deal
    default_time_dimension: close_date
    dimensions: [{ name: close_date, type: time }]
    measures: [{ name: deals, aggregation: count }]
metrics:
  - { name: deals, type: simple, measure: deals }
  - name: two_months
    type: derived
    expression: last + last_but_one
    inputs:
      - { metric: deals, alias: last, offset: { count: 1, grain: month } }
      - { metric: deals, alias: last_but_one, offset: { count: 2, grain: month } }
`);
    const query: MetricQuery = { metrics: ['two_months'], dimensions: ['metric_time:month'] };
    const row = { 'metric_time:month': '2017-03-01' };
    expect(() => compileDrillDown({ query, row, metric: 'two_months', part: 'deals' }, layers, engine().context)).toThrow(
      'part: deals is not one measure of two_months; it has the parts last, last_but_one.',
    );
  });

  it('an earlier input of an earlier input is as much earlier as both together', async () => {
    const layers = dealsByCloseDate(
      '{ name: deals, aggregation: count }',
      '{ name: deals, type: simple, measure: deals }',
      '{ name: last, type: derived, expression: before, inputs: [{ metric: deals, alias: before, offset: { count: 1, grain: month } }] }',
      '{ name: last_but_one, type: derived, expression: earlier, inputs: [{ metric: last, alias: earlier, offset: { count: 1, grain: month } }] }',
    );
    const query: MetricQuery = { metrics: ['last_but_one'], dimensions: ['metric_time:month'] };
    const row = { 'metric_time:month': '2017-03-01' };
    const compiled = compileDrillDown({ query, row, metric: 'last_but_one', part: 'earlier.before' }, layers, engine().context);
    expect(readDrillDown(compiled, await engine().run(compiled)).map(({ id }) => id)).toEqual(['1', '2']);
  });

  it('opens the compared range, and an earlier input', async () => {
    const query: MetricQuery = {
      metrics: ['deals', 'growth'],
      dimensions: ['metric_time:month'],
      time_range: { from: '2017-03-01', to: '2017-04-01' },
      compare: 'previous_period',
    };
    const row = { 'metric_time:month': '2017-03-01' };
    expect(await ids({ query, row, metric: 'deals' })).toEqual(['4', '6']);
    expect(await ids({ query, row, metric: 'deals__previous' })).toEqual(['3']);
    expect(await ids({ query, row, metric: 'growth__previous', part: 'before' })).toEqual(['1', '2']);
  });

  it('says of each record whether a count of values counts it', async () => {
    const records = await drill({ query: { metrics: ['amounts'] }, row: {}, metric: 'amounts' });
    expect(records.map(({ id, value }) => [id, value])).toEqual([
      ['1', 1],
      ['2', 1],
      ['3', 1],
      ['4', 1],
      ['5', 0],
      ['6', 0],
    ]);
  });

  it('opens what is accumulated of instants, by their days in the zone', async () => {
    const until = (day: string, time_zone: string) => {
      const query: MetricQuery = { metrics: ['running_calls'], dimensions: ['metric_time:day'], time_zone };
      return ids({ query, row: { 'metric_time:day': day }, metric: 'running_calls' });
    };
    expect(await until('2017-01-31', 'UTC')).toEqual(['41']);
    expect(await until('2017-01-31', 'Europe/Berlin')).toEqual([]);
    expect(await until('2017-02-01', 'Europe/Berlin')).toEqual(['41', '42']);
  });

  it('a day without a counterpart has no records', async () => {
    const query: MetricQuery = {
      metrics: ['deals'],
      dimensions: ['metric_time:day'],
      time_range: { from: '2017-03-01', to: '2017-04-01' },
      compare: 'previous_period',
    };
    const other = await createTestEngine(SMALL_TYPES);
    try {
      await other.insert([{ type: 'deal', id: 1, source_id: 'd1', data: { close_date: '2017-02-28' } }]);
      const earlierOf = async (day: string) => {
        const request = { query, row: { 'metric_time:day': day }, metric: 'deals__previous' };
        const compiled = compileDrillDown(request, layer, other.context);
        return readDrillDown(compiled, await other.run(compiled)).length;
      };
      expect([await earlierOf('2017-03-28'), await earlierOf('2017-03-31')]).toEqual([1, 0]);
    } finally {
      other.close();
    }
  });

  it('goes page by page, in the order of ids', async () => {
    const request: DrillDownRequest = { query: { metrics: ['deals'] }, row: {}, metric: 'deals', limit: 4 };
    expect(await ids(request)).toEqual(['1', '2', '3', '4']);
    expect(await ids({ ...request, cursor: '4' })).toEqual(['5', '6']);
    expect(compileDrillDown({ ...request, limit: 1e9 }, layer, engine().context).limit).toBe(MAX_DRILL_DOWN);
    expect(compileDrillDown({ ...request, limit: -1 }, layer, engine().context).limit).toBe(1);
  });

  it('ends a page with the record that fills it, and goes on behind it', async () => {
    const other = await createTestEngine(SMALL_TYPES);
    try {
      const name = 'x'.repeat(3_000_000);
      await other.insert(
        Array.from({ length: 5 }, (_, index) => ({ type: 'deal', id: index + 1, source_id: `d${index}`, data: { name } })),
      );
      const page = async (request: Partial<DrillDownRequest>) => {
        const compiled = compileDrillDown({ query: { metrics: ['deals'] }, row: {}, metric: 'deals', ...request }, layer, other.context);
        const result = await other.run(compiled);
        return [readDrillDown(compiled, result).map(({ id }) => id), nextRecord(compiled, result)];
      };
      expect(await page({})).toEqual([['1', '2', '3'], '3']);
      expect(await page({ cursor: '3' })).toEqual([['4', '5'], null]);
      expect(await page({ cursor: '5' })).toEqual([[], null]);
      expect(await page({ limit: 2 })).toEqual([['1', '2'], '2']);
    } finally {
      other.close();
    }
  });

  const refused: readonly (readonly [string, Partial<DrillDownRequest>, string])[] = [
    ['a metric that the query does not have', { metric: 'revenue' }, 'metric: revenue is none'],
    ['a composed metric without a part', { metric: 'win_rate' }, 'it has the parts numerator, denominator'],
    ['an unknown part', { metric: 'win_rate', part: 'nominator' }, 'part: nominator is not one measure of win_rate'],
    ['a part of a simple metric', { part: 'numerator' }, 'it has no parts'],
    [
      'a part that is composed itself',
      { query: { metrics: ['it_lead'] }, row: {}, metric: 'it_lead', part: 'win_rate' },
      'it has the parts it_win_rate.numerator, it_win_rate.denominator, win_rate.numerator, win_rate.denominator',
    ],
    [
      'a row of a query without dimensions',
      { query: { metrics: ['deals'] }, row: { x: 1 } },
      'x is no dimension of the query; it has no dimensions.',
    ],
    ['a row without a dimension', { row: {} }, 'deal.status is missing; it has deal.status, metric_time:month'],
    ['a row with another dimension', { row: { 'deal.status': 'won', 'metric_time:month': null, x: 1 } }, 'x is no dimension of the query'],
    ['a value that does not fit', { row: { 'deal.status': 'won', 'metric_time:month': 'March' } }, '"March" is not of type date'],
    ['a cursor that is no id', { cursor: "1' or true" }, 'cursor:'],
    ['a cursor that no id can be', { cursor: '9999999999999999999' }, 'cursor:'],
    ['a today that is no day', { today: 'tomorrow' }, 'today: "tomorrow" is not a day'],
  ];
  it.each(refused)('refuses %s', (_name, part, message) => {
    const query: MetricQuery = { metrics: ['deals', 'win_rate'], dimensions: ['deal.status', 'metric_time:month'] };
    const request: DrillDownRequest = { query, row: { 'deal.status': 'won', 'metric_time:month': '2017-01-01' }, metric: 'deals', ...part };
    expect(() => compileDrillDown(request, layer, engine().context)).toThrow(
      expect.objectContaining({ code: 'invalid_drill_down', message: expect.stringContaining(message) }),
    );
  });
});

const PARTS: readonly (readonly [string, string | undefined])[] = [
  ['deals', undefined],
  ['amount', undefined],
  ['revenue_in_it', undefined],
  ['average_amount', undefined],
  ['most_amount', undefined],
  ['owners', undefined],
  ['discount', undefined],
  ['running_revenue', undefined],
  ['revenue_to_date', undefined],
  ['deals_month_to_date', undefined],
  ['deals_ten_days', undefined],
  ['revenue_two_months', undefined],
];

const AGGREGATE: Readonly<Record<string, (values: readonly Cell[]) => number | null>> = {
  average_amount: mean,
  discount: mean,
  most_amount: (values) => (known(values).length === 0 ? null : Math.max(...known(values))),
  owners: (values) => new Set(values.filter((value) => value !== null)).size,
};

function mean(values: readonly Cell[]): number | null {
  const numbers = known(values);
  return numbers.length === 0 ? null : total(numbers) / numbers.length;
}

const known = (values: readonly Cell[]): readonly number[] => values.filter((value) => value !== null).map(Number);
const total = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);
const sum = (values: readonly Cell[]): number | null => (values.length > 0 && known(values).length === 0 ? null : total(known(values)));

describe('the records behind a cell', () => {
  it('aggregate to the cell again, whatever was asked', async () => {
    const queries = fc.record({
      part: fc.constantFrom(...PARTS),
      by: fc.subarray(['company.industry', 'user.office', 'deal.status', 'deal.is_big']),
      time: fc.constantFrom(
        undefined,
        'metric_time:day',
        'metric_time:week',
        'deal.close_date:month',
        'deal.close_date:quarter',
        'deal.created_on:month',
      ),
      range: fc.constantFrom(
        undefined,
        { from: '2017-01-16', to: '2017-03-31' },
        { from: '2017-02-01', to: '2017-03-01' },
        { to: '2017-03-05' },
      ),
      previous: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(queries, async ({ part: [metric, part], by, time, range, previous }) => {
        const isCompared = previous && range?.from !== undefined;
        const dimensions = time === undefined ? by : [...by, time];
        const query: MetricQuery = {
          metrics: [metric],
          dimensions,
          time_range: range,
          ...(isCompared ? { compare: 'previous_period' } : {}),
        };
        const asked = isCompared ? `${metric}__previous` : metric;
        const { columns, rows } = await engine().ask(query, layer);
        const column = columns.findIndex(({ name }) => name === asked);
        for (const cells of rows.slice(0, 12)) {
          const row = Object.fromEntries(dimensions.map((name, index) => [name, cells[index] ?? null]));
          const records = await drill({ query, row, metric: asked, part, limit: MAX_DRILL_DOWN });
          const again = (AGGREGATE[metric] ?? sum)(records.map(({ value }) => value));
          const cell = cells[column] ?? null;
          expect(again === null ? null : again.toFixed(9), JSON.stringify({ query, row })).toBe(
            cell === null ? null : Number(cell).toFixed(9),
          );
        }
      }),
      { numRuns: 60, seed: 11 },
    );
  }, 120_000);
});
