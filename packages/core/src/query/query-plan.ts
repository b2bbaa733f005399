import type { MetricDefinition, PeriodCount, TimeGrain } from '@sophia/types';
import type { BoundExpression, FieldRead, ValueType } from '../expression/bound-expression.ts';
import type { LinkedMeasure, LinkedModel } from '../semantic/linked-layer.ts';
import type { Day } from '../time/calendar.ts';
import type { DateShift } from './date-shift.ts';
import type { QueryTime, TimeBounds } from './time-bounds.ts';

/** A metric query with every name found, before any SQL: what to aggregate from which records, and what to make of it. */
export interface QueryPlan extends QueryTime {
  readonly keys: readonly PlannedKey[];
  readonly metrics: readonly PlannedMetric[];
  readonly blocks: readonly Block[];
  readonly fill: Fill | undefined;
  /** Conditions over `metrics` as columns of their names. */
  readonly having: BoundExpression | undefined;
  readonly order: readonly { readonly column: string; readonly descending: boolean }[];
  readonly limit: number | undefined;
  /** The range that the query asks for. */
  readonly bounds: TimeBounds;
  /** Microseconds since 1970; null for now. */
  readonly asOf: bigint | null;
  /** Whether the range is relative to today. */
  readonly usesToday: boolean;
  readonly smallestGroup: number | undefined;
}

/** A dimension of the answer. */
export interface PlannedKey {
  /** As the query wrote it. */
  readonly name: string;
  readonly label: string | undefined;
  readonly type: ValueType;
  readonly grain: TimeGrain | undefined;
}

/** A column of the answer, computed from the columns of aggregates. */
export interface PlannedMetric {
  readonly name: string;
  readonly definition: MetricDefinition;
  readonly type: ValueType;
  readonly role: 'value' | 'previous' | 'change';
  /** Over `Aggregate.column`. */
  readonly expression: BoundExpression;
}

/** One pass over the records of one model: aggregates with the same keys. */
export interface Block {
  readonly from: LinkedModel;
  /** One for each key of the query. */
  readonly keys: readonly BoundExpression[];
  /** Conditions that hold for all aggregates. */
  readonly condition: BoundExpression;
  readonly aggregates: readonly Aggregate[];
  /** How much later its records count: of earlier periods, beside the current ones. */
  readonly shift: DateShift | undefined;
  /** Index of the key that is the measures' own time dimension, if any is. */
  readonly ownTime: number | undefined;
  /** Set where each period of `ownTime` is to have what came before it, too. */
  readonly cumulative: Cumulative | undefined;
}

export interface Aggregate {
  /** Unique in the plan; what metrics read. */
  readonly column: string;
  readonly measure: LinkedMeasure;
  /** The measure's and metric's filters and the time range. */
  readonly condition: BoundExpression;
  /** What its records must pass beside the measure's own filter. */
  readonly asked: readonly BoundExpression[];
  /** Currency fields of its amounts that may have several values. */
  readonly currencies: readonly FieldRead[];
  /** Currencies of its amounts that are known already. */
  readonly knownCurrencies: readonly string[];
}

export interface Cumulative {
  readonly window: PeriodCount | undefined;
  readonly toDate: TimeGrain | undefined;
  readonly time: BoundExpression;
  /** The range whose periods are shown, as early as the block's shift makes it. */
  readonly bounds: TimeBounds;
}

/** Which periods an answer shows, whether there are records or not. */
export interface Fill {
  /** Index of the key of time. */
  readonly key: number;
  readonly grain: TimeGrain;
  /** First days of the first and last period; the answer's own where undefined. */
  readonly first: Day | undefined;
  readonly last: Day | undefined;
}
