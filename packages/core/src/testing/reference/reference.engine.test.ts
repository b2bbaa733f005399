import {
  BUILTIN_RECORD_TYPES,
  type Cell,
  type FieldMask,
  type Filter,
  type JsonObject,
  type MetricQuery,
  type PolicyScope,
  type SemanticLayer,
} from '@sophia/types';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileQuery } from '../../query/compile-query.ts';
import { parseSemanticLayer } from '../../semantic/parse-semantic-layer.ts';
import { semanticLayerError } from '../../semantic/semantic-layer-error.ts';
import { createTestEngine, type TestEngine, type TestRecord } from '../test-engine.ts';
import {
  evaluateReference,
  type ReferenceMeasure,
  type ReferenceMetric,
  type ReferenceRow,
  type ReferenceState,
  type ReferenceWorld,
} from './reference-evaluator.ts';
import { seenOf } from './reference-policy.ts';

const TYPES = BUILTIN_RECORD_TYPES.filter(({ name }) => ['deal', 'company', 'user', 'product'].includes(name));
const money = (text: string): bigint => BigInt(Math.round(Number(text) * 10_000));
const textOf = (row: ReferenceRow, field: string) => row[field] ?? null;
const moneyOf = (field: string) => (row: ReferenceRow) =>
  row[field] === null || row[field] === undefined ? null : money(String(row[field]));

/** What a measure may aggregate and be filtered by: as the model writes it, and as the reference computes it. */
const EXPRESSIONS = {
  amount: { text: 'amount', value: moneyOf('amount') },
  list_price: { text: 'product.list_price', value: moneyOf('product.list_price') },
  employees: { text: 'company.employees', value: (row: ReferenceRow) => (row['company.employees'] ?? null) as number | null },
  owner: { text: 'owner', value: (row: ReferenceRow) => textOf(row, 'owner') as string | null },
} as const;
const CONDITIONS = {
  all: { text: undefined, holds: undefined },
  won: { text: "status = 'won'", holds: (row: ReferenceRow) => (row.status === null ? null : row.status === 'won') },
  large: {
    text: 'company.employees > 20',
    holds: (row: ReferenceRow) => ((row['company.employees'] ?? null) === null ? null : Number(row['company.employees']) > 20),
  },
  priced: {
    text: 'amount is not null and product.list_price > 5',
    holds: (row: ReferenceRow) =>
      row.amount !== null && (row['product.list_price'] ?? null) !== null
        ? Number(row['product.list_price']) > 5
        : row.amount === null
          ? false
          : null,
  },
} as const;

interface RandomMeasure {
  readonly aggregation: ReferenceMeasure['aggregation'];
  readonly expression: keyof typeof EXPRESSIONS | undefined;
  readonly condition: keyof typeof CONDITIONS;
  readonly time: 'close_date' | 'created_on';
}

const measure: fc.Arbitrary<RandomMeasure> = fc
  .record({
    aggregation: fc.constantFrom<ReferenceMeasure['aggregation']>('sum', 'count', 'count_distinct', 'average', 'min', 'max', 'median'),
    expression: fc.constantFrom<RandomMeasure['expression']>('amount', 'list_price', 'employees', 'owner', undefined),
    condition: fc.constantFrom<RandomMeasure['condition']>('all', 'won', 'large', 'priced'),
    time: fc.constantFrom<RandomMeasure['time']>('close_date', 'created_on'),
  })
  .map((each) => {
    // The least and greatest of texts have no change, and so other columns.
    const needsNumber = !each.aggregation.startsWith('count');
    if (each.expression === undefined && each.aggregation !== 'count') return { ...each, expression: 'amount' };
    return needsNumber && each.expression === 'owner' ? { ...each, expression: 'list_price' } : each;
  });

/** A median cannot be accumulated. */
const accumulable = measure.map((each): RandomMeasure => (each.aggregation === 'median' ? { ...each, aggregation: 'average' } : each));

