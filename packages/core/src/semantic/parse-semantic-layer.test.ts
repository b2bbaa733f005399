import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { sampleLayer } from '../testing/sample.ts';
import { linkedLayer } from './link-layer.ts';
import { checked } from './link-problem.ts';
import { parseSemanticLayer } from './parse-semantic-layer.ts';
import { semanticLayerError } from './semantic-layer-error.ts';

const problemsOf = (...texts: readonly string[]): readonly string[] => {
  const files = texts.map((text, index) => ({ path: `${index + 1}.yaml`, text }));
  return parseSemanticLayer(files, BUILTIN_RECORD_TYPES).problems.map(
    ({ path, line, column, message }) => `${path}:${line}:${column}: ${message}`,
  );
};

/** A valid model of deals, with more of it. */
const model = (more: string): string => `semantic_models:
  - name: deal
    record_type: deal
    entities:
      - { name: deal, type: primary }
      - { name: company, type: foreign, field: company_id }
    dimensions:
      - { name: close_date, type: time }
      - { name: status, type: categorical }
    measures:
      - { name: deals, aggregation: count, time_dimension: close_date }
      - { name: amount, aggregation: sum, expression: amount }
${more}
`;
const company = `semantic_models:
  - name: company
    record_type: company
    entities: [{ name: company, type: primary }, { name: parent, type: foreign, field: parent_id, to: company }]
    dimensions: [{ name: industry, type: categorical }]
`;

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

  const inModel: readonly (readonly [string, string, string])[] = [
    ['two primary entities', '      - { name: x, aggregation: count }\n    entities: []', 'Map keys must be unique'],
    ['a dimension of two kinds', '    label: x', 'label has no meaning here'],
    ['an unknown default time', '    default_time_dimension: closed', 'deal has no dimension of time closed'],
    ['a default time that is none', '    default_time_dimension: status', 'deal has no dimension of time status'],
    [
      'an unknown time of a measure',
      '      - { name: x, aggregation: count, time_dimension: close_dat }',
      'x: deal has no dimension of time close_dat; did you mean close_date?',
    ],
    ['a measure without an expression', '      - { name: x, aggregation: sum }', 'x needs an expression: only count may do without'],
    ['a sum of texts', '      - { name: x, aggregation: sum, expression: status }', 'sum cannot be applied to a text'],
    ['a least of booleans', '      - { name: x, aggregation: min, expression: amount > 1 }', 'min cannot be applied to a condition'],
    [
      'different values of what is no field',
      '      - { name: x, aggregation: count_distinct, expression: extra }',
      'deal has no field extra',
    ],
    [
      'a percentile without its place',
      '      - { name: x, aggregation: percentile, expression: amount }',
      'x needs a percentile between 0 and 1',
    ],
    [
      'a percentile of a sum',
      '      - { name: x, aggregation: sum, percentile: 0.9, expression: amount }',
      'x has a percentile, which belongs to the aggregation percentile alone',
    ],
    [
      'a percentile beyond 1',
      '      - { name: x, aggregation: percentile, percentile: 90, expression: amount }',
      'percentile: expected a number from 0 to 1, found 90',
    ],
    [
      'a percentile that is a list',
      '      - { name: x, aggregation: percentile, percentile: [0.5], expression: amount }',
      'percentile: expected a number from 0 to 1, found a list',
    ],
    [
      'a filter that is no condition',
      '      - { name: x, aggregation: count, filter: amount }',
      'expected a condition, found an amount of money',
    ],
    [
      'an operator that is none',
      '      - { name: x, aggregation: count, filter: { field: status, operator: is } }',
      'operator: expected eq, ne, in',
    ],
    [
      'a filter of an unknown field',
      '      - { name: x, aggregation: count, filter: { field: stats, operator: is_null } }',
      'deal has no field stats; did you mean status',
    ],
    [
      'a value that does not fit',
      '      - { name: x, aggregation: count, filter: { field: amount, operator: gt, values: [much] } }',
      'amount: "much" is not an amount of money',
    ],
    [
      'a grain that is none',
      "      - { name: x, aggregation: count, filter: { field: 'close_date:decade', operator: is_null } }",
      'close_date:decade: a grain is one of day, week, month, quarter, year',
    ],
    [
      'a grain of what is no time',
      "      - { name: x, aggregation: count, filter: { field: 'status:month', operator: is_null } }",
      'status:month: only dimensions of time have a grain',
    ],
    [
      'a filter of more parts than there may be',
      `      - { name: x, aggregation: count, filter: { or: [${Array(1001).fill('{ field: status, operator: is_null }').join(', ')}] } }`,
      'or: at most 1000, found 1001',
    ],
    [
      'values that are none',
      '      - { name: x, aggregation: count, filter: { field: amount, operator: gt, values: [[]] } }',
      'values: expected texts, numbers, true, false or null',
    ],
    [
      'a filter in a wrong shape',
      '      - { name: x, aggregation: count, filter: { and: [{ not: 3 }] } }',
      'expected a filter with its keys, found 3',
    ],
    [
      'a filter that is too deep',
      `      - { name: x, aggregation: count, filter: ${'{ not: '.repeat(21)}{ field: status, operator: is_null }${' }'.repeat(21)} }`,
      'a filter is nested at most 20 deep',
    ],
    ['the same measure twice', '      - { name: deals, aggregation: count }', 'there is another measure deals'],
    ['a flag that is none', '    dimensions: []', 'Map keys must be unique'],
    [
      'an entity path that leads nowhere',
      '      - { name: x, aggregation: count, expression: compny.industry }',
      'no reference of deal leads to compny; did you mean company?',
    ],
    [
      'a field of another record that is unknown',
      '      - { name: x, aggregation: count, expression: company.industri }',
      'company has no field industri; did you mean industry?',
    ],
    [
      'a rollup of what is unknown',
      '    rollups: [{ name: r, measures: [delas], dimensions: [] }]',
      'deal has no measure delas; did you mean deals?',
    ],
  ];
  it.each(inModel)('of %s', (_name, more, problem) => {
    expect(problemsOf(company, model(more)).join('\n')).toContain(problem);
  });

  const dimensions: readonly (readonly [string, string])[] = [
    ['{ name: x, type: time, expression: status }', 'a dimension of time is a day or an instant, not a text'],
    ['{ name: occurred_at, type: categorical }', 'a categorical dimension is one value, not an instant'],
    ['{ name: x, type: categorical }', 'deal has no field x'],
    ['{ name: x, type: categorical, expression: y }, { name: y, type: categorical, expression: x }', 'the dimension x depends on itself'],
    ['{ name: metric_time, type: time, expression: close_date }', 'name: metric_time is the time of whatever measure is asked for'],
    ['{ name: x, type: categorical, expression: z.y }', 'no reference of deal leads to z'],
    ['{ name: x, type: categorical, identifying: maybe }', 'identifying: expected true or false, found "maybe"'],
    ['{ name: x, type: categorical, expression: bad( }', 'expected a value, a name or a function'],
  ];
  it.each(dimensions)('of the dimension %s', (text, problem) => {
    const texts = problemsOf(
      `semantic_models: [{ name: deal, record_type: deal, entities: [{ name: deal, type: primary }], dimensions: [${text}] }]`,
    );
    expect(texts.join('\n')).toContain(problem);
  });

  const entities: readonly (readonly [string, string])[] = [
    ['{ name: deal, type: primary }, { name: other, type: primary }', 'a model has one primary entity'],
    ['{ name: deal, type: primary }, { name: deal, type: foreign, field: owner }', 'there is another entity deal'],
    ['{ name: company, type: primary }', 'company is already the primary entity of the model company'],
    ['{ name: firm, type: foreign, field: company_id }', 'no model has the primary entity firm'],
    ['{ name: company, type: foreign, field: company }', 'deal has no reference company; did you mean company_id?'],
    ['{ name: company, type: foreign, field: owner }', 'owner refers to a user, the entity company is a company'],
    ['{ name: deal, type: primary }, { name: company, type: foreign, field: owner, to: user }', 'no model has the primary entity user'],
    [
      '{ name: deal, type: primary }, { name: company, type: foreign, field: company_id, to: deal }',
      'company is the primary entity of another model',
    ],
  ];
  it.each(entities)('of the entities %s', (text, problem) => {
    const texts = problemsOf(company, `semantic_models: [{ name: deal, record_type: deal, entities: [${text}] }]`);
    expect(texts.join('\n')).toContain(problem);
  });

  it('of measures over lists and JSON', () => {
    const measure = (aggregation: string, expression: string) =>
      problemsOf(
        `semantic_models: [{ name: call, record_type: call, measures: [{ name: x, aggregation: ${aggregation}, expression: ${expression} }] }]`,
      ).join('\n');
    expect(measure('count_distinct', 'participants')).toContain('count_distinct cannot be applied to a list of texts');
    expect(measure('max', 'participants')).toContain('max cannot be applied to a list of texts');
    expect(measure('count', 'participants')).toBe('');
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

  it('of two models of one name, and of one measure in both', () => {
    const text = 'semantic_models: [{ name: company, record_type: company, measures: [{ name: n, aggregation: count }] }]';
    const other = 'semantic_models: [{ name: firm, record_type: company, measures: [{ name: n, aggregation: count }] }]';
    expect(problemsOf(company, text)).toEqual(['2.yaml:1:27: there is another model company']);
    expect(problemsOf(other, text)).toEqual(['2.yaml:1:77: the model firm has a measure n, and so has company']);
  });

  const metrics: readonly (readonly [string, string])[] = [
    ['{ name: x, type: ratio, numerator: x, denominator: x }', 'the metric x depends on itself'],
    ['{ name: x, type: derived, expression: d + y, inputs: [{ metric: deals, alias: d }] }', 'there is no metric y'],
    ['{ name: x, type: derived, expression: d +, inputs: [{ metric: deals, alias: d }] }', 'expected a value, a name or a function'],
    ["{ name: x, type: derived, expression: 'd ? 1', inputs: [{ metric: deals, alias: d }] }", 'the character ? has no meaning here'],
    ['{ name: x, type: derived, expression: 1 + 1 }', 'a derived metric is made of other metrics, and this names none'],
    ['{ name: x, type: derived, expression: deals, inputs: [[deals]] }', 'expected an input with its keys, found a list'],
    ['{ name: x, type: derived, expression: d > 1, inputs: [{ metric: deals, alias: d }] }', 'a derived metric is a number'],
    [
      '{ name: x, type: derived, expression: d, inputs: [{ metric: deals, alias: d }, { metric: deals, alias: d }] }',
      'two inputs are called d',
    ],
    ['{ name: x, type: derived, expression: deals.x }', 'is none of the inputs'],
    ['{ name: x, type: derived, expression: deals, inputs: [{ metric: deals, alias: d }] }', 'the input d is not in the expression'],
    [
      '{ name: x, type: derived, expression: d, inputs: [{ metric: deals, alias: d, offset: { count: 0.5, grain: month } }] }',
      'count: expected a whole number from 1 to 10000, found 0.5',
    ],
    [
      '{ name: x, type: derived, expression: d, inputs: [{ metric: deals, alias: d, offset: { count: 1.5, grain: month } }] }',
      'count: expected a whole number from 1 to 10000, found 1.5',
    ],
    ['{ name: x, type: cumulative, measure: amount }', 'amount has no time dimension to accumulate over'],
    ['{ name: x, type: cumulative, measure: middle }', 'a median cannot be accumulated'],
    [
      '{ name: x, type: cumulative, measure: deals, window: { count: 1, grain: decade } }',
      'grain: expected day, week, month, quarter, year',
    ],
    [
      '{ name: x, type: cumulative, measure: deals, window: { count: 1, grain: month }, grain_to_date: year }',
      'grain_to_date: a window is given too',
    ],
    [
      '{ name: x, type: cumulative, measure: deals, window: 3 }',
      'window: expected a count and a grain, as in { count: 90, grain: day }, found 3',
    ],
    ['{ name: x, type: simple, measure: deals, filter: industry = 1 }', 'deal has no field industry'],
    ['{ name: x, type: ratio, numerator: deals, denominator: last }', 'both parts of a ratio are numbers'],
    [
      '{ name: x, type: simple, measure: deals, format: dollars }',
      'format: expected currency, percent, number, integer, days; found dollars',
    ],
  ];
  it.each(metrics)('of the metric %s', (text, problem) => {
    const more = `      - { name: middle, aggregation: median, expression: amount, time_dimension: close_date }
      - { name: last_close, aggregation: max, expression: close_date }
metrics: [{ name: deals, type: simple, measure: deals }, { name: last, type: simple, measure: last_close }, ${text}]`;
    expect(problemsOf(company, model(more)).join('\n')).toContain(problem);
  });

  it('of metrics that are made of each other too deep', () => {
    const chain = Array.from({ length: 12 }, (_none, index) => `{ name: m${index}, type: derived, expression: m${index + 1} }`).join(', ');
    expect(problemsOf(company, model(`metrics: [${chain}, { name: m12, type: simple, measure: deals }]`)).join('\n')).toContain(
      'at most 10 deep',
    );
  });

  const doubled = (count: number, of: (name: string, before: string) => string): string =>
    Array.from({ length: count }, (_none, index) => of(`x${index + 1}`, `x${index}`)).join(', ');
  const withDimensions = (dimensions: string): string =>
    `semantic_models: [{ name: deal, record_type: deal, dimensions: [{ name: x0, type: categorical, expression: amount }, ${dimensions}] }]`;
  const ofDimension = (name: string, expression: string): string => `{ name: ${name}, type: categorical, expression: ${expression} }`;

  it('of dimensions that come to too much', () => {
    const five = (name: string, before: string) => ofDimension(name, Array(5).fill(before).join(' + '));
    expect(problemsOf(withDimensions(doubled(4, five)))).toEqual([]);
    expect(problemsOf(withDimensions(doubled(6, five)))).toEqual([
      expect.stringContaining('with x4 the names here come to more than 5000 operations and values'),
      expect.stringContaining('the dimension x5 is invalid'),
    ]);
  });

  it('of dimensions that are made of each other too deep, in whichever order they stand', () => {
    const chain = Array.from({ length: 11 }, (_none, index) => ofDimension(`x${index + 1}`, `x${index} + 1`));
    const message = 'dimensions are made of dimensions at most 10 deep';
    expect(problemsOf(withDimensions(chain.slice(0, 9).join(', ')))).toEqual([]);
    expect(problemsOf(withDimensions(chain.slice(0, 9).toReversed().join(', ')))).toEqual([]);
    expect(problemsOf(withDimensions(chain.slice(0, 10).join(', ')))).toEqual([expect.stringContaining(message)]);
    expect(problemsOf(withDimensions(chain.slice(0, 10).toReversed().join(', ')))).toEqual([expect.stringContaining(message)]);
    expect(problemsOf(withDimensions(chain.toReversed().join(', ')))).toContainEqual(expect.stringContaining(message));
  });

  it('of metrics that come to too much', () => {
    const metrics = (count: number, of: (name: string, before: string) => string) =>
      problemsOf(company, model(`metrics: [{ name: x0, type: simple, measure: deals }, ${doubled(count, of)}]`));
    const twice = (name: string, before: string) => `{ name: ${name}, type: ratio, numerator: ${before}, denominator: ${before} }`;
    expect(metrics(8, twice)).toEqual([]);
    expect(metrics(9, twice)).toEqual([
      expect.stringContaining(
        'the metric x9 comes to 1535 operations and values, 10 one within the other; at most 1000 and 100 are computed',
      ),
    ]);
    const deeper = (name: string, before: string) => `{ name: ${name}, type: derived, expression: ${before}${' + 1'.repeat(40)} }`;
    expect(metrics(2, deeper)).toEqual([]);
    expect(metrics(3, deeper)).toEqual([expect.stringContaining('the metric x3 comes to 241 operations and values, 120 one within')]);
    const next = (name: string, before: string) => `{ name: ${name}, type: derived, expression: ${before} }`;
    expect(metrics(9, next)).toEqual([]);
    expect(metrics(10, next)).toEqual([expect.stringContaining('metrics are made of metrics at most 10 deep')]);
  });

  it('of a metric over an invalid measure are those of the measure', () => {
    expect(
      problemsOf(
        company,
        model('      - { name: bad, aggregation: sum, expression: nothing }\nmetrics: [{ name: x, type: simple, measure: bad }]'),
      ),
    ).toEqual(['2.yaml:13:52: deal has no field nothing']);
  });

  it('of two references to one entity', () => {
    const issue = `semantic_models:
  - name: user
    record_type: user
    entities: [{ name: user, type: primary }]
    dimensions: [{ name: office, type: categorical }]
  - name: issue
    record_type: issue
    entities:
      - { name: issue, type: primary }
      - { name: assignee, type: foreign, field: assignee, to: user }
      - { name: creator, type: foreign, field: creator, to: user }
    measures: [{ name: offices, aggregation: count_distinct, expression: user.office }]
`;
    expect(problemsOf(issue)).toEqual(['1.yaml:12:74: user is ambiguous: it may be issue.assignee or issue.creator']);
    expect(problemsOf(issue.replace('user.office', 'assignee.office'))).toEqual([]);
    expect(problemsOf(issue.replace('user.office', 'creator.user.office'))).toEqual([
      '1.yaml:12:74: no reference of issue leads to creator.user',
    ]);
  });

  it('of rollups', () => {
    const rollup = (text: string) =>
      problemsOf(
        company,
        model(`      - { name: most, aggregation: max, expression: amount }
      - { name: part, aggregation: sum, expression: amount / 2 }
      - { name: open_days, aggregation: sum, expression: days_open }
    rollups: [{ name: r, ${text} }]`),
      ).join('\n');
    expect(rollup('measures: [deals], dimensions: [status, company.industry], time_dimension: close_date, grain: week')).toBe('');
    expect(rollup('measures: [most], dimensions: []')).toContain('most is a max; a rollup keeps sums, counts and averages');
    expect(rollup('measures: [part], dimensions: []')).toContain('differences of those are not exact');
    expect(rollup('measures: [open_days], dimensions: []')).toContain('open_days depends on the current day');
    expect(rollup('measures: [deals], dimensions: [health]')).toContain('health depends on the current day');
    expect(rollup('measures: [deals], dimensions: [company.parent.industry]')).toContain('more than one reference away');
    expect(rollup('measures: [deals], dimensions: [], grain: month')).toContain('both a time_dimension and a grain');
    expect(rollup('measures: [deals], dimensions: [], grain: month, time_dimension: closed')).toContain('no dimension of time closed');
    expect(rollup('measures: [amount], dimensions: [], grain: month, time_dimension: close_date')).toContain(
      'the time of amount is none, not close_date',
    );
    expect(rollup('measures: [], dimensions: []')).toContain('a rollup is of at least one measure');
    expect(rollup('measures: [deals, amount, deals], dimensions: []')).toContain('deals is there twice');
    expect(rollup('measures: [deals], dimensions: [status, status]')).toContain('status is there twice');
    expect(rollup('measures: [3], dimensions: []')).toContain('measures: expected a text, found 3');
  });

  it('of too much', () => {
    expect(problemsOf(' '.repeat(4_000_001))).toEqual([
      '1.yaml:1:1: semantic models have at most 4000000 characters in all files together',
    ]);
    expect(problemsOf(`metrics: [${'{},'.repeat(2001)}]`).some((problem) => problem.includes('metrics: at most 2000, found 2001'))).toBe(
      true,
    );
  });

  it('are also what nobody expects of one definition', () => {
    const reported: string[] = [];
    const broken = () => {
      throw new RangeError('broken');
    };
    expect(checked({ definition: {} }, (_place, message) => reported.push(message), broken)).toBeUndefined();
    expect(reported).toEqual(['cannot be read, which is a defect of Sophia: RangeError: broken']);
  });

  it('of names that no function has, though every object does', () => {
    const text = '      - { name: x, aggregation: sum, expression: constructor(amount) }';
    expect(problemsOf(company, model(text))).toEqual(['2.yaml:13:50: there is no function constructor']);
  });

  it('make one error', () => {
    const { problems } = parseSemanticLayer([{ path: 'a.yaml', text: 'x: 1\ny: 2' }], BUILTIN_RECORD_TYPES);
    const error = semanticLayerError(problems);
    expect(error.code).toBe('semantic_model_invalid');
    expect(error.message).toBe('a.yaml:1:1: x has no meaning here\na.yaml:2:1: y has no meaning here');
    expect(error.details).toEqual({ problems });
  });
});
