import { BUILTIN_RECORD_TYPES, FIELD_TYPES, type FieldDefinition, RESERVED_NAMES } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nameProblem } from './field-names.ts';
import { recordTypeFromJsonSchema } from './json-schema.ts';
import { recordTypeToJsonSchema } from './to-json-schema.ts';

const schemaWith = (property: unknown) => ({ type: 'object', properties: { size: property } });
const problemsOf = (schema: unknown, name = 'thing'): string[] =>
  (recordTypeFromJsonSchema(name, schema).problems ?? []).map((problem) => `${problem.code} ${problem.path}`);

describe('a record type from JSON Schema', () => {
  test('has a field for each property', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'Ticket',
      description: 'A request for help.',
      type: 'object',
      additionalProperties: true,
      required: ['subject'],
      'x-owner': ['agent'],
      properties: {
        subject: { type: 'string', maxLength: 200, description: 'What it is about', 'x-identifying': true },
        state: { type: ['string', 'null'], enum: ['open', 'closed', ' cance\u0301led', 'canc\u00e9led'] },
        email: { type: 'string', format: 'email', 'x-contact': true },
        agent: { type: 'string', 'x-references': 'user' },
        cost: { type: 'string', format: 'decimal', minimum: 0, 'x-currency': 'currency' },
        currency: { type: 'string', maxLength: 3 },
        opened_at: { type: 'string', format: 'date-time' },
        due: { type: 'string', format: 'date' },
        replies: { type: 'integer', minimum: 0, maximum: 1000 },
        score: { type: 'number' },
        urgent: { type: 'boolean' },
        labels: { type: 'array', items: { type: 'string' } },
        points: { type: 'array', items: { type: 'number' } },
        details: { type: 'object' },
        anything: {},
      },
    };
    expect(recordTypeFromJsonSchema('ticket', schema).definition).toEqual({
      name: 'ticket',
      description: 'A request for help.',
      origin: 'workspace',
      revision: 1,
      owner: ['agent'],
      fields: [
        { name: 'subject', type: 'text', maxLength: 200, description: 'What it is about', identifying: true, required: true },
        { name: 'state', type: 'text', values: ['open', 'closed', 'canc\u00e9led'] },
        { name: 'email', type: 'text', contact: true },
        { name: 'agent', type: 'reference', references: 'user' },
        { name: 'cost', type: 'money', minimum: 0, currency: 'currency' },
        { name: 'currency', type: 'text', maxLength: 3 },
        { name: 'opened_at', type: 'timestamp' },
        { name: 'due', type: 'date' },
        { name: 'replies', type: 'integer', minimum: 0, maximum: 1000 },
        { name: 'score', type: 'number' },
        { name: 'urgent', type: 'boolean' },
        { name: 'labels', type: 'text_list' },
        { name: 'points', type: 'json' },
        { name: 'details', type: 'json' },
        { name: 'anything', type: 'json' },
      ],
    });
  });

  test.each<[string, unknown]>([
    ['schema_keyword_unsupported properties.size.pattern', schemaWith({ type: 'string', pattern: 'x' })],
    ['schema_keyword_unsupported properties.size.multipleOf', schemaWith({ type: 'number', multipleOf: 2 })],
    ['schema_keyword_unsupported properties.size.type', schemaWith({ type: ['string', 'number'] })],
    ['schema_keyword_unsupported properties.size.type', schemaWith({ enum: ['a'] })],
    ['schema_keyword_unsupported properties.size.format', schemaWith({ type: 'string', format: 'regex' })],
    ['schema_keyword_unsupported properties.size.format', schemaWith({ type: 'string', format: 7 })],
    ['schema_keyword_unsupported properties.size.anyOf', schemaWith({ anyOf: [] })],
    ['schema_keyword_unsupported additionalProperties', { type: 'object', properties: {}, additionalProperties: false }],
    ['schema_keyword_unsupported allOf', { type: 'object', properties: {}, allOf: [] }],
    ['invalid_record_type ', { type: 'array' }],
    ['invalid_record_type ', 'object'],
    ['invalid_record_type properties.size', schemaWith(true)],
    ['invalid_record_type properties.Size', { type: 'object', properties: { Size: {} } }],
    ['invalid_record_type properties.source_id', { type: 'object', properties: { source_id: {} } }],
    ['invalid_record_type properties.size.maxLength', schemaWith({ type: 'string', maxLength: 0 })],
    ['invalid_record_type properties.size.enum', schemaWith({ type: 'string', enum: [1] })],
    ['invalid_record_type properties.size.minimum', schemaWith({ type: 'integer', minimum: '0' })],
    ['invalid_record_type properties.size.x-references', schemaWith({ type: 'string', 'x-references': 'No Type' })],
    ['invalid_record_type properties.size.x-contact', schemaWith({ type: 'string', 'x-contact': 'yes' })],
    ['invalid_record_type required', { type: 'object', properties: {}, required: ['size'] }],
    ['invalid_record_type required', { type: 'object', properties: {}, required: 'size' }],
    ['invalid_record_type x-owner', { type: 'object', properties: {}, 'x-owner': [1] }],
    ['invalid_record_type x-owner', { type: 'object', properties: {}, 'x-owner': ['keeper'] }],
    ['invalid_record_type x-owner', { ...schemaWith({ type: 'string' }), 'x-owner': ['size', 'team'] }],
    ['invalid_record_type properties.size.x-currency', schemaWith({ type: 'string', format: 'decimal', 'x-currency': 'currencie' })],
    ['invalid_record_type properties.size.x-currency', schemaWith({ type: 'string', format: 'decimal', 'x-currency': 'size' })],
    [
      'invalid_record_type properties',
      { type: 'object', properties: Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`f${i}`, {}])) },
    ],
  ])('names what it cannot hold: %s', (problem, schema) => {
    expect(problemsOf(schema)).toEqual([problem]);
  });

  test('adds an amount in the currency of a built-in type', () => {
    const budget = { type: 'object', properties: { budget: { type: 'string', format: 'decimal', 'x-currency': 'currency' } } };
    expect(problemsOf(budget, 'deal')).toEqual([]);
    expect(problemsOf(budget)).toEqual(['invalid_record_type properties.budget.x-currency']);
  });

  test.each(['Thing', 'a__b', '', 'x'.repeat(61), 'id', '_a', 'a_'])('is not named %j', (name) => {
    expect(problemsOf({ type: 'object', properties: {} }, name)).toEqual(['invalid_record_type ']);
  });
});

