import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { company, model, problemsOf } from '../testing/model-problems.ts';
import { sampleLayer } from '../testing/sample.ts';
import { linkedLayer } from './link-layer.ts';
import { checked } from './link-problem.ts';
import { parseSemanticLayer } from './parse-semantic-layer.ts';
import { semanticLayerError } from './semantic-layer-error.ts';

describe('a semantic layer', () => {
  it('of the sample is valid', async () => {
    const { models, metrics, hash } = await sampleLayer();
    expect(models.map(({ name }) => name)).toEqual(['deal', 'company', 'user', 'product']);
    expect(metrics.length).toBeGreaterThan(40);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('may be empty, and in several files and documents', () => {
    expect(problemsOf('', '# nothing\n', '---\n---\n')).toEqual([]);
    expect(problemsOf(company, model(''), 'metrics:\n  - { name: deals, type: simple, measure: deals }\n')).toEqual([]);
  });

  it('has filters as queries write them', () => {
    const filter = '{ or: [{ field: status, operator: eq, values: [won] }, { not: { field: amount, operator: is_null } }] }';
    const { layer } = parseSemanticLayer(
      [
        { path: 'x', text: company },
        { path: 'y', text: model(`      - { name: some, aggregation: count, filter: ${filter} }`) },
      ],
      BUILTIN_RECORD_TYPES,
    );
    expect(layer?.models[1]?.measures.find(({ name }) => name === 'some')?.filter).toEqual({
      or: [{ field: 'status', operator: 'eq', values: ['won'] }, { not: { field: 'amount', operator: 'is_null', values: [] } }],
    });
  });

  it('has filters of periods, and of as many parts as queries have', () => {
    const parts = Array.from({ length: 150 }, (_none, index) => `{ field: amount, operator: eq, values: [${index}] }`).join(', ');
    const text =
      model(`      - { name: june, aggregation: count, filter: { field: 'close_date:month', operator: eq, values: ['2017-06-01'] } }
      - { name: calls, aggregation: count, filter: { field: 'deal.occurred_at:week', operator: eq, values: ['2017-06-05'] } }
      - { name: many, aggregation: count, filter: { or: [${parts}] } }`);
    const { layer, problems } = parseSemanticLayer(
      [
        { path: 'x', text: company },
        { path: 'y', text },
      ],
      BUILTIN_RECORD_TYPES,
    );
    expect(problems).toEqual([]);
    const measures = layer === null ? undefined : linkedLayer(layer).models.get('deal')?.measures;
    const read = (name: string) => ({ kind: 'field', field: { name } });
    const period = (grain: string, day: unknown) => ({
      operation: 'eq',
      operands: [{ operation: 'period', grain, operands: [day] }, { type: 'date' }],
    });
    expect(measures?.get('june')?.filter).toMatchObject(period('month', read('close_date')));
    expect(measures?.get('calls')?.filter).toMatchObject(period('week', { operation: 'day_of', operands: [read('occurred_at')] }));
    expect(measures?.get('many')?.filter).toMatchObject({ operation: 'or', operands: { length: 150 } });
  });

  it('has metrics whose inputs are called as they are, unless they are given another name', () => {
    const inputs = '[deals, { metric: deals, alias: before, offset: { count: 1, grain: month } }, { metric: other }]';
    const { layer, problems } = parseSemanticLayer(
      [
        { path: 'x', text: company },
        {
          path: 'y',
          text: model(`metrics:
  - { name: deals, type: simple, measure: deals }
  - { name: other, type: simple, measure: deals }
  - { name: x, type: derived, expression: deals - before + other, inputs: ${inputs} }`),
        },
      ],
      BUILTIN_RECORD_TYPES,
    );
    expect(problems).toEqual([]);
    expect(layer?.metrics.find(({ name }) => name === 'x')).toMatchObject({
      inputs: [
        { metric: 'deals', alias: 'deals' },
        { metric: 'deals', alias: 'before', offset: { count: 1, grain: 'month' } },
        { metric: 'other', alias: 'other' },
      ],
    });
  });

  it("in a dimension's own expression its name is the field, also by way of its entity", () => {
    const text = (expression: string) =>
      `semantic_models: [{ name: deal, record_type: deal, entities: [{ name: deal, type: primary }], dimensions: [{ name: amount, type: categorical, expression: ${expression} }] }]`;
    for (const expression of ['amount + 1', 'deal.amount + 1']) {
      const { layer } = parseSemanticLayer([{ path: 'x', text: text(expression) }], BUILTIN_RECORD_TYPES);
      expect(layer === null ? undefined : linkedLayer(layer).models.get('deal')?.dimensions.get('amount')?.expression).toMatchObject({
        operation: 'add',
        operands: [
          { kind: 'field', path: [], field: { name: 'amount' } },
          { kind: 'literal', value: '1' },
        ],
      });
    }
  });

  it('has a hash that changes with what answers depend on, not with how it is written', () => {
    const hashOf = (text: string) =>
      parseSemanticLayer(
        [
          { path: 'x', text: company },
          { path: 'y', text },
        ],
        BUILTIN_RECORD_TYPES,
      ).layer?.hash;
    const first = hashOf(model(''));
    expect(hashOf(`# a comment\n${model('')}`)).toBe(first);
    expect(hashOf(model('').replace('aggregation: sum', 'aggregation: max'))).not.toBe(first);
    const fewer = parseSemanticLayer([{ path: 'y', text: company }], BUILTIN_RECORD_TYPES.slice(1));
    expect(fewer.layer?.hash).not.toBe(parseSemanticLayer([{ path: 'y', text: company }], BUILTIN_RECORD_TYPES).layer?.hash);
  });

  it('that was changed by hand is refused when it is used', async () => {
    const layer = await sampleLayer();
    expect(() => linkedLayer({ ...layer, recordTypes: [] })).toThrow(expect.objectContaining({ code: 'semantic_model_invalid' }));
  });
});

describe('problems', () => {
  it('are all reported, in the order of files and lines', () => {
    const problems = problemsOf(
      company,
      model(`      - { name: wrong, aggregation: summ, expression: amount }
      - { name: unknown, aggregation: sum, expression: 'amount + amout' }
    colour: red
metrics:
  - { name: revenue, type: simple, measure: amont }
  - { name: rate, type: ratio, numerator: revenue, denominator: delas }
`),
      'metrics: [{ name: revenue, type: simple, measure: deals }]',
    );
    expect(problems).toEqual([
      '2.yaml:13:37: aggregation: expected sum, count, count_distinct, average, min, max, median, percentile; found summ; did you mean sum?',
      '2.yaml:14:66: deal has no field amout; did you mean amount?',
      '2.yaml:15:5: colour has no meaning here',
      '2.yaml:17:45: there is no measure amont; did you mean amount?',
      '2.yaml:18:65: there is no metric delas',
      '3.yaml:1:19: there is another metric revenue',
    ]);
  });

  const cases: readonly (readonly [string, string, string])[] = [
    ['text that is no YAML', 'semantic_models: [', '1:19: Flow sequence in block collection must be sufficiently indented'],
    ['a key that is there twice', 'metrics: []\nmetrics: []', '2:1: Map keys must be unique'],
    ['something else than keys', '- a', '1:1: expected semantic_models and metrics with its keys, found a list'],
    ['a list that is none', 'metrics: 3', '1:10: metrics: expected a list, found 3'],
    ['an item that is none', 'metrics: [3]', '1:11: expected a metric with its keys, found 3'],
    ['an alias', 'metrics: &a []\nsemantic_models: *a', '2:18: semantic_models: expected a list, found an alias'],
    ['a missing name', 'metrics: [{ type: simple, measure: x }]', '1:11: name is missing'],
    ['a bad name', 'metrics: [{ name: Revenue, type: simple, measure: x }]', '1:19: name: Revenue is not made of lower-case words'],
    ['a text that is a list', 'metrics: [{ name: [], type: simple, measure: x }]', '1:19: name: expected a text, found a list'],
    ['a missing type', 'metrics: [{ name: x }]', '1:11: type is missing: one of simple, ratio, derived, cumulative'],
    [
      'an unknown record type',
      'semantic_models: [{ name: x, record_type: dael }]',
      '1:43: there is no record type dael; did you mean call or deal?',
    ],
  ];
  it.each(cases)('of %s', (_name, text, problem) => {
    expect(problemsOf(text)[0]).toContain(`1.yaml:${problem}`);
  });

  it('of keys that are cut short name those that begin so', () => {
    expect(
      problemsOf(company, model('      - { name: x, agg: count, exp: amount }\n    default_time: close_date\n    default: close_date')),
    ).toEqual([
      expect.stringContaining('aggregation is missing'),
      expect.stringContaining('agg has no meaning here; did you mean aggregation?'),
      expect.stringContaining('exp has no meaning here; did you mean expression?'),
      expect.stringContaining('default_time has no meaning here; did you mean default_time_dimension?'),
      expect.stringContaining('default has no meaning here; did you mean default_time_dimension?'),
    ]);
  });

  it('of what is left empty say so, and the empty name is no suggestion for others', () => {
    const problems = problemsOf(
      company,
      model(
        "      - { name: , aggregation: count }\n      - { name: '', aggregation: count }\nmetrics: [{ name: x, type: simple, measure: m }]",
      ),
    );
    expect(problems).toEqual([
      '2.yaml:13:17: name: expected a text, found nothing',
      '2.yaml:14:18: name: an empty text is not made of lower-case words joined by single underscores, of at most 60 letters',
      '2.yaml:15:45: there is no measure m',
    ]);
  });

  it('in a text of several lines are told where they stand in it', () => {
    const measure = (expression: string) =>
      problemsOf(company, model(`      - name: x\n        aggregation: sum\n        expression: ${expression}`))[0];
    const message = 'deal has no field amout; did you mean amount?';
    expect(measure('>- # folded\n          amount\n          + amout\n')).toBe(`2.yaml:17:13: ${message}`);
    expect(measure('|\n          amount\n\n            + amout\n')).toBe(`2.yaml:18:15: ${message}`);
    expect(measure('amount\n          + amout')).toBe(`2.yaml:16:13: ${message}`);
    expect(measure("'if(status = ''won'', amount,\n          amout)'")).toBe(`2.yaml:16:11: ${message}`);
    expect(measure('"amount\n          + amout"')).toBe(`2.yaml:16:13: ${message}`);
    expect(measure('"amount\\n + amout"')).toBe(`2.yaml:15:21: ${message}`);
    expect(measure('>-\n          amount\n          +\n')).toBe(
      '2.yaml:17:12: expected a value, a name or a function, found the end of the expression',
    );
  });

  it('of a part in a wrong shape are told once', () => {
    const metric = (inputs: string) => problemsOf(`metrics: [{ name: x, type: derived, expression: y, inputs: ${inputs} }]`);
    expect(metric('[{ alias: y }]')).toEqual(['1.yaml:1:61: metric is missing']);
    expect(metric('[[y]]')).toEqual(['1.yaml:1:61: expected an input with its keys, found a list']);
    const offset = (text: string) => metric(`[{ metric: y, offset: ${text} }]`);
    expect(offset('90 days')).toEqual([
      '1.yaml:1:82: offset: expected a count and a grain, as in { count: 90, grain: day }, found "90 days"',
    ]);
    expect(offset('{ count: 0, grain: day }')).toEqual(['1.yaml:1:91: count: expected a whole number from 1 to 10000, found 0']);
    expect(offset('{ count: 10001, grain: day }')).toEqual([expect.stringContaining('count: expected a whole number from 1 to 10000')]);
    expect(offset('{ count: [1], grain: day }')).toEqual([expect.stringContaining('from 1 to 10000, found a list')]);
    expect(offset('{ grain: day }')).toEqual(['1.yaml:1:82: count is missing: a whole number from 1 to 10000']);
    expect(offset('{ count: , grain: day }')).toEqual([
      expect.stringContaining('count: expected a whole number from 1 to 10000, found nothing'),
    ]);
    expect(offset('{ count: 1, grain: }')).toEqual([
      expect.stringContaining('grain: expected one of day, week, month, quarter, year, found nothing'),
    ]);
    expect(problemsOf(company, model('      - { name: x, aggregation: count, filter: { and: [{ operator: is_null }] } }'))).toEqual([
      '2.yaml:13:56: field is missing',
    ]);
  });

  it('of too much', () => {
    expect(problemsOf(' '.repeat(4_000_001))).toEqual([
      '1.yaml:1:1: semantic models have at most 4000000 characters in all files together',
    ]);
    expect(problemsOf(`metrics: [${'{},'.repeat(2001)}]`).some((problem) => problem.includes('metrics: at most 2000, found 2001'))).toBe(
      true,
    );
  });

  it('are one where a file is nested too deep', () => {
    expect(problemsOf(`metrics: ${'['.repeat(10_000)}`)).toEqual([expect.stringContaining('nested deeper than 200 levels')]);
  });

  it('are also what nobody expects of one definition', () => {
    const reported: string[] = [];
    const broken = () => {
      throw new RangeError('broken');
    };
    expect(checked({ definition: {} }, (_place, message) => reported.push(message), broken)).toBeUndefined();
    expect(reported).toEqual(['cannot be read, which is a defect of Sophia: RangeError: broken']);
  });

  it('make one error', () => {
    const { problems } = parseSemanticLayer([{ path: 'a.yaml', text: 'x: 1\ny: 2' }], BUILTIN_RECORD_TYPES);
    const error = semanticLayerError(problems);
    expect(error.code).toBe('semantic_model_invalid');
    expect(error.message).toBe('a.yaml:1:1: x has no meaning here\na.yaml:2:1: y has no meaning here');
    expect(error.details).toEqual({ problems });
  });
});
