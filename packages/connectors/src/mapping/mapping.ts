import type { JsonPrimitive } from '@sophia/types';
import type { Unit } from '../values/units.ts';

/**
 * How rows of one shape become records: a YAML file, `parseMapping` reads it. Columns are those of a table; of objects
 * they are members, by name or by a path such as `owner.email`.
 */
export interface Mapping {
  readonly name: string;
  readonly match: SourceShape;
  readonly source_system: string;
  readonly record_type: string;
  /** The columns whose values, joined by `separator`, are the source's id of the record; within several it is escaped. */
  readonly source_id: readonly string[];
  readonly separator: string;
  readonly occurred_at?: ColumnRule | undefined;
  readonly source_version?: string | undefined;
  readonly business_priority?: ColumnRule | undefined;
  /** Rows in which this column has one of these values, or is true where there are none, mark that the record is gone. */
  readonly deleted?: { readonly column: string; readonly values?: readonly string[] | undefined } | undefined;
  readonly fields: readonly FieldRule[];
  readonly repairs: readonly Repair[];
  /** Texts that mean "no value" in any column, such as `n/a`; numbers and booleans are compared by their text. */
  readonly null_values: readonly string[];
  /** Where columns are names of members alone, never paths. */
  readonly exact_names?: boolean | undefined;
  /** Columns that are left out. Those neither used nor left out are kept under `extra`. */
  readonly ignore: readonly string[];
}

/** Which sources a mapping is for. */
export interface SourceShape {
  /** A source has all of these columns; those that the mapping reads unless told. */
  readonly columns: readonly string[];
  /** Patterns of file names with `*`; any name unless told. */
  readonly files: readonly string[];
}

/** A column and how its values are written. */
export interface ColumnRule {
  readonly column: string;
  /** Of dates and timestamps: a pattern, `iso`, `epoch_seconds` or `epoch_milliseconds`. Found out from the data unless told. */
  readonly format?: string | undefined;
  /** Of timestamps without an offset: the IANA zone that they are in. */
  readonly zone?: string | undefined;
  /** Of numbers: the decimal sign, and what stands beside each. Found out from the data unless told. */
  readonly decimal?: '.' | ',' | undefined;
  /** Of whole numbers whose decimal sign nothing told: `1.000` may be one or a thousand, and is refused. */
  readonly rejectsPoints?: boolean | undefined;
  readonly symbol?: string | undefined;
  /** Of numbers: what they count. */
  readonly unit?: Unit | undefined;
  /** Values by their text in the source; others are rejected, unless there is a `default`. */
  readonly values?: ReadonlyMap<string, JsonPrimitive> | undefined;
  readonly default?: JsonPrimitive | undefined;
  /** Of lists: what stands between the items. */
  readonly separator?: string | undefined;
  /** Of references to another source's records: its name. */
  readonly source_system?: string | undefined;
}

export type FieldRule =
  | { readonly field: string; readonly kind: 'column'; readonly rule: ColumnRule }
  | { readonly field: string; readonly kind: 'constant'; readonly value: JsonPrimitive };

/** A correction of known mistakes. Each use is counted in the import's report, and the raw value is kept with the record. */
export interface Repair {
  /** The name under which it is counted. */
  readonly rule: string;
  /** All columns where there are none. */
  readonly columns: readonly string[];
  /** Right values by wrong ones, compared as a whole; those of numbers and booleans by their text. */
  readonly replace: ReadonlyMap<string, string>;
  /** Spaces at the ends are taken off. */
  readonly trim: boolean;
}
