import type { MetricQuery, SemanticLayer } from '@sophia/types';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addMonths, periodOf, periodsBetween, shiftDays } from '../testing/reference/reference-calendar.ts';
import { SMALL_RECORDS, SMALL_TYPES, smallLayer } from '../testing/small-world.ts';
import { createTestEngine, type TestEngine, type TestRecord } from '../testing/test-engine.ts';

const SMALLEST = 3;
const policy = { types: { deal: { smallestGroup: SMALLEST } } };

let engine: TestEngine;
let layer: SemanticLayer;

beforeAll(async () => {
  layer = smallLayer();
  engine = await createTestEngine(SMALL_TYPES);
  await engine.insert(SMALL_RECORDS.filter(({ type }) => type !== 'deal'));
});

afterAll(() => engine.close());

const dealsAre = async (deals: readonly TestRecord['data'][]): Promise<void> => {
  await engine.execute('delete from "deal"');
  await engine.insert(
    deals.map((data, index) => ({ type: 'deal', id: index + 1, source_id: `d${index}`, data: { status: 'won', ...data } })),
  );
};

/** Each day so many deals won, of 1 each. */
const won = (days: Readonly<Record<string, number>>): Promise<void> =>
  dealsAre(
    Object.entries(days).flatMap(([close_date, count]) => Array.from({ length: count }, () => ({ close_date, amount: '1', owner: 'ann' }))),
  );

const ask = async (query: MetricQuery) => (await engine.ask(query, layer, { policy })).rows;
const byDay = (metrics: readonly string[], from: string, to: string): MetricQuery => ({
  metrics: [...metrics],
  dimensions: ['metric_time:day'],
  time_range: { from, to },
});

it('a running total is not shown where fewer records than the smallest group were added last', async () => {
  await won({ '2017-01-02': 4, '2017-01-04': 1, '2017-01-06': 5 });
  const query = byDay(['running_revenue'], '2017-01-01', '2017-01-09');
  const shown = [
    ['2017-01-01', '0.0000'],
    ['2017-01-02', '4.0000'],
    ['2017-01-03', '4.0000'],
    ['2017-01-06', '10.0000'],
    ['2017-01-07', '10.0000'],
    ['2017-01-08', '10.0000'],
  ];
  expect(await ask(query)).toEqual(shown);
  // The same days whatever the range begins with.
  expect(await ask({ ...query, time_range: { from: '2017-01-05', to: '2017-01-09' } })).toEqual(shown.slice(3));
  expect(await ask({ ...query, dimensions: ['metric_time:week'] })).toEqual([
    ['2016-12-26', '0.0000'],
    ['2017-01-02', '10.0000'],
  ]);
});

it('nor one that began anew, nor one of different values', async () => {
  await won({ '2017-01-30': 4, '2017-02-01': 3, '2017-02-02': 2 });
  expect(await ask(byDay(['deals_month_to_date', 'running_owners'], '2017-01-30', '2017-02-03'))).toEqual([
    ['2017-01-30', 4, 1],
    ['2017-01-31', 4, 1],
    ['2017-02-01', 3, 1],
  ]);
});

it('a window is not shown where fewer records than the smallest group left it last', async () => {
  await won({ '2017-01-01': 3, '2017-01-02': 1, '2017-01-05': 6 });
  expect(await ask(byDay(['deals_ten_days'], '2017-01-01', '2017-01-17'))).toEqual([
    ['2017-01-01', 3],
    ['2017-01-05', 10],
    ['2017-01-06', 10],
    ['2017-01-07', 10],
    ['2017-01-08', 10],
    ['2017-01-09', 10],
    ['2017-01-10', 10],
    // The three of the first day have left, then the one of the second.
    ['2017-01-11', 7],
    ['2017-01-15', 0],
    ['2017-01-16', 0],
  ]);
});

