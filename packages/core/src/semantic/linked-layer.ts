import type {
  Aggregation,
  MetricDefinition,
  ModelDimension,
  ModelEntity,
  ModelMeasure,
  ModelRollup,
  PeriodCount,
  RecordTypeDefinition,
  SemanticLayer,
  SemanticModel,
  SemanticProblem,
  TimeGrain,
} from '@sophia/types';
import type { BoundExpression, FieldRead, ValueType } from '../expression/bound-expression.ts';

/**
 * A semantic layer whose names are found and whose expressions are bound: what queries are compiled against. What does
 * not fit the record types is left out, and so is what is made of it.
 */
export interface LinkedLayer {
  readonly layer: SemanticLayer;
  readonly models: ReadonlyMap<string, LinkedModel>;
  /** By the name of the primary entity. */
  readonly entities: ReadonlyMap<string, LinkedModel>;
  readonly metrics: ReadonlyMap<string, LinkedMetric>;
  readonly recordTypes: ReadonlyMap<string, RecordTypeDefinition>;
  /** What is wrong with the definitions that are left out, by definition. */
  readonly problems: ReadonlyMap<object, readonly SemanticProblem[]>;
}

/** One whose record type is gone has no parts, and no reference leads to it: it is there so that no name takes another path. */
export interface LinkedModel {
  readonly model: SemanticModel;
  readonly recordType: RecordTypeDefinition;
  /** Name of the primary entity; a model without one is reached by no reference. */
  readonly primary: string | undefined;
  readonly references: readonly EntityReference[];
  readonly dimensions: ReadonlyMap<string, LinkedDimension>;
  readonly measures: ReadonlyMap<string, LinkedMeasure>;
  readonly rollups: ReadonlyMap<string, LinkedRollup>;
}

/** A pre-aggregation whose sums and counts can be kept by differences. */
export interface LinkedRollup {
  readonly definition: ModelRollup;
  readonly dimensions: readonly BoundExpression[];
  /** The time of its measures, with the grain of its periods. */
  readonly time: { readonly dimension: LinkedDimension; readonly grain: TimeGrain } | undefined;
  readonly measures: readonly LinkedMeasure[];
}

/** A many-to-one step from one model to another. */
export interface EntityReference {
  readonly definition: ModelEntity;
  readonly role: string;
  /** The primary entity that it leads to. */
  readonly to: string;
  readonly field: string;
  /** Whether the record types do not allow it: names whose path it is on have no meaning. */
  readonly isBroken: boolean;
}

export interface LinkedDimension {
  readonly definition: ModelDimension;
  readonly expression: BoundExpression;
  readonly identifying: boolean;
  /** How deep it is made of dimensions; 1 where it names none. */
  readonly depth: number;
}

export interface LinkedMeasure {
  readonly definition: ModelMeasure;
  readonly model: string;
  readonly aggregation: Aggregation;
  /** What is aggregated; undefined where records are counted. */
  readonly expression: BoundExpression | undefined;
  readonly filter: BoundExpression | undefined;
  readonly time: LinkedDimension | undefined;
  /** Of the aggregate. */
  readonly type: ValueType;
  /** The currency fields of the amounts in the expression. */
  readonly currencies: readonly FieldRead[];
}

export type LinkedMetric = { readonly definition: MetricDefinition; readonly type: ValueType } & (
  | { readonly kind: 'simple'; readonly measure: LinkedMeasure }
  | {
      readonly kind: 'cumulative';
      readonly measure: LinkedMeasure;
      readonly window?: PeriodCount | undefined;
      readonly toDate?: TimeGrain | undefined;
    }
  | { readonly kind: 'composed'; readonly inputs: readonly LinkedInput[]; readonly expression: BoundExpression }
);

/** A metric below another one; the composing expression reads it as a column of that alias. */
export interface LinkedInput {
  readonly alias: string;
  readonly metric: LinkedMetric;
  readonly offset?: PeriodCount | undefined;
}
