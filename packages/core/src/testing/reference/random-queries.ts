import type { Filter, MetricQuery } from '@sophia/types';
import fc from 'fast-check';
import type { RandomMeasure } from './random-models.ts';
import { maybe } from './random-records.ts';

const leaf: fc.Arbitrary<Filter> = fc
  .oneof(
    fc.record({
      field: fc.constant('deal.status'),
      operator: fc.constantFrom('eq' as const, 'ne' as const),
      values: fc.tuple(maybe('won', 'lost')),
    }),
    fc.record({
      field: fc.constantFrom('company.industry', 'user.office', 'deal.status'),
      operator: fc.constant('in' as const),
      values: fc.array(maybe('it', 'Central', 'won'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      field: fc.constant('deal.amount'),
      operator: fc.constantFrom('gt' as const, 'gte' as const, 'lt' as const, 'lte' as const),
      values: fc.tuple(fc.constantFrom(0, 7, 10)),
    }),
    fc.record({
      field: fc.constant('deal.close_date'),
      operator: fc.constant('between' as const),
      values: fc.constant(['2017-01-01', '2017-03-05']),
    }),
    fc.record({
      field: fc.constantFrom('product.series', 'deal.amount'),
      operator: fc.constant('is_null' as const),
      values: fc.tuple(fc.boolean()),
    }),
    fc.record({
      field: fc.constantFrom('company.industry', 'user.office'),
      operator: fc.constantFrom('contains' as const, 'starts_with' as const),
      values: fc.tuple(fc.constantFrom('i', 'Cent', 'e')),
    }),
  )
  .map((each) => (each.field === 'deal.amount' && each.operator !== 'is_null' ? each : each)) as fc.Arbitrary<Filter>;
const filter: fc.Arbitrary<Filter> = fc.oneof(
  { weight: 4, arbitrary: leaf },
  fc.array(leaf, { maxLength: 2 }).map((and) => ({ and })),
  fc.array(leaf, { maxLength: 2 }).map((or) => ({ or })),
  leaf.map((not) => ({ not })),
);

const CATEGORIES = ['deal.status', 'company.industry', 'user.office', 'product.series', 'parent.country'];
const TIMES = ['deal.close_date', 'deal.created_on', 'metric_time'].flatMap((name) =>
  ['day', 'week', 'month', 'quarter', 'year'].map((grain) => `${name}:${grain}`),
);
const RANGES = [
  { from: '2017-01-01', to: '2017-03-01' },
  { from: '2016-12-31', to: '2017-03-05' },
  // March has days that February has not.
  { from: '2017-03-01', to: '2017-04-01' },
  { from: '2017-01-15' },
  { to: '2017-02-01' },
];

const METRICS = [
  's0',
  's1',
  's2',
  'ratio',
  'spread',
  'before',
  'growth',
  'week_before',
  'running',
  'running_before',
  'last_two',
  'this_year',
];
/** The measures whose earlier values a metric reads. */
const OFFSETS: ReadonlyMap<string, (measures: readonly RandomMeasure[]) => RandomMeasure | undefined> = new Map([
  ['before', ([first]) => first],
  ['growth', ([first]) => first],
  ['week_before', ([_first, second]) => second],
  ['running_before', (measures) => measures.find(({ aggregation }) => aggregation !== 'median')],
]);

/** Metrics by dimensions and filters of all kinds. */
export const randomQuery: fc.Arbitrary<MetricQuery> = fc
  .record({
    metrics: fc.uniqueArray(fc.constantFrom(...METRICS), {
      minLength: 1,
      maxLength: 4,
    }),
    categories: fc.uniqueArray(fc.constantFrom(...CATEGORIES), { maxLength: 2 }),
    time: fc.option(fc.constantFrom(...TIMES), { nil: undefined }),
    filters: fc.array(filter, { maxLength: 2 }),
    time_range: fc.option(fc.constantFrom(...RANGES), { nil: undefined }),
    compare: fc.option(fc.constantFrom('previous_period' as const, 'previous_year' as const), { nil: undefined }),
    fill: fc.boolean(),
    descending: fc.boolean(),
    limit: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  })
  .map(({ categories, time, compare, descending, metrics, time_range, ...rest }) => {
    const isClosed = time_range?.from !== undefined && time_range.to !== undefined;
    const compared = isClosed ? compare : undefined;
    const dimensions = [...categories, ...(time === undefined ? [] : [time])];
    const order_by = descending && dimensions[0] !== undefined ? [`-${dimensions[0]}`] : [];
    return { ...rest, metrics, dimensions, order_by, time_range, compare: compared };
  });

/** In an open range an earlier value is refused unless its own time is a dimension. */
export const lacksTime = ({ metrics, dimensions = [], time_range }: MetricQuery, measures: readonly RandomMeasure[]): boolean => {
  if (time_range?.from !== undefined && time_range.to !== undefined) return false;
  return metrics.some((name) => {
    const time = OFFSETS.get(name)?.(measures)?.time;
    return time !== undefined && !dimensions.some((each) => each.startsWith('metric_time:') || each.startsWith(`deal.${time}:`));
  });
};