it('records leave a window of months together where their months end on the same day, and only there', async () => {
  // The window of the day before 28 February begins on 28 December; all of 28 to 31 December leave on 28 February.
  await won({ '2017-12-27': 2, '2017-12-28': 1, '2018-01-15': 5 });
  expect(await ask(byDay(['revenue_two_months'], '2018-02-26', '2018-03-01'))).toEqual([['2018-02-26', '8.0000']]);
  await won({ '2017-12-27': 3, '2017-12-28': 1, '2017-12-30': 2, '2018-01-15': 5 });
  expect(await ask(byDay(['revenue_two_months'], '2018-02-26', '2018-03-01'))).toEqual([
    ['2018-02-26', '11.0000'],
    ['2018-02-27', '8.0000'],
    ['2018-02-28', '5.0000'],
  ]);
  // 27 February leaves on 27 April, 28 February on 30 April, which is in the next week.
  await won({ '2018-02-27': 2, '2018-02-28': 1, '2018-03-15': 5 });
  const byWeek: MetricQuery = { ...byDay(['revenue_two_months'], '2018-04-16', '2018-05-07'), dimensions: ['metric_time:week'] };
  expect(await ask(byWeek)).toEqual([['2018-04-16', '8.0000']]);
});

it('a period whose window all records have left is none of its own', async () => {
  await won({ '2017-01-01': 3 });
  expect(await ask({ ...byDay(['deals_ten_days'], '2017-01-09', '2017-01-13'), fill: false })).toEqual([
    ['2017-01-09', 3],
    ['2017-01-10', 3],
  ]);
});

it('the value before that a running total is compared with is withheld alike', async () => {
  await won({ '2017-01-02': 4, '2017-01-04': 1, '2017-01-06': 5 });
  const query = byDay(['running_revenue'], '2017-01-06', '2017-01-08');
  expect(await ask({ ...query, compare: 'previous_period' })).toEqual([
    ['2017-01-06', '10.0000', null, null],
    ['2017-01-07', '10.0000', null, null],
  ]);
});

interface Metric {
  readonly isCounted: boolean;
  /** The first day of what counts up to this day's end, which is the day before `end`. */
  readonly begin: (end: string) => string;
}

const METRICS: Readonly<Record<string, Metric>> = {
  running_revenue: { isCounted: false, begin: () => '' },
  running_owners: { isCounted: false, begin: () => '' },
  revenue_to_date: { isCounted: false, begin: (end) => periodOf(shiftDays(end, -1), 'quarter') },
  deals_month_to_date: { isCounted: true, begin: (end) => periodOf(shiftDays(end, -1), 'month') },
  revenue_two_months: { isCounted: false, begin: (end) => addMonths(end, -2) },
  deals_ten_days: { isCounted: true, begin: (end) => shiftDays(end, -10) },
};

const deal = fc.record({
  close_date: fc.constantFrom(
    '2017-01-29',
    '2017-01-30',
    '2017-02-01',
    '2017-02-05',
    '2017-02-06',
    '2017-02-28',
    '2017-03-01',
    '2017-03-31',
  ),
  amount: fc.constantFrom('1', '2', null),
  owner: fc.constantFrom('ann', 'bob', 'bob'),
});

it('law: two cells of a cumulative metric that are shown differ by no records or by enough', async () => {
  const grains = fc.constantFrom('day', 'week', 'month');
  await fc.assert(
    fc.asyncProperty(
      fc.array(deal, { maxLength: 30 }),
      fc.constantFrom(...Object.entries(METRICS)),
      grains,
      async (deals, [name, metric], grain) => {
        await dealsAre(deals.map(({ amount, ...data }) => (amount === null ? data : { ...data, amount })));
        const query: MetricQuery = {
          metrics: [name],
          dimensions: ['user.office', `metric_time:${grain}`],
          time_range: { from: '2017-01-01', to: '2017-07-01' },
        };
        const cells = (await ask(query))
          .filter(([, , value]) => value !== null)
          .map(([office, period]) => {
            const [, end = ''] = periodsBetween(String(period), '2018-01-01', grain, 2);
            const own = deals
              .map((each, index) => ({ ...each, index }))
              .filter(({ owner }) => (owner === 'ann' ? 'East' : 'West') === office);
            const within = own.filter(({ close_date }) => close_date < end && close_date >= metric.begin(end));
            const valued = name === 'running_owners' || metric.isCounted ? within : within.filter(({ amount }) => amount !== null);
            return { office, records: new Set(valued.map(({ index }) => index)) };
          });
        for (const one of cells) {
          for (const other of cells.filter(({ office }) => office === one.office)) {
            const size = [...one.records].filter((each) => !other.records.has(each)).length;
            expect(size === 0 || size >= SMALLEST, `${name} by ${grain}: a difference of ${size}`).toBe(true);
          }
        }
      },
    ),
    { numRuns: 40, seed: 20_171_231 },
  );
});
