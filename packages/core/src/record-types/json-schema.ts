import type { FieldDefinition, RecordTypeDefinition } from '@sophia/types';
import { nameProblem } from './field-names.ts';
import { withKeywords } from './json-schema-keywords.ts';
import { linkProblems } from './json-schema-links.ts';
import { isSchemaObject, type SchemaProblem } from './json-schema-problem.ts';
import { fieldFromProperty } from './json-schema-property.ts';

export type JsonSchemaReading =
  | { readonly definition: RecordTypeDefinition; readonly problems?: undefined }
  | { readonly definition?: undefined; readonly problems: readonly SchemaProblem[] };

const KEYWORDS = ['type', 'properties', 'required', 'additionalProperties', 'x-owner'];
/** Fields of a record type. */
export const MAX_FIELDS = 500;

/**
 * Reads a record type from a JSON Schema (draft 2020-12). The subset is what a record type can hold:
 *
 * | field type | property |
 * |---|---|
 * | text | `string`, with `enum`, `maxLength`; formats email, uri, uuid and the like are notes |
 * | date, timestamp, money | `string` with format `date`, `date-time`, `decimal` |
 * | reference | `string` with `x-references: <record type>` |
 * | integer, number | with `minimum`, `maximum` |
 * | boolean | `boolean` |
 * | text_list | `array` of `string` |
 * | json | `object`, another array, or no type |
 *
 * A type may be joined with `null`, which changes nothing. `x-contact`, `x-identifying` and `x-currency` (the text field
 * that holds an amount's currency) go to the field; `x-owner` is the path of references to the owning user. Anything else is a problem, each with its path.
 */
export function recordTypeFromJsonSchema(name: string, schema: unknown): JsonSchemaReading {
  const problems: SchemaProblem[] = [];
  const invalid = (path: string, message: string): void => void problems.push({ code: 'invalid_record_type', path, message });
  const badName = nameProblem(name);
  if (badName !== undefined) invalid('', `The name ${JSON.stringify(name)} ${badName}.`);
  const properties = isSchemaObject(schema) && schema.type === 'object' ? schema.properties : undefined;
  if (!isSchemaObject(schema) || !isSchemaObject(properties)) {
    invalid('', 'A record type is a schema of type object with properties.');
    return { problems };
  }
  problems.push(...withKeywords(schema, '', KEYWORDS));
  if (schema.additionalProperties === false) {
    problems.push({
      code: 'schema_keyword_unsupported',
      path: 'additionalProperties',
      message: 'Fields that a type does not know are always kept under extra: leave additionalProperties out, or set it to true.',
    });
  }
  const required = readNames(schema.required, 'required', problems);
  const fields: FieldDefinition[] = [];
  for (const [property, propertySchema] of Object.entries(properties).slice(0, MAX_FIELDS)) {
    const reading = fieldFromProperty(property, propertySchema, required.includes(property));
    problems.push(...reading.problems);
    if (reading.field !== undefined) fields.push(reading.field);
  }
  if (Object.keys(properties).length > MAX_FIELDS) invalid('properties', `A record type has at most ${MAX_FIELDS} fields.`);
  const owner = readNames(schema['x-owner'], 'x-owner', problems);
  for (const missing of required.filter((field) => !Object.hasOwn(properties, field))) {
    invalid('required', `There is no property ${JSON.stringify(missing)}.`);
  }
  if (problems.length > 0) return { problems };
  const description = typeof schema.description === 'string' ? schema.description : '';
  const definition = { name, description, origin: 'workspace', fields, ...(owner.length === 0 ? {} : { owner }), revision: 1 } as const;
  const broken = linkProblems(definition);
  return broken.length > 0 ? { problems: broken } : { definition };
}

function readNames(value: unknown, path: string, problems: SchemaProblem[]): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return value;
  problems.push({ code: 'invalid_record_type', path, message: `${path} is an array of field names.` });
  return [];
}
