/** What keeps a JSON Schema from being a record type. */
export interface SchemaProblem {
  readonly code: 'schema_keyword_unsupported' | 'invalid_record_type';
  /** Where, for example `properties.size.pattern`; empty for the schema itself. */
  readonly path: string;
  readonly message: string;
}

export type SchemaObject = { readonly [keyword: string]: unknown };

export const isSchemaObject = (value: unknown): value is SchemaObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
