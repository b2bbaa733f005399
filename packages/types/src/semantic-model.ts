import type { Filter, TimeGrain } from './metric-query.ts';
import type { RecordTypeDefinition } from './record-type.ts';

/** MetricFlow's vocabulary. One model describes one record type. */
export interface SemanticModel {
  readonly name: string;
  readonly description?: string | undefined;
  readonly record_type: string;
  readonly entities: readonly ModelEntity[];
  readonly dimensions: readonly ModelDimension[];
  readonly measures: readonly ModelMeasure[];
  readonly rollups: readonly ModelRollup[];
  /** The time dimension of measures that name none. */
  readonly default_time_dimension?: string | undefined;
}

/** A primary entity is what the model's records are; a foreign one is what a reference of theirs leads to. */
export type ModelEntity =
  | { readonly name: string; readonly type: 'primary' }
  | {
      /** The role, for example `assignee`: what queries write. */
      readonly name: string;
      readonly type: 'foreign';
      /** The reference field. */
      readonly field: string;
      /** The primary entity that it leads to; the one of the same name unless told. */
      readonly to?: string | undefined;
    };

export interface ModelDimension {
  readonly name: string;
  readonly type: 'categorical' | 'time';
  /** An expression over the record type's fields (docs/reference/semantic-models.md); the field of the same name unless told. */
  readonly expression?: string | undefined;
  readonly label?: string | undefined;
  readonly description?: string | undefined;
  /** Names one record or person: not allowed to viewers. Unless told, whether it reads an identifying field. */
  readonly identifying?: boolean | undefined;
}

export const AGGREGATIONS = ['sum', 'count', 'count_distinct', 'average', 'min', 'max', 'median', 'percentile'] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

/** A condition in the language of expressions, `status = 'won'`, or a filter as in queries. */
export type ModelFilter = string | Filter;

export interface ModelMeasure {
  readonly name: string;
  readonly aggregation: Aggregation;
  /** Over fields and over attributes reached by many-to-one joins, for example `amount / product.list_price`. Only `count` may do without. */
  readonly expression?: string | undefined;
  readonly filter?: ModelFilter | undefined;
  /** A time dimension of the model; the model's default unless told. */
  readonly time_dimension?: string | undefined;
  /** Between 0 and 1, for percentile. */
  readonly percentile?: number | undefined;
  readonly label?: string | undefined;
  readonly description?: string | undefined;
  readonly unit?: string | undefined;
}

/** A pre-aggregation that the projection keeps and the compiler may choose. */
export interface ModelRollup {
  readonly name: string;
  readonly measures: readonly string[];
  /** As in a query, without time: `company.industry`. */
  readonly dimensions: readonly string[];
  /** Every measure's own time dimension must be this one. */
  readonly time_dimension?: string | undefined;
  readonly grain?: TimeGrain | undefined;
}

export interface MetricCommon {
  readonly name: string;
  readonly label?: string | undefined;
  readonly description?: string | undefined;
  readonly format?: MetricFormat | undefined;
  readonly unit?: string | undefined;
  /** Over the records of every measure below this metric. */
  readonly filter?: ModelFilter | undefined;
}

export const METRIC_FORMATS = ['currency', 'percent', 'number', 'integer', 'days'] as const;
export type MetricFormat = (typeof METRIC_FORMATS)[number];

export interface PeriodCount {
  readonly count: number;
  readonly grain: TimeGrain;
}

/** A metric that a derived metric reads, under its own name or another, now or some periods earlier. */
export interface MetricInput {
  readonly metric: string;
  readonly alias: string;
  readonly offset?: PeriodCount | undefined;
}

export type MetricDefinition = MetricCommon &
  (
    | { readonly type: 'simple'; readonly measure: string }
    /** Both are metrics. */
    | { readonly type: 'ratio'; readonly numerator: string; readonly denominator: string }
    /** The expression is over the inputs' aliases. */
    | { readonly type: 'derived'; readonly expression: string; readonly inputs: readonly MetricInput[] }
    | {
        readonly type: 'cumulative';
        readonly measure: string;
        /** The last so many periods; all of the past unless told. */
        readonly window?: PeriodCount | undefined;
        /** Starts anew with each such period. */
        readonly grain_to_date?: TimeGrain | undefined;
      }
  );

/** Everything that a workspace can ask for, checked and linked. `hash` is part of every cache key. */
export interface SemanticLayer {
  readonly models: readonly SemanticModel[];
  readonly metrics: readonly MetricDefinition[];
  /** The types that the models describe, or that they reach. */
  readonly recordTypes: readonly RecordTypeDefinition[];
  readonly hash: string;
}

/** One thing wrong in the text of a semantic model. */
export interface SemanticProblem {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}
