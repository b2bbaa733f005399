import { isJsonObject, SophiaError } from '@sophia/shared';
import type { JsonObject, JsonValue } from '@sophia/types';
import type { FieldRule, Mapping } from '../mapping/mapping.ts';
import type { SchemaMessage } from './singer-message.ts';
import { fieldNames, recordTypeName } from './singer-names.ts';

/** What a stream becomes where no mapping is given: a record type of its own. */
export interface SingerRecordType {
  readonly name: string;
  /** Its JSON Schema, in the subset that record types are defined by. */
  readonly schema: JsonObject;
  readonly mapping: Mapping;
}

/** Columns that Singer's tools add to a stream: of the transport, not of the record. */
const OWN_COLUMNS = /^_sdc_/;
export const isOwnColumn = (name: string): boolean => OWN_COLUMNS.test(name);
const DELETED_COLUMN = '_sdc_deleted_at';

/**
 * Makes a stream's schema a record type and a mapping to it: each property a field, named by `fieldNames`; the key
 * properties the source id; the bookmark, where it is a time, the time at which a record occurred, by which older
 * arrivals are told. Times without an offset are UTC, as the specification has it. Properties of several types are JSON.
 * Errors: `mapping_mismatch` where the stream has no key.
 */
export function singerRecordType(message: SchemaMessage, sourceSystem: string, builtin: ReadonlySet<string> = new Set()): SingerRecordType {
  if (message.keyProperties.length === 0) {
    throw new SophiaError('mapping_mismatch', `The stream ${message.stream} has no key properties: map it, with a source_id.`);
  }
  const name = recordTypeName(message.stream, sourceSystem, builtin);
  const properties = isJsonObject(message.schema.properties) ? message.schema.properties : {};
  const columns = Object.keys(properties).filter((column) => !isOwnColumn(column) && !isPlainId(column, message));
  const fields = [...fieldNames(columns, name)].map(([column, field]) => ({ column, field, schema: simplify(properties[column]) }));
  const bookmark = message.bookmarkProperties.find(
    (property) => !isOwnColumn(property) && simplify(properties[property]).format === 'date-time',
  );
  return {
    name,
    schema: {
      type: 'object',
      description: `The stream ${message.stream} of ${sourceSystem}.`,
      properties: Object.fromEntries(fields.map(({ field, schema }) => [field, schema])),
    },
    mapping: {
      name: message.stream,
      match: { columns: message.keyProperties, files: [] },
      source_system: sourceSystem,
      record_type: name,
      source_id: message.keyProperties,
      separator: '/',
      occurred_at: bookmark === undefined ? undefined : { column: bookmark, zone: 'UTC' },
      fields: fields.map(({ field, column, schema }): FieldRule => ({ field, kind: 'column', rule: { column, ...zoneOf(schema) } })),
      repairs: [],
      null_values: [],
      exact_names: true,
      ignore: [],
    },
  };
}

/** Names of a schema's properties. */
export const propertyNames = (schema: JsonObject): readonly string[] =>
  isJsonObject(schema.properties) ? Object.keys(schema.properties) : [];

/** Whether the tap says that this record is gone. */
export const isDeleted = (record: JsonObject): boolean => record[DELETED_COLUMN] !== undefined && record[DELETED_COLUMN] !== null;

/** A key called `id` is the source id, and needs no field beside it. */
const isPlainId = (column: string, { keyProperties }: SchemaMessage): boolean =>
  column === 'id' && keyProperties.length === 1 && keyProperties[0] === 'id';

const zoneOf = (schema: JsonObject): { readonly zone?: string } => (schema.format === 'date-time' ? { zone: 'UTC' } : {});

const SIMPLE: ReadonlySet<string | undefined> = new Set(['string', 'integer', 'number', 'boolean']);

/** A property in the subset that record types are made of: one type beside null, and the formats of days and times. */
function simplify(schema: JsonValue | undefined): JsonObject {
  const variants = variantsOf(schema).filter((variant) => variant.type !== 'null');
  const [first] = variants;
  const type = first === undefined ? undefined : typeName(first);
  if (first === undefined || type === undefined || variants.some((variant) => typeName(variant) !== type)) return {};
  if (type === 'array') return isText(simplify(first.items)) ? { type, items: { type: 'string' } } : {};
  const format = first.format;
  const isInstant = type === 'string' && (format === 'date' || format === 'date-time');
  if (isInstant && variants.every((variant) => variant.format === format)) return { type, format };
  return SIMPLE.has(type) ? { type } : {};
}

const isText = (schema: JsonObject): boolean => schema.type === 'string' && schema.format === undefined;

/** A schema, or those that it is any of. */
export function variantsOf(schema: JsonValue | undefined): readonly JsonObject[] {
  if (!isJsonObject(schema)) return [];
  const several = schema.anyOf ?? schema.oneOf;
  return Array.isArray(several) ? several.flatMap((variant: JsonValue) => variantsOf(variant)) : [schema];
}

/** The one type beside null, or undefined. */
function typeName(schema: JsonObject): string | undefined {
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((type: JsonValue | undefined) => type !== 'null');
  const [only] = types;
  return types.length === 1 && typeof only === 'string' ? only : undefined;
}
