import { BUILTIN_RECORD_TYPES, type FieldDefinition, type MetricQuery, type RecordTypeDefinition, type SemanticLayer } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileQuery } from '../query/compile-query.ts';
import { listMetrics } from '../query/list-metrics.ts';
import { compileRollup } from '../rollup/compile-rollup.ts';
import { SMALL_CONTEXT } from '../testing/small-context.ts';
import { SMALL_MODELS, SMALL_TYPES } from '../testing/small-world.ts';
import { parseSemanticLayer } from './parse-semantic-layer.ts';

/** The models over record types that lost these fields, or that became others. */
const over = (
  text: string,
  become: (field: FieldDefinition, type: string) => FieldDefinition | undefined,
  types = BUILTIN_RECORD_TYPES,
) => {
  const changed = types.map((type) => ({ ...type, fields: type.fields.flatMap((field) => become(field, type.name) ?? []) }));
  const { layer, problems } = parseSemanticLayer([{ path: 'models.yaml', text }], changed);
  if (layer === null) throw new Error('the files themselves are right');
  return { layer, told: problems.map(({ line, message }) => `${line}: ${message}`) };
};
const without =
  (...gone: readonly string[]) =>
  (field: FieldDefinition, type: string) =>
    gone.includes(`${type}.${field.name}`) ? undefined : field;

const offered = (layer: SemanticLayer): readonly string[] => listMetrics(layer).map(({ name }) => name);
const compile = (query: MetricQuery, layer: SemanticLayer) => compileQuery(query, layer, SMALL_CONTEXT);
/** The statement, or why there is none. */
const outcome = (query: MetricQuery, layer: SemanticLayer): string => {
  try {
    return compile(query, layer).text;
  } catch (error) {
    return String(error);
  }
};
const refusal = (query: MetricQuery, layer: SemanticLayer): string => {
  expect(() => compile(query, layer)).toThrow(expect.objectContaining({ code: 'semantic_model_invalid' }));
  return outcome(query, layer);
};

const MODELS = `semantic_models:
  - name: deal
    record_type: deal
    default_time_dimension: close_date
    entities:
      - { name: deal, type: primary }
      - { name: company, type: foreign, field: company_id }
      - { name: user, type: foreign, field: owner }
    dimensions:
      - { name: close_date, type: time }
      - { name: created_on, type: time }
      - { name: status, type: categorical, expression: "concat(pipeline, status)" }
    measures:
      - { name: deals, aggregation: count }
      - { name: created, aggregation: count, time_dimension: created_on }
      - { name: amount, aggregation: sum, expression: amount, time_dimension: created_on }
      - { name: with_status, aggregation: count, filter: status is not null, time_dimension: created_on }
    rollups:
      - { name: amounts, measures: [amount], dimensions: [] }
      - { name: counts, measures: [created], dimensions: [] }
  - name: company
    record_type: company
    entities:
      - { name: company, type: primary }
      - { name: user, type: foreign, field: owner }
    dimensions: [{ name: industry, type: categorical }]
    measures: [{ name: companies, aggregation: count }]
  - name: user
    record_type: user
    entities: [{ name: user, type: primary }]
    dimensions: [{ name: office, type: categorical }]
metrics:
  - { name: deals, type: simple, measure: deals }
  - { name: created, type: simple, measure: created }
  - { name: amount, type: simple, measure: amount }
  - { name: amount_so_far, type: cumulative, measure: amount }
  - { name: average, type: ratio, numerator: amount, denominator: created }
  - { name: doubled, type: derived, expression: average + amount }
  - { name: created_won, type: simple, measure: created, filter: status = 'xwon' }
  - { name: won_doubled, type: derived, expression: created_won * 2 }
  - { name: with_status, type: simple, measure: with_status }
  - { name: companies, type: simple, measure: companies }
`;
const TYPES = BUILTIN_RECORD_TYPES.map((type): RecordTypeDefinition => {
  if (type.name !== 'company') return type;
  return {
    ...type,
    fields: [...type.fields.filter(({ name }) => name !== 'owner'), { name: 'owner', type: 'reference', references: 'user' }],
  };
});
const ALL = ['deals', 'created', 'amount', 'amount_so_far', 'average', 'doubled', 'created_won', 'won_doubled', 'with_status', 'companies'];
const allBut = (...gone: readonly string[]) => ALL.filter((name) => !gone.includes(name));