test.each([...RESERVED_NAMES])('neither a type nor a field is named %s, which the catalog or the warehouse keeps for itself', (name) => {
  expect(problemsOf({ type: 'object', properties: {} }, name)).toEqual(['invalid_record_type ']);
  expect(problemsOf({ type: 'object', properties: { [name]: { type: 'string' } } })).toEqual([`invalid_record_type properties.${name}`]);
});

test('needs no description', () => {
  expect(recordTypeFromJsonSchema('thing', { type: 'object', properties: {} }).definition?.description).toBe('');
});

describe('laws', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/).filter((text) => nameProblem(text) === undefined);
  const flag = fc.option(fc.constant(true as const), { nil: undefined });
  const field = fc
    .record({
      name,
      type: fc.constantFrom(...FIELD_TYPES),
      description: fc.option(fc.string(), { nil: undefined }),
      required: flag,
      contact: flag,
    })
    .map(
      ({ name, type, description, required, contact }): FieldDefinition => ({
        name,
        type,
        ...(description === undefined ? {} : { description }),
        ...(contact === undefined ? {} : { contact }),
        ...(required === undefined ? {} : { required }),
        ...(type === 'reference' ? { references: 'company' } : {}),
        ...(type === 'text' ? { maxLength: 10, values: ['a'] } : {}),
        ...(type === 'integer' ? { minimum: 0, maximum: 9 } : {}),
      }),
    );
  const inCurrency = (fields: readonly FieldDefinition[]): readonly FieldDefinition[] => {
    const currency = fields.find(({ type }) => type === 'text')?.name;
    return currency === undefined ? fields : fields.map((each) => (each.type === 'money' ? { ...each, currency } : each));
  };

  test('a type written as a schema reads as the same type', () => {
    const fields = fc.uniqueArray(field, { selector: (item) => item.name });
    fc.assert(
      fc.property(name, fc.string(), fields, (typeName, description, list) => {
        const reference = list.find(({ type }) => type === 'reference');
        const owner = reference === undefined ? {} : { owner: [reference.name] };
        const definition = { name: typeName, description, origin: 'workspace' as const, fields: inCurrency(list), ...owner, revision: 1 };
        expect(recordTypeFromJsonSchema(typeName, recordTypeToJsonSchema(definition))).toEqual({ definition });
      }),
    );
  });

  test('so do the built-in types', () => {
    for (const { derived: _computed, ...type } of BUILTIN_RECORD_TYPES) {
      expect(recordTypeFromJsonSchema(type.name, recordTypeToJsonSchema(type)).definition).toEqual({ ...type, origin: 'workspace' });
    }
  });

  test('whatever comes, the answer is a definition or problems', () => {
    fc.assert(
      fc.property(fc.string(), fc.oneof(fc.jsonValue(), fc.jsonValue().map(schemaWith)), (typeName, schema) => {
        const reading = recordTypeFromJsonSchema(typeName, schema);
        expect(reading.definition === undefined).toBe((reading.problems?.length ?? 0) > 0);
      }),
    );
  });
});
