import type { FieldDefinition, FieldType, JsonObject, RecordTypeDefinition } from '@sophia/types';

const SHAPES: Readonly<Record<FieldType, JsonObject>> = {
  text: { type: 'string' },
  integer: { type: 'integer' },
  number: { type: 'number' },
  money: { type: 'string', format: 'decimal' },
  boolean: { type: 'boolean' },
  date: { type: 'string', format: 'date' },
  timestamp: { type: 'string', format: 'date-time' },
  reference: { type: 'string' },
  text_list: { type: 'array', items: { type: 'string' } },
  json: {},
};

/** The JSON Schema from which `recordTypeFromJsonSchema` reads the same record type. */
export function recordTypeToJsonSchema(definition: RecordTypeDefinition): JsonObject {
  const required = definition.fields.filter((field) => field.required === true).map((field) => field.name);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: definition.name,
    description: definition.description,
    type: 'object',
    properties: Object.fromEntries(definition.fields.map((field) => [field.name, propertyOf(field)])),
    ...(required.length === 0 ? {} : { required }),
    ...(definition.owner === undefined ? {} : { 'x-owner': definition.owner }),
  };
}

function propertyOf(field: FieldDefinition): JsonObject {
  return {
    ...SHAPES[field.type],
    ...(field.description === undefined ? {} : { description: field.description }),
    ...(field.values === undefined ? {} : { enum: field.values }),
    ...(field.maxLength === undefined ? {} : { maxLength: field.maxLength }),
    ...(field.minimum === undefined ? {} : { minimum: field.minimum }),
    ...(field.maximum === undefined ? {} : { maximum: field.maximum }),
    ...(field.references === undefined ? {} : { 'x-references': field.references }),
    ...(field.currency === undefined ? {} : { 'x-currency': field.currency }),
    ...(field.contact === true ? { 'x-contact': true } : {}),
    ...(field.identifying === true ? { 'x-identifying': true } : {}),
  };
}
