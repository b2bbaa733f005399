import { FIELD_TYPES, type FieldDefinition, type FieldType } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { uniteDefinitions } from './unite-definitions.ts';

const of = (...fields: FieldDefinition[]) => ({ description: '', fields });
const typeOf = (one: FieldType, other: FieldType): FieldType | undefined =>
  uniteDefinitions(of({ name: 'it', type: one }), of({ name: 'it', type: other })).fields[0]?.type;

describe('a field that both have', () => {
  test.each<[FieldType, FieldType, FieldType]>([
    ['integer', 'integer', 'integer'],
    ['integer', 'number', 'number'],
    ['integer', 'text', 'text'],
    ['number', 'text', 'text'],
    ['number', 'date', 'text'],
    ['date', 'timestamp', 'text'],
    ['timestamp', 'text', 'text'],
    ['boolean', 'text', 'json'],
    ['boolean', 'integer', 'json'],
    ['text_list', 'text', 'json'],
    ['json', 'date', 'json'],
  ])('is of the more general type: %s and %s are %s', (one, other, expected) => {
    expect([typeOf(one, other), typeOf(other, one)]).toEqual([expected, expected]);
  });

  test('stays money or a reference, which no tap knows', () => {
    expect([typeOf('money', 'number'), typeOf('reference', 'text')]).toEqual(['money', 'reference']);
    expect([typeOf('number', 'money'), typeOf('text', 'reference')]).toEqual(['text', 'json']);
  });

  test('stays a text where the currency of an amount stands in it', () => {
    const stored = of({ name: 'price', type: 'money', currency: 'unit' }, { name: 'unit', type: 'text' });
    expect(uniteDefinitions(stored, of({ name: 'unit', type: 'json' }))).toEqual(stored);
  });

  test('keeps what was said of it, but for bounds of a type that it is no more', () => {
    const stored = of(
      { name: 'size', type: 'integer', description: 'In cm.', contact: true, minimum: 1, maximum: 9 },
      { name: 'kind', type: 'text', values: ['a'] },
    );
    const { fields } = uniteDefinitions(stored, of({ name: 'size', type: 'number' }, { name: 'kind', type: 'text' }));
    expect(fields).toEqual([
      { name: 'size', type: 'number', description: 'In cm.', contact: true },
      { name: 'kind', type: 'text', values: ['a'] },
    ]);
  });
});

test('fields of either are kept, and what is said of the type', () => {
  const stored = { ...of({ name: 'title', type: 'text' }), description: 'Tickets.', owner: ['keeper'] };
  expect(uniteDefinitions(stored, { description: 'Others.', fields: [{ name: 'subject', type: 'text' }] })).toEqual({
    description: 'Tickets.',
    owner: ['keeper'],
    fields: [
      { name: 'title', type: 'text' },
      { name: 'subject', type: 'text' },
    ],
  });
});

test('law: sources that take turns come to rest after one turn each', () => {
  const fromTap = FIELD_TYPES.filter((type) => type !== 'money' && type !== 'reference');
  const definition = fc
    .dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(...fromTap))
    .map((types) => of(...Object.entries(types).map(([name, type]) => ({ name, type }))));
  fc.assert(
    fc.property(definition, definition, (one, other) => {
      const both = uniteDefinitions(one, other);
      expect(uniteDefinitions(uniteDefinitions(both, one), other)).toEqual(both);
    }),
  );
});