/** Models over random measures m0…m3, and metrics of every type over them. */
const worldOf = (measures: readonly RandomMeasure[]): { layer: SemanticLayer; metrics: Record<string, ReferenceMetric> } => {
  const yaml = measures
    .map(({ aggregation, expression, condition, time }, index) => {
      const parts = [`name: m${index}`, `aggregation: ${aggregation}`, `time_dimension: ${time}`];
      if (expression !== undefined) parts.push(`expression: ${EXPRESSIONS[expression].text}`);
      if (CONDITIONS[condition].text !== undefined) parts.push(`filter: "${CONDITIONS[condition].text}"`);
      return `      - { ${parts.join(', ')} }`;
    })
    .join('\n');
  const [left, right] = [0, 1];
  const additive = measures.findIndex(({ aggregation }) => aggregation !== 'median');
  const text = `
semantic_models:
  - name: deal
    record_type: deal
    default_time_dimension: close_date
    entities:
      - { name: deal, type: primary }
      - { name: company, type: foreign, field: company_id }
      - { name: user, type: foreign, field: owner }
      - { name: product, type: foreign, field: product }
    dimensions:
      - { name: close_date, type: time }
      - { name: created_on, type: time }
      - { name: status, type: categorical }
    measures:
${yaml}
  - { name: company, record_type: company, entities: [{ name: company, type: primary }, { name: parent, type: foreign, field: parent_id, to: company }], dimensions: [{ name: industry, type: categorical }, { name: country, type: categorical }] }
  - { name: user, record_type: user, entities: [{ name: user, type: primary }], dimensions: [{ name: office, type: categorical }] }
  - { name: product, record_type: product, entities: [{ name: product, type: primary }], dimensions: [{ name: series, type: categorical }] }
metrics:
${measures.map((_each, index) => `  - { name: s${index}, type: simple, measure: m${index} }`).join('\n')}
  - { name: ratio, type: ratio, numerator: s${left}, denominator: s${right} }
  - { name: spread, type: derived, expression: s${left} - s${right} }
  - { name: before, type: derived, expression: earlier, inputs: [{ metric: s0, alias: earlier, offset: { count: 1, grain: month } }] }
  - { name: growth, type: derived, expression: s0 - before }
  - { name: week_before, type: derived, expression: earlier, inputs: [{ metric: s1, alias: earlier, offset: { count: 1, grain: week } }] }
  - { name: running, type: cumulative, measure: m${Math.max(additive, 0)} }
  - { name: running_before, type: derived, expression: earlier, inputs: [{ metric: running, alias: earlier, offset: { count: 1, grain: month } }] }
  - { name: last_two, type: cumulative, measure: m${Math.max(additive, 0)}, window: { count: 2, grain: month } }
  - { name: this_year, type: cumulative, measure: m${Math.max(additive, 0)}, grain_to_date: year }
`;
  const { layer, problems } = parseSemanticLayer([{ path: 'random.yaml', text }], BUILTIN_RECORD_TYPES);
  if (layer === null || problems.length > 0) throw semanticLayerError(problems);
  const reference = (index: number): ReferenceMeasure => {
    const { aggregation, expression, condition, time } = measures[index] ?? {
      aggregation: 'count',
      expression: undefined,
      condition: 'all',
      time: 'close_date',
    };
    const filter = CONDITIONS[condition].holds;
    return {
      aggregation,
      time,
      isMoney: expression === 'amount' || expression === 'list_price',
      ...(expression === undefined ? {} : { value: EXPRESSIONS[expression].value }),
      ...(filter === undefined ? {} : { filter }),
    };
  };
  const accumulated = reference(Math.max(additive, 0));
  return {
    layer,
    metrics: {
      ...Object.fromEntries(
        measures.map((_each, index): [string, ReferenceMetric] => [`s${index}`, { kind: 'simple', measure: reference(index) }]),
      ),
      ratio: { kind: 'ratio', numerator: `s${left}`, denominator: `s${right}` },
      spread: { kind: 'difference', left: `s${left}`, right: `s${right}` },
      before: { kind: 'offset', metric: 's0', by: { months: 1, days: 0 } },
      growth: { kind: 'difference', left: 's0', right: 'before' },
      week_before: { kind: 'offset', metric: 's1', by: { months: 0, days: 7 } },
      running: { kind: 'cumulative', measure: accumulated },
      running_before: { kind: 'offset', metric: 'running', by: { months: 1, days: 0 } },
      last_two: { kind: 'cumulative', measure: accumulated, months: 2 },
      this_year: { kind: 'cumulative', measure: accumulated, toDate: 'year' },
    },
  };
};

