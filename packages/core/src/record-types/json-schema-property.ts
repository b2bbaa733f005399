import type { FieldDefinition, FieldType } from '@sophia/types';
import { nameProblem } from './field-names.ts';
import { withKeywords } from './json-schema-keywords.ts';
import { isSchemaObject, type SchemaObject, type SchemaProblem } from './json-schema-problem.ts';
import { keyText } from './key-text.ts';

export interface PropertyReading {
  readonly field?: FieldDefinition | undefined;
  readonly problems: readonly SchemaProblem[];
}

const COMMON = ['type', 'x-contact', 'x-identifying'];
const KEYWORDS: Readonly<Record<FieldType, readonly string[]>> = {
  text: [...COMMON, 'format', 'enum', 'maxLength'],
  reference: [...COMMON, 'x-references'],
  date: [...COMMON, 'format'],
  timestamp: [...COMMON, 'format'],
  money: [...COMMON, 'format', 'minimum', 'maximum', 'x-currency'],
  integer: [...COMMON, 'minimum', 'maximum'],
  number: [...COMMON, 'minimum', 'maximum'],
  boolean: COMMON,
  text_list: [...COMMON, 'items'],
  json: [...COMMON, 'items', 'properties', 'required', 'additionalProperties'],
};

const FORMATS: Readonly<Record<string, FieldType>> = { date: 'date', 'date-time': 'timestamp', decimal: 'money' };
/** Formats that are kept as text, unchecked. */
const NOTED_FORMATS: ReadonlySet<string> = new Set([
  'email',
  'idn-email',
  'uri',
  'uri-reference',
  'iri',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
  'time',
  'duration',
]);

/** Reads one property as a field. `path` of each problem begins with `properties.<name>`. */
export function fieldFromProperty(name: string, schema: unknown, required: boolean): PropertyReading {
  const path = `properties.${name}`;
  const problem = (message: string): PropertyReading => ({ problems: [{ code: 'invalid_record_type', path, message }] });
  const badName = nameProblem(name);
  if (badName !== undefined) return problem(`The name ${JSON.stringify(name)} ${badName}.`);
  if (!isSchemaObject(schema)) return problem('A property is a schema object.');
  const type = fieldType(schema);
  if (type === undefined) return unsupportedType(schema, path);
  const problems = [...withKeywords(schema, path, KEYWORDS[type]), ...valueProblems(schema, path)];
  return problems.length > 0 ? { problems } : { field: makeField(name, type, schema, required), problems };
}

function fieldType(schema: SchemaObject): FieldType | undefined {
  switch (singleType(schema.type)) {
    case 'string':
      return stringType(schema);
    case 'integer':
      return 'integer';
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array':
      return isSchemaObject(schema.items) && schema.items.type === 'string' ? 'text_list' : 'json';
    case 'object':
      return 'json';
    case 'none':
      return Object.hasOwn(schema, 'enum') ? undefined : 'json';
    default:
      return undefined;
  }
}

/** The one type beside null, `none` where no type is given, undefined where there are several. */
function singleType(type: unknown): unknown {
  if (type === undefined) return 'none';
  const types = (Array.isArray(type) ? type : [type]).filter((name) => name !== 'null');
  return types.length === 1 ? types[0] : undefined;
}

function stringType(schema: SchemaObject): FieldType | undefined {
  if (Object.hasOwn(schema, 'x-references')) return 'reference';
  const format = schema.format;
  if (format === undefined) return 'text';
  if (typeof format !== 'string') return undefined;
  return Object.hasOwn(FORMATS, format) ? FORMATS[format] : NOTED_FORMATS.has(format) ? 'text' : undefined;
}

function unsupportedType(schema: SchemaObject, path: string): PropertyReading {
  const keyword = singleType(schema.type) === 'string' ? 'format' : 'type';
  const found = JSON.stringify(schema[keyword]) ?? 'an enum without a type';
  const allowed =
    keyword === 'format'
      ? [...Object.keys(FORMATS), ...NOTED_FORMATS].join(', ')
      : 'one of string, integer, number, boolean, array, object, alone or with null';
  const message = `The ${keyword} ${found} is not supported. Supported: ${allowed}.`;
  return { problems: [{ code: 'schema_keyword_unsupported', path: `${path}.${keyword}`, message }] };
}

const isCount = (value: unknown): boolean => typeof value === 'number' && Number.isInteger(value) && value > 0;
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const isName = (value: unknown): boolean => typeof value === 'string' && nameProblem(value) === undefined;
const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');

const CHECKS: readonly (readonly [keyword: string, isValid: (value: unknown) => boolean, expected: string])[] = [
  ['maxLength', isCount, 'a positive whole number'],
  ['minimum', isNumber, 'a number'],
  ['maximum', isNumber, 'a number'],
  ['enum', isTexts, 'an array of texts'],
  ['x-contact', isBoolean, 'true or false'],
  ['x-identifying', isBoolean, 'true or false'],
  ['x-references', isName, 'the name of a record type'],
  ['x-currency', isName, 'the name of a field'],
];

function valueProblems(schema: SchemaObject, path: string): SchemaProblem[] {
  return CHECKS.filter(([keyword, isValid]) => Object.hasOwn(schema, keyword) && !isValid(schema[keyword])).map(
    ([keyword, , expected]) => ({
      code: 'invalid_record_type',
      path: `${path}.${keyword}`,
      message: `Expected ${expected}, found ${JSON.stringify(schema[keyword])}.`,
    }),
  );
}

/** The keywords' values were judged by `valueProblems`. Texts of records are trimmed and in NFC, and so are those that a field allows. */
function makeField(name: string, type: FieldType, schema: SchemaObject, required: boolean): FieldDefinition {
  const { description, maxLength, minimum, maximum } = schema;
  const values = schema.enum;
  const references = schema['x-references'];
  const currency = schema['x-currency'];
  return {
    name,
    type,
    ...(typeof description === 'string' ? { description } : {}),
    ...(isTexts(values) ? { values: [...new Set(values.map(keyText))] } : {}),
    ...(typeof references === 'string' ? { references } : {}),
    ...(typeof currency === 'string' ? { currency } : {}),
    ...(schema['x-contact'] === true ? { contact: true } : {}),
    ...(schema['x-identifying'] === true ? { identifying: true } : {}),
    ...(typeof maxLength === 'number' ? { maxLength } : {}),
    ...(typeof minimum === 'number' ? { minimum } : {}),
    ...(typeof maximum === 'number' ? { maximum } : {}),
    ...(required ? { required: true } : {}),
  };
}
