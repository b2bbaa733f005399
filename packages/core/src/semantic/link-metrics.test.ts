import { describe, expect, it } from 'vitest';
import { company, doubled, model, problemsOf } from '../testing/model-problems.ts';

describe('problems', () => {
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
});