describe('what does not fit the record types is left out:', () => {
  it('a measure, the metrics over it and the rollups of it', () => {
    expect(offered(over(MODELS, without(), TYPES).layer)).toEqual(ALL);
    const { layer, told } = over(MODELS, (field) => (field.name === 'amount' ? { name: 'amount', type: 'text' } : field), TYPES);
    expect(told).toEqual(['16: sum cannot be applied to a text', '19: the measure amount is invalid']);
    expect(offered(layer)).toEqual(allBut('amount', 'amount_so_far', 'average', 'doubled'));
    for (const metric of ['amount', 'amount_so_far', 'average', 'doubled']) {
      expect(refusal({ metrics: [metric] }, layer)).toBe(
        `SophiaError: The metric ${metric} is left out, because of what is wrong with it by the record types as they are:\nmodels.yaml:16:55: sum cannot be applied to a text`,
      );
    }
    expect(compileRollup(layer, 'deal', 'amounts', SMALL_CONTEXT)).toBeUndefined();
    expect(compileRollup(layer, 'deal', 'counts', SMALL_CONTEXT)?.name).toBe('rollup_1_deal_counts');
  });

  it('a dimension, which does not give its name to the field: not in queries, measures or the filters of metrics', () => {
    const { layer, told } = over(MODELS, without('deal.pipeline'), TYPES);
    expect(told).toEqual(['12: deal has no field pipeline', '17: the dimension status is invalid', '39: the dimension status is invalid']);
    expect(offered(layer)).toEqual(allBut('created_won', 'won_doubled', 'with_status'));
    const problem = 'models.yaml:12:64: deal has no field pipeline';
    expect(refusal({ metrics: ['created'], dimensions: ['deal.status'] }, layer)).toContain(`The dimension status of deal is left out`);
    expect(refusal({ metrics: ['created'], filters: [{ field: 'status', operator: 'is_null' }] }, layer)).toContain(problem);
    expect(refusal({ metrics: ['won_doubled'] }, layer)).toContain('models.yaml:39:');
  });

  it('what counts at a time that is gone, not what has a time of its own', () => {
    const { layer, told } = over(MODELS, without('deal.close_date'), TYPES);
    expect(told.slice(0, 1)).toEqual(['10: deal has no field close_date']);
    expect(offered(layer)).toEqual(allBut('deals'));
    expect(refusal({ metrics: ['deals'] }, layer)).toContain('models.yaml:10:17: deal has no field close_date');
    const other = over(MODELS, without('deal.created_on'), TYPES);
    expect(other.told).toContain('15: the dimension created_on is invalid');
    expect(offered(other.layer)).toEqual(['deals', 'companies']);
  });

  it('a model without its record type, and every name whose way leads over it', () => {
    const types = TYPES.filter(({ name }) => name !== 'user');
    const { layer, told } = over(MODELS, without(), types);
    expect(told).toEqual(['29: there is no record type user']);
    expect(offered(layer)).toEqual(ALL);
    expect(listMetrics(layer).flatMap(({ dimensions }) => dimensions.filter(({ name }) => name.includes('office')))).toEqual([]);
    expect(refusal({ metrics: ['deals'], dimensions: ['user.office'] }, layer)).toContain('29:18: there is no record type user');
    const { layer: deals } = over(
      MODELS,
      without(),
      TYPES.filter(({ name }) => name !== 'deal'),
    );
    expect(offered(deals)).toEqual(['companies']);
    expect(refusal({ metrics: ['doubled'] }, deals)).toContain('3:18: there is no record type deal');
  });

  it('a reference, whose name does not take a longer way instead', () => {
    const text = MODELS.replace('expression: amount,', 'expression: amount, filter: user.office is not null,');
    const whole = over(text, without(), TYPES);
    expect(compile({ metrics: ['deals'], dimensions: ['company.user.office'] }, whole.layer).text).not.toBe('');
    for (const become of [
      without('deal.owner'),
      (field: FieldDefinition, type: string) => (type === 'deal' && field.name === 'owner' ? { ...field, references: 'call' } : field),
    ]) {
      const { layer, told } = over(text, become, TYPES);
      expect(told.slice(0, 2)).toEqual([
        expect.stringMatching(/^8: (deal has no reference owner|owner refers to a call)/),
        '16: the reference user is invalid',
      ]);
      expect(offered(layer)).toEqual(allBut('amount', 'amount_so_far', 'average', 'doubled'));
      expect(refusal({ metrics: ['deals'], dimensions: ['user.office'] }, layer)).toContain(
        'user.office leads over the reference user, which is left out',
      );
      expect(compile({ metrics: ['deals'], dimensions: ['company.user.office'] }, layer).text).not.toBe('');
    }
  });
});

describe('whatever fields and record types are gone', () => {
  const whole = over(SMALL_MODELS, without(), SMALL_TYPES).layer;
  const fields = SMALL_TYPES.flatMap((type) => type.fields.map((field) => `${type.name}.${field.name}`));
  const changes = fc.record({
    gone: fc.subarray(fields, { maxLength: 6 }),
    types: fc.oneof(
      { weight: 3, arbitrary: fc.constant<string[]>([]) },
      fc.subarray(
        SMALL_TYPES.map(({ name }) => name),
        { maxLength: 2 },
      ),
    ),
  });

  it('what is offered still means the same, and everything else is refused with its problems', () => {
    const asked = listMetrics(whole).flatMap(({ name, dimensions }) =>
      [undefined, ...dimensions.map((each) => each.name)].map((by) => ({ name, by })),
    );
    fc.assert(
      fc.property(changes, fc.subarray(asked, { minLength: 30, maxLength: 60 }), ({ gone, types }, questions) => {
        const { layer } = over(
          SMALL_MODELS,
          without(...gone),
          SMALL_TYPES.filter(({ name }) => !types.includes(name)),
        );
        const dimensions = new Map(listMetrics(layer).map((metric) => [metric.name, metric.dimensions.map((each) => each.name)]));
        for (const { name, by } of questions) {
          const query = { metrics: [name], dimensions: by === undefined ? [] : [by], time_range: { from: '2017-01-01', to: '2018-01-01' } };
          const isOffered = by === undefined ? dimensions.has(name) : dimensions.get(name)?.includes(by) === true;
          if (isOffered) expect(outcome(query, layer)).toBe(outcome(query, whole));
          else expect(outcome(query, layer)).toMatch(/is left out, because .*\nmodels\.yaml:/);
        }
      }),
      { numRuns: 60 },
    );
  });
});
