import type { AnswerColumn, JsonObject } from '@sophia/types';

/** One statement: `$1` ... in DuckDB's text, `?` in Snowflake's, in the order of the parameters. */
export interface CompiledStatement {
  readonly text: string;
  readonly parameters: readonly (string | number | boolean)[];
}

export interface CompiledQuery extends CompiledStatement {
  /** The answer's columns, in order; the statement gives `checks` behind them. */
  readonly columns: readonly AnswerColumn[];
  /** Columns that `readAnswer` judges and leaves out. */
  readonly checks: readonly HiddenCheck[];
  /** The day that the query takes for today; `usesToday` says whether the answer depends on it (and so the cache key). */
  readonly today: string;
  readonly usesToday: boolean;
  /** Microseconds since 1970; null for now. */
  readonly asOf: bigint | null;
  readonly models: readonly string[];
  /** What the answer depends on: for W4 versions, tags and `explain`. */
  readonly reads: readonly TypeRead[];
  /** Name of the rollup that answers, or null. */
  readonly rollup: string | null;
  /** Whether this change can change the answer. Never false where it does; true where that cannot be told cheaply. */
  readonly affects: (change: RecordChange) => boolean;
}

export type HiddenCheck =
  /** Columns of the least and the greatest currency that the metric is made of. */
  | { readonly kind: 'one_currency'; readonly least: string; readonly greatest: string; readonly metric: string }
  /** A column of the number of cells that filling would give; nothing was filled if it is above the limit. */
  | { readonly kind: 'filled_cells'; readonly column: string; readonly limit: number };

export interface TypeRead {
  readonly recordType: string;
  /** In order of their names. */
  readonly fields: readonly string[];
}

/** A record before and after an event: null where it was not there. */
export interface RecordChange {
  readonly recordType: string;
  readonly before: JsonObject | null;
  readonly after: JsonObject | null;
  /** Its past was blanked too: answers as of earlier change. */
  readonly erased?: boolean | undefined;
}

/** The records behind one cell, by id: `readDrillDown` makes them of its result. */
export interface CompiledDrillDown extends CompiledStatement {
  /** The one whose values the records have: the metric that was asked for, or its part. */
  readonly metric: string;
  readonly recordType: string;
  /** In order: `id`, `source_system`, `source_id`, `version`, `value`, the fields, and `<field>__system` of references. */
  readonly columns: readonly AnswerColumn[];
  readonly limit: number;
  /** Microseconds since 1970; null for now. */
  readonly asOf: bigint | null;
  readonly reads: readonly TypeRead[];
  readonly models: readonly string[];
}