const maybe = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: null });
const DAYS = ['2016-11-30', '2016-12-31', '2017-01-01', '2017-01-31', '2017-02-28', '2017-03-05', '2017-03-31'];
const deal = fc.record({
  status: maybe('won', 'lost', 'open'),
  amount: maybe('10', '0.5', '-3.25', '1000000.0001', '7'),
  owner: maybe('u1', 'u2', 'u9'),
  company_id: maybe('c1', 'c2', 'c9'),
  product: maybe('p1', 'p2'),
  close_date: maybe(...DAYS),
  created_on: maybe(...DAYS),
});
const company = fc.record({
  industry: maybe('it', 'medical'),
  country: maybe('de', 'fr'),
  employees: maybe(5, 20, 100),
  parent_id: maybe('c1', 'c2'),
});
const user = fc.record({ office: maybe('Central', 'West') });
const product = fc.record({ series: maybe('GTX', 'MG'), list_price: maybe('5', '9.99') });
const data = fc.record({
  deals: fc.array(deal, { maxLength: 12 }),
  companies: fc.tuple(company, company),
  users: fc.tuple(user, user),
  products: fc.tuple(product, product),
});
type Data = typeof data extends fc.Arbitrary<infer T> ? T : never;

const known = (fields: Readonly<Record<string, string | number | null>>): JsonObject =>
  Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));

const recordsOf = ({ deals, companies, users, products }: Data): TestRecord[] => [
  ...deals.map((fields, index) => ({ type: 'deal', id: index + 1, source_id: `d${index}`, data: known(fields) })),
  ...companies.map((fields, index) => ({ type: 'company', id: 101 + index, source_id: `c${index + 1}`, data: known(fields) })),
  ...users.map((fields, index) => ({ type: 'user', id: 201 + index, source_id: `u${index + 1}`, data: known(fields) })),
  ...products.map((fields, index) => ({ type: 'product', id: 301 + index, source_id: `p${index + 1}`, data: known(fields) })),
];

const referenceRows = ({ deals, companies, users, products }: Data): ReferenceRow[] =>
  deals.map((fields) => {
    const at = <T>(all: readonly T[], key: string | null, letter: string): T | undefined =>
      key === null ? undefined : all[Number(key.replace(letter, '')) - 1];
    const its = at(companies, fields.company_id, 'c');
    const parent = at(companies, its?.parent_id ?? null, 'c');
    return {
      ...fields,
      'company.industry': its?.industry ?? null,
      'company.employees': its?.employees ?? null,
      'parent.country': parent?.country ?? null,
      'user.office': at(users, fields.owner, 'u')?.office ?? null,
      'product.list_price': at(products, fields.product, 'p')?.list_price ?? null,
      'product.series': at(products, fields.product, 'p')?.series ?? null,
    };
  });

const instant = (second: number): string => new Date(second * 1000).toISOString();
const microseconds = (second: number): bigint => BigInt(second) * 1_000_000n;

/** Everything is known from second 10 on; then each type becomes what it is now, at a second of its own. */
const KNOWN_SINCE = 10;
const CHANGED_AT = { user: 15, deal: 20, company: 25, product: 30 };
const changedAt = ({ type }: TestRecord): number => CHANGED_AT[type as keyof typeof CHANGED_AT];

