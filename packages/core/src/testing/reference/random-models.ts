import { BUILTIN_RECORD_TYPES, type SemanticLayer } from '@sophia/types';
import fc from 'fast-check';
import { parseSemanticLayer } from '../../semantic/parse-semantic-layer.ts';
import { semanticLayerError } from '../../semantic/semantic-layer-error.ts';
import type { ReferenceMeasure, ReferenceMetric, ReferenceRow } from './reference-evaluator.ts';

export const REFERENCE_TYPES = BUILTIN_RECORD_TYPES.filter(({ name }) => ['deal', 'company', 'user', 'product'].includes(name));
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

export interface RandomMeasure {
  readonly aggregation: ReferenceMeasure['aggregation'];
  readonly expression: keyof typeof EXPRESSIONS | undefined;
  readonly condition: keyof typeof CONDITIONS;
  readonly time: 'close_date' | 'created_on';
}

/** A measure that can be had: texts are counted alone. */
export const randomMeasure: fc.Arbitrary<RandomMeasure> = fc
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
export const accumulableMeasure = randomMeasure.map(
  (each): RandomMeasure => (each.aggregation === 'median' ? { ...each, aggregation: 'average' } : each),
);

/** Models over random measures m0…m3, and metrics of every type over them. */
export const worldOf = (measures: readonly RandomMeasure[]): { layer: SemanticLayer; metrics: Record<string, ReferenceMetric> } => {
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
