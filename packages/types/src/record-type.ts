/**
 * How a field's value is typed, in the catalog's JSON and in the warehouse.
 *
 * | type | JSON | warehouse |
 * |---|---|---|
 * | text | string | VARCHAR |
 * | integer | number, a string beyond 2^53 | BIGINT |
 * | number | number | DOUBLE |
 * | money | decimal string, at most 4 digits after the point | DECIMAL(18,4) |
 * | boolean | boolean | BOOLEAN |
 * | date | `YYYY-MM-DD`, never shifted by a zone | DATE |
 * | timestamp | ISO 8601 instant in UTC | TIMESTAMP (UTC) |
 * | reference | source id, or `{source_system, source_id}` | VARCHAR and `<field>__system` VARCHAR |
 * | text_list | array of strings | VARCHAR[] |
 * | json | any JSON | JSON |
 */
export const FIELD_TYPES = [
  'text',
  'integer',
  'number',
  'money',
  'boolean',
  'date',
  'timestamp',
  'reference',
  'text_list',
  'json',
] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

export interface FieldDefinition {
  readonly name: string;
  readonly type: FieldType;
  readonly description?: string;
  /** Allowed values, for text. */
  readonly values?: readonly string[];
  /** The record type that a reference points to. */
  readonly references?: string;
  /** The field of the same type that holds the currency, for money. */
  readonly currency?: string;
  /** Contact details (masked for analysts). */
  readonly contact?: boolean;
  /** Names one record or person: no dimension for viewers. */
  readonly identifying?: boolean;
  /** Longest text in characters. */
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: boolean;
}

/** A value computed from the fields when asked, never stored: it may depend on the current day. */
export interface DerivedField {
  readonly name: string;
  readonly type: FieldType;
  readonly description: string;
  /** In the language of semantic models (docs/reference/semantic-models.md). */
  readonly expression: string;
}

export interface RecordTypeDefinition {
  readonly name: string;
  readonly description: string;
  /** `builtin` types exist in every workspace; `workspace` types are its own. */
  readonly origin: 'builtin' | 'workspace';
  readonly fields: readonly FieldDefinition[];
  /** Models may use them like fields. */
  readonly derived?: readonly DerivedField[];
  /** Path of reference fields from a record to its owning user, for example `['owner']`. */
  readonly owner?: readonly string[];
  /** Grows with each change of the definition; 1 for built-in types as shipped. */
  readonly revision: number;
}