/** Versions of before stand in the history; a deal that is in one of both only came, or was deleted. */
const versionsOf = (before: Data, now: Data): TestRecord[] => [
  ...recordsOf(before).map((each) => ({ ...each, valid_from: microseconds(KNOWN_SINCE), valid_to: microseconds(changedAt(each)) })),
  ...recordsOf(now).map((each) => ({ ...each, version: 2, valid_from: microseconds(changedAt(each)) })),
];

const statesOf = (before: Data, now: Data, see = (records: Data): Data => records): ReferenceState[] =>
  [KNOWN_SINCE, ...Object.values(CHANGED_AT)].map((second) => ({
    since: instant(second),
    rows: referenceRows(
      see({
        users: second < CHANGED_AT.user ? before.users : now.users,
        deals: second < CHANGED_AT.deal ? before.deals : now.deals,
        companies: second < CHANGED_AT.company ? before.companies : now.companies,
        products: second < CHANGED_AT.product ? before.products : now.products,
      }),
    ),
  }));

const is = (field: string, value: string): Filter => ({ field, operator: 'eq', values: [value] });
const rowPolicy = (...rows: Filter[]) => fc.option(fc.constantFrom(...rows), { nil: undefined });
const maskPolicy = (...masks: FieldMask[]) => fc.subarray(masks);
/** What a principal sees of deals, by themselves and by their owners, and of what they refer to. */
const policy: fc.Arbitrary<PolicyScope> = fc
  .record({
    deal: fc.record({
      rows: rowPolicy(
        is('status', 'won'),
        is('owner.office', 'Central'),
        { not: is('owner.office', 'West') },
        { or: [is('status', 'lost'), { field: 'amount', operator: 'gte', values: [7] }] },
      ),
      masks: maskPolicy(
        { fields: ['amount'], visible: is('owner.office', 'Central') },
        { fields: ['owner', 'product'], visible: is('status', 'won') },
        { fields: ['close_date'], visible: { not: is('status', 'open') } },
      ),
    }),
    company: fc.record({
      rows: rowPolicy(is('industry', 'it'), { field: 'employees', operator: 'gt', values: [10] }),
      masks: maskPolicy({ fields: ['employees'], visible: is('country', 'de') }, { fields: ['industry'] }),
    }),
    user: fc.record({ rows: rowPolicy(is('office', 'Central')) }),
  })
  .chain((types) => fc.option(fc.constantFrom(2, 3), { nil: undefined }).map((smallestGroup) => ({ types, smallestGroup })));

/** The data as the principal sees it. Records are judged by what they are now, a deleted deal by what it was last. */
const seenData = (records: Data, before: Data, now: Data, { types }: PolicyScope): Data => {
  const officeNow = (owner: string | null): string | null =>
    owner === null ? null : (now.users[Number(owner.slice(1)) - 1]?.office ?? null);
  const nothing = { industry: null, country: null, employees: null, parent_id: null };
  const seenCompany = (fields: Data['companies'][number], index: 0 | 1): Data['companies'][number] => ({
    ...nothing,
    ...seenOf({ fields, judgedAs: now.companies[index] }, types.company),
  });
  const seenUser = (fields: Data['users'][number], index: 0 | 1): Data['users'][number] => ({
    office: null,
    ...seenOf({ fields, judgedAs: now.users[index] }, types.user),
  });
  return {
    deals: records.deals.flatMap((fields, index) => {
      const last = now.deals[index] ?? before.deals[index] ?? fields;
      const seen = seenOf({ fields, judgedAs: { ...last, 'owner.office': officeNow(last.owner) } }, types.deal);
      return seen === undefined ? [] : [{ ...fields, ...seen }];
    }),
    companies: [seenCompany(records.companies[0], 0), seenCompany(records.companies[1], 1)],
    users: [seenUser(records.users[0], 0), seenUser(records.users[1], 1)],
    products: records.products,
  };
};

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

