import { recordTypeFromJsonSchema } from '@sophia/core';
import type { JsonObject, JsonValue } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SchemaMessage } from './singer-message.ts';
import { singerRecordType } from './singer-record-type.ts';

const message = (properties: JsonValue, more: Partial<SchemaMessage> = {}): SchemaMessage => ({
  type: 'SCHEMA',
  stream: 'items',
  schema: { properties },
  keyProperties: ['id'],
  bookmarkProperties: [],
  ...more,
});
const simplified = (property: JsonObject): JsonValue | undefined => {
  const { schema } = singerRecordType(message({ it: property }), 'tap');
  return schema.properties === undefined ? undefined : (schema.properties as JsonObject).it;
};

describe('a property', () => {
  test.each<[JsonObject, JsonObject]>([
    [{ type: ['null', 'string'] }, { type: 'string' }],
    [{ type: 'string', maxLength: 5, enum: ['a'] }, { type: 'string' }],
    [
      { type: ['string'], format: 'date-time' },
      { type: 'string', format: 'date-time' },
    ],
    [
      { type: 'string', format: 'date' },
      { type: 'string', format: 'date' },
    ],
    [{ type: 'string', format: 'time' }, { type: 'string' }],
    [{ anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] }, { type: 'string', format: 'date-time' }],
    [{ anyOf: [{ type: 'string', format: 'date-time' }, { type: ['string', 'null'] }] }, { type: 'string' }],
    [{ oneOf: [{ type: 'integer' }, { type: 'string' }] }, {}],
    [{ type: ['integer', 'null'] }, { type: 'integer' }],
    [{ type: 'number', multipleOf: 0.01 }, { type: 'number' }],
    [{ type: 'boolean' }, { type: 'boolean' }],
    [{ type: ['string', 'number'] }, {}],
    [
      { type: 'array', items: { type: ['string', 'null'] } },
      { type: 'array', items: { type: 'string' } },
    ],
    [{ type: 'array', items: { type: 'string', format: 'date' } }, {}],
    [{ type: 'array', items: { type: 'object' } }, {}],
    [{ type: 'array' }, {}],
    [{ type: 'object', properties: {} }, {}],
    [{ type: 'null' }, {}],
    [{ type: [] }, {}],
    [{}, {}],
  ])('%j is %j', (property, expected) => {
    expect(simplified(property)).toEqual(expected);
  });

  const namesOf = (...columns: string[]): Readonly<Record<string, string>> => {
    const { mapping } = singerRecordType(message(Object.fromEntries(columns.map((column) => [column, {}]))), 'tap');
    return Object.fromEntries(mapping.fields.map((field) => [field.kind === 'column' ? field.rule.column : '', field.field]));
  };

  test('is named so that a field can be', () => {
    expect(namesOf('createdAt', 'Größe', '2nd', '日本', 'deleted', 'id', 'ID', '_sdc_x')).toEqual({
      createdAt: 'items_created_at',
      Größe: 'gro_e',
      '2nd': 'items_2nd',
      日本: 'items_value',
      deleted: 'items_deleted',
      ID: 'items_id',
    });
  });

  test('that is too long for a name has one of its own, whichever others there are', () => {
    const long = 'customer_very_long_custom_field_name_from_salesforce_';
    const alone = namesOf(`${long}revenue`);
    const both = namesOf(`${long}phone`, `${long}revenue`);
    expect(both).toMatchObject(alone);
    expect(new Set(Object.values(both)).size).toBe(2);
    expect(alone[`${long}revenue`]).toMatch(/^customer_very_long_custom_field_name_from_salesfor_[0-9a-f]{8}$/);
  });

  test('that comes to the name of another leaves it to the one that is called so', () => {
    const names = namesOf('fooBar', 'foo_bar', 'foo-bar');
    expect(names).toEqual({
      foo_bar: 'foo_bar',
      fooBar: expect.stringMatching(/^foo_bar_[0-9a-f]{8}$/),
      'foo-bar': expect.stringMatching(/^foo_bar_[0-9a-f]{8}$/),
    });
    expect(new Set(Object.values(names)).size).toBe(3);
    expect(namesOf('foo-bar', 'foo_bar', 'fooBar')).toEqual(names);
  });
});

describe('a stream', () => {
  test('has its key for an id, its bookmark for a time, and its name', () => {
    const properties = { id: {}, shop: {}, changed: { type: 'string', format: 'date-time' }, at: { type: 'string', format: 'date-time' } };
    const { name, mapping } = singerRecordType(
      message(properties, { stream: 'Order-Items', keyProperties: ['shop', 'id'], bookmarkProperties: ['changed'] }),
      'tap',
    );
    expect(name).toBe('order_items');
    expect(mapping).toMatchObject({
      name: 'Order-Items',
      source_system: 'tap',
      record_type: 'order_items',
      source_id: ['shop', 'id'],
      occurred_at: { column: 'changed', zone: 'UTC' },
    });
    expect(mapping.fields.map((field) => field.field)).toEqual(['order_items_id', 'shop', 'changed', 'at']);
    const own = singerRecordType(
      message({ _sdc_at: { type: 'string', format: 'date-time' }, n: {} }, { bookmarkProperties: ['n', '_sdc_at', 'none'] }),
      'tap',
    );
    expect(own.mapping.occurred_at).toBeUndefined();
  });

  test('is not called like a built-in type', () => {
    expect(singerRecordType(message({}, { stream: 'deal' }), 'hub', new Set(['deal'])).name).toBe('hub_deal');
    expect(singerRecordType(message({}, { stream: 'Deal' }), 'hub', new Set(['deal', 'hub_deal'])).name).toMatch(/^hub_deal_[0-9a-f]{8}$/);
    expect(singerRecordType(message({}, { stream: 'id' }), 'hub').name).toBe('stream_id');
    expect(singerRecordType(message('none'), 'hub').mapping.fields).toEqual([]);
  });
});

test('law: whatever the schema, the record type is one that can be defined', () => {
  const types = fc.constantFrom('string', 'integer', 'null', 'array', 'object', 'x', ['string', 'null'], []);
  const property = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.record({ type: types, format: fc.constantFrom('date', 'date-time', 'uuid'), items: fc.record({ type: types }) }),
  );
  const properties = fc.dictionary(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a', 'A', 'a_', 'id', 'version')),
    property as fc.Arbitrary<JsonValue>,
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'binary' }), properties, (stream, schema) => {
      const type = singerRecordType(message(schema, { stream }), 'tap', new Set(['deal']));
      expect(recordTypeFromJsonSchema(type.name, type.schema).problems).toBeUndefined();
      expect(new Set(type.mapping.fields.map(({ field }) => field)).size).toBe(type.mapping.fields.length);
    }),
    { numRuns: 50 },
  );
});
