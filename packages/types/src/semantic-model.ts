import type { Filter, TimeGrain } from './metric-query.ts';

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

export interface ModelEntity {
  /** Name of the entity, shared by the models that join on it, for example `company`. */
  readonly name: string;
  readonly type: 'primary' | 'foreign';
  /** The reference field, for a foreign entity. */
  readonly field?: string | undefined;
}

export interface ModelDimension {
  readonly name: string;
  readonly type: 'categorical' | 'time';
  /** An expression over the record type's fields (grammar of the compiler); the field of the same name unless told. */
  readonly expression?: string | undefined;
  readonly label?: string | undefined;
  readonly description?: string | undefined;
  /** Names one record or person: not allowed to viewers. */
  readonly identifying?: boolean | undefined;
}

export const AGGREGATIONS = ['sum', 'count', 'count_distinct', 'average', 'min', 'max', 'median', 'percentile'] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

export interface ModelMeasure {
  readonly name: string;
  readonly aggregation: Aggregation;
  /** Over fields and over attributes reached by many-to-one joins, for example `amount / product.list_price`. */
  readonly expression?: string | undefined;
  readonly filter?: Filter | undefined;
  readonly time_dimension?: string | undefined;
  /** Between 0 and 1, for percentile. */
  readonly percentile?: number | undefined;
  /** Set for money: the field that holds the currency. */
  readonly currency_field?: string | undefined;
  readonly unit?: string | undefined;
}

/** A pre-aggregation that the projection keeps and the compiler may choose. */
export interface ModelRollup {
  readonly name: string;
  readonly measures: readonly string[];
  readonly dimensions: readonly string[];
  readonly time_dimension?: string | undefined;
  readonly grain?: TimeGrain | undefined;
}

export interface MetricCommon {
  readonly name: string;
  readonly label?: string | undefined;
  readonly description?: string | undefined;
  readonly format?: 'currency' | 'percent' | 'number' | 'integer' | 'days' | undefined;
  readonly unit?: string | undefined;
  readonly filter?: Filter | undefined;
}

export type MetricDefinition = MetricCommon &
  (
    | { readonly type: 'simple'; readonly measure: string }
    | { readonly type: 'ratio'; readonly numerator: string; readonly denominator: string }
    | { readonly type: 'derived'; readonly expression: string; readonly inputs: readonly string[] }
    | {
        readonly type: 'cumulative';
        readonly measure: string;
        /** All of the past unless told. */
        readonly window?: { readonly count: number; readonly grain: TimeGrain } | undefined;
        /** Starts anew with each such period. */
        readonly grain_to_date?: TimeGrain | undefined;
      }
  );

/** Everything that a workspace can ask for, checked and linked. `hash` is part of every cache key. */
export interface SemanticLayer {
  readonly models: readonly SemanticModel[];
  readonly metrics: readonly MetricDefinition[];
  readonly hash: string;
}
