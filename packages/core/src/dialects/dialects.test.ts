import { describe, expect, it } from 'vitest';
import { type CompileContext, DIALECT_NAMES, type PhysicalTable } from '../query/compile-context.ts';
import { compileQuery } from '../query/compile-query.ts';
import { expressionLayer, thingType } from '../testing/thing-layer.ts';
import { dialects } from './dialects.ts';

const THING = thingType([
  { name: 'count', type: 'integer' },
  { name: 'size', type: 'number' },
  { name: 'price', type: 'money' },
  { name: 'word', type: 'text' },
  { name: 'yes', type: 'boolean' },
  { name: 'day', type: 'date' },
  { name: 'moment', type: 'timestamp' },
  { name: 'tags', type: 'text_list' },
  { name: 'more', type: 'json' },
]);

const EXPRESSIONS = [
  'count + 1 - -count * 2',
  'price / size',
  'price - 1',
  '-price',
  'abs(size)',
  'round(price, 1)',
  'round(size)',
  'coalesce(price, 0)',
  'nullif(word, lower(word))',
  "upper(concat(word, '-', word))",
  "contains(word, 'x') or starts_with(word, 'y')",
  "contains(tags, 'x')",
  'day + count',
  'days_between(moment, today)',
  "case when yes then 'a' when count in (1, 2) then 'b' end",
  'count * 1 = size',
  'not (yes and count <> 1)',
  'moment is not null',
];

const TYPES = ['text', 'integer', 'number', 'money', 'boolean', 'date', 'timestamp', 'text_list', 'json'] as const;

describe.each(DIALECT_NAMES)('%s', (dialect) => {
  it('writes every operation', () => {
    const fields: PhysicalTable['fields'] = new Map(
      THING.fields.map((definition) => [
        definition.name,
        { definition, extension: false, columns: [{ name: definition.name, type: definition.type }] },
      ]),
    );
    const context: CompileContext = {
      dialect,
      workspace: 1 as CompileContext['workspace'],
      table: () => ({ table: 'thing', fields }),
      now: Date.parse('2017-06-15T00:00:00Z'),
      timeZone: 'Europe/Berlin',
    };
    const written = EXPRESSIONS.map((expression) => {
      const { text } = compileQuery({ metrics: ['things'], dimensions: ['thing.asked'] }, expressionLayer(expression, THING), context);
      return [expression, /select (.*?) as k0/.exec(text.slice(text.lastIndexOf('(select')))?.[1]];
    });
    expect(Object.fromEntries(written)).toMatchSnapshot();
  });

  it('casts a value of another type where that loses nothing', () => {
    const { safeCast } = dialects[dialect];
    const casts = TYPES.flatMap((from) => TYPES.map((to) => [`${from} to ${to}`, safeCast('x', from, to)]));
    expect(Object.fromEntries(casts)).toMatchSnapshot();
  });
});
