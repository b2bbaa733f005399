import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestEngine, type TestEngine } from '../testing/test-engine.ts';
import { expressionLayer, thingType } from '../testing/thing-layer.ts';

const THING = thingType([
  { name: 'seven', type: 'integer' },
  { name: 'half', type: 'number' },
  { name: 'price', type: 'money' },
  { name: 'word', type: 'text' },
  { name: 'yes', type: 'boolean' },
  { name: 'day', type: 'date' },
  { name: 'moment', type: 'timestamp' },
  { name: 'tags', type: 'text_list' },
  { name: 'none', type: 'integer' },
  { name: 'nothing', type: 'text' },
  { name: 'end', type: 'text' },
]);

let engine: TestEngine;

beforeAll(async () => {
  engine = await createTestEngine([THING]);
  const data = {
    seven: 7,
    half: 0.5,
    price: '10.25',
    word: 'Wörter',
    yes: true,
    day: '2017-03-31',
    moment: '2017-03-31T22:30:00Z',
    tags: ['a', 'b'],
    end: 'Ende',
  };
  await engine.insert([{ type: 'thing', id: 1, source_id: 't', data }]);
});

afterAll(() => engine.close());

/** The value of an expression over the one record. */
async function computed(expression: string) {
  const layer = expressionLayer(expression, THING);
  const context = { reportingDate: '2017-04-02', timeZone: 'Europe/Berlin' };
  const { rows } = await engine.ask({ metrics: ['things'], dimensions: ['thing.asked'] }, layer, context);
  expect(rows.length).toBe(1);
  return rows[0]?.[0];
}

const CASES: readonly (readonly [string, unknown])[] = [
  // Arithmetic: exact for integers and money, double otherwise.
  ['1 + 2 * 3', 7],
  ['(1 + 2) * 3', 9],
  ['seven - 2 - 1', 4],
  ['-seven', -7],
  ['- -seven', 7],
  ['-(-3)', 3],
  ['seven / 2', 3.5],
  ['seven / (seven - 7)', null],
  ['seven * none', null],
  ['price + 1', '11.2500'],
  ['price - 0.0001', '10.2499'],
  ['price * 2', 20.5],
  ['price * price', 105.0625],
  ['price / 2', 5.125],
  ['price + half', 10.75],
  ['seven * 0.1', 0.7],
  ['-price', '-10.2500'],
  ['0.1 + 0.2 > 0.3', true],
  // Comparison.
  ['seven = 7', true],
  ['seven <> 7', false],
  ['seven != 8', true],
  ['seven < 7.5', true],
  ['seven >= 7', true],
  ['price = 10.25', true],
  ['price > 10.24999', true],
  ["word > 'Wz'", true],
  ["word < 'a'", true],
  ["day < '2017-04-01'", true],
  ["moment > '2017-03-31T22:29:59.999Z'", true],
  ['yes = true', true],
  ['none = none', null],
  ['none is null', true],
  ['seven is not null', true],
  ['seven in (1, 7)', true],
  ['seven in (1, null)', null],
  ['seven in (7, null)', true],
  ['seven not in (1, 2)', true],
  ["word in ('x', 'Wörter')", true],
  // Three-valued logic.
  ['none > 1 and false', false],
  ['none > 1 or true', true],
  ['none > 1 and true', null],
  ['not none > 1', null],
  ['not yes or yes', true],
  ['not (yes and false)', true],
  // Choice.
  ["case when seven > 10 then 'many' when seven > 5 then 'some' else 'few' end", 'some'],
  ["case when none > 1 then 'x' end", null],
  ["if(none > 1, 'x', 'y')", 'y'],
  ['if(yes, 1, 0.5)', 1],
  ['coalesce(none, seven, 1)', 7],
  ['coalesce(none, 0.5)', 0.5],
  ['coalesce(seven)', 7],
  ["coalesce(nothing, 'it''s')", "it's"],
  ['nullif(seven, 7)', null],
  ['nullif(seven, 8)', 7],
  ['null', null],
  // Functions.
  ['abs(-price)', '10.2500'],
  ['abs(3 - seven)', 4],
  ['round(price)', '10.0000'],
  ['round(price, 1)', '10.3000'],
  ['round(-2.5)', -3],
  ['round(half)', 1],
  ['round(seven, 3)', 7],
  ['lower(word)', 'wörter'],
  ['upper(word)', 'WÖRTER'],
  ["concat(word, '-', lower('X'))", 'Wörter-x'],
  ['concat(word, nothing)', null],
  ["contains(word, 'ört')", true],
  ["contains(word, 'ÖRT')", false],
  ["contains(word, '%')", false],
  ["starts_with(word, 'W')", true],
  ["contains(tags, 'b')", true],
  ["contains(tags, 'c')", false],
  // Days: the moment is after midnight in Berlin.
  ['date(moment)', '2017-04-01'],
  ['date(day)', '2017-03-31'],
  ["date('2017-03-31T22:30:00Z')", '2017-04-01'],
  ["date('2017-03-31T00:00:00+07:00')", '2017-03-30'],
  ["date('2017-03-31T00:00:00')", '2017-03-31'],
  ["date('2017-03-31')", '2017-03-31'],
  ["days_between('2017-03-31T22:00:00Z', moment)", 0],
  ['days_between(day, today)', 2],
  ['days_between(moment, day)', -1],
  ["days_between(day, '2017-01-01')", -89],
  ["day - '2017-03-01'", 30],
  ['today - day', 2],
  ["'2017-04-30' - day", 30],
  ['day + 1', '2017-04-01'],
  ['day - seven', '2017-03-24'],
  ['today', '2017-04-02'],
  ['days_between(day, null)', null],
  // Writing.
  ['"end"', 'Ende'],
  ['Coalesce(none, 3) + 1', 4],
  ['CASE WHEN yes THEN 1 END', 1],
];

describe('an expression', () => {
  it.each(CASES)('%s', async (expression, expected) => {
    const value = await computed(expression);
    if (typeof expected === 'number') expect(value).toBeCloseTo(expected, 12);
    else expect(value).toBe(expected);
  });
});