const query: fc.Arbitrary<MetricQuery> = fc
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
const lacksTime = ({ metrics, dimensions = [], time_range }: MetricQuery, measures: readonly RandomMeasure[]): boolean => {
  if (time_range?.from !== undefined && time_range.to !== undefined) return false;
  return metrics.some((name) => {
    const time = OFFSETS.get(name)?.(measures)?.time;
    return time !== undefined && !dimensions.some((each) => each.startsWith('metric_time:') || each.startsWith(`deal.${time}:`));
  });
};

const close = (one: Cell, other: Cell): boolean => {
  if (typeof one !== 'number' || typeof other !== 'number') return one === other;
  return one === other || Math.abs(one - other) <= 1e-9 * Math.max(Math.abs(one), Math.abs(other));
};

describe('the compiler and the reference evaluator', () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await createTestEngine(TYPES);
  });
  afterAll(() => engine.close());

  const RUNS = { numRuns: Number(process.env.REFERENCE_RUNS ?? 300), seed: 20_171_231 };

  /** Fills the tables, and asks both. */
  const compareBoth = async (
    asked: MetricQuery,
    measures: readonly RandomMeasure[],
    records: readonly TestRecord[],
    rows: Pick<ReferenceWorld, 'rows' | 'past'>,
    scope?: PolicyScope,
  ): Promise<void> => {
    fc.pre(!lacksTime(asked, measures));
    const { layer, metrics } = worldOf(measures);
    for (const { name } of TYPES) await engine.execute(`delete from "${name}"; delete from "${name}_history"`);
    await engine.insert(records);
    const answer = await engine.ask(asked, layer, { policy: scope });
    const expected = evaluateReference(asked, { ...rows, metrics, smallestGroup: scope?.smallestGroup });
    const explained = (): string =>
      JSON.stringify({
        asked,
        measures,
        answer: answer.rows,
        expected,
        scope,
        sql: compileQuery(asked, layer, { ...engine.context, policy: scope }).text,
      });
    expect(answer.rows.length, explained()).toBe(expected.length);
    answer.rows.forEach((row, index) => {
      expect(
        row.every((cell, column) => close(cell, expected[index]?.[column] ?? null)),
        explained(),
      ).toBe(true);
    });
  };

  it('law: they give the same answer over random models, data and queries', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(measure, measure, accumulable), data, query, (measures, records, asked) =>
        compareBoth(asked, measures, recordsOf(records), { rows: referenceRows(records) }),
      ),
      RUNS,
    );
  });

  it('law: they give the same answer as of any moment, of records and of what they refer to', { timeout: 300_000 }, async () => {
    const moment = fc.constantFrom(5, 10, 12, 15, 17, 20, 22, 25, 27, 30, 40);
    await fc.assert(
      fc.asyncProperty(fc.tuple(measure, measure, accumulable), data, data, query, moment, (measures, before, now, asked, second) =>
        compareBoth({ ...asked, as_of: instant(second) }, measures, versionsOf(before, now), {
          rows: referenceRows(now),
          past: statesOf(before, now),
        }),
      ),
      RUNS,
    );
  });

  it('law: they give the same answer for a principal who sees a part, now and as of any moment', { timeout: 300_000 }, async () => {
    const moment = fc.option(fc.constantFrom(12, 17, 22, 27, 40), { nil: undefined });
    const measures = fc.tuple(measure, measure, accumulable);
    await fc.assert(
      fc.asyncProperty(measures, fc.tuple(data, data), query, moment, policy, (each, [before, now], asked, second, scope) => {
        const see = (records: Data): Data => seenData(records, before, now, scope);
        return compareBoth(
          second === undefined ? asked : { ...asked, as_of: instant(second) },
          each,
          versionsOf(before, now),
          { rows: referenceRows(see(now)), past: statesOf(before, now, see) },
          scope,
        );
      }),
      RUNS,
    );
  });
});
