import { describe, expect, it } from 'vitest';
import { company, doubled, model, problemsOf } from '../testing/model-problems.ts';

describe('problems', () => {
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

  it('of two models of one name, and of one measure in both', () => {
    const text = 'semantic_models: [{ name: company, record_type: company, measures: [{ name: n, aggregation: count }] }]';
    const other = 'semantic_models: [{ name: firm, record_type: company, measures: [{ name: n, aggregation: count }] }]';
    expect(problemsOf(company, text)).toEqual(['2.yaml:1:27: there is another model company']);
    expect(problemsOf(other, text)).toEqual(['2.yaml:1:77: the model firm has a measure n, and so has company']);
  });

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

  it('of names that no function has, though every object does', () => {
    const text = '      - { name: x, aggregation: sum, expression: constructor(amount) }';
    expect(problemsOf(company, model(text))).toEqual(['2.yaml:13:50: there is no function constructor']);
  });
});
