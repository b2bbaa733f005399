import type { BoundExpression } from '../expression/bound-expression.ts';
import { periodOf } from '../query/resolve-dimension.ts';
import type { LinkedMeasure, LinkedRollup } from '../semantic/linked-layer.ts';

/** A measure's columns in a rollup: all of them are added up. */
export interface RollupMeasure {
  readonly measure: LinkedMeasure;
  /** How many records it is over. */
  readonly records: string;
  /** How many of them have a value; undefined where records are counted. */
  readonly values: string | undefined;
  /** Undefined for counts. */
  readonly sum: string | undefined;
}

export function rollupMeasures({ measures }: LinkedRollup): readonly RollupMeasure[] {
  return measures.map((measure, index) => ({
    measure,
    records: `m${index}_records`,
    values: measure.expression === undefined ? undefined : `m${index}_values`,
    sum: measure.aggregation === 'count' ? undefined : `m${index}_sum`,
  }));
}

/** The keys of a rollup's rows: its dimensions, then the period. */
export function rollupKeys({ dimensions, time }: LinkedRollup): readonly { readonly name: string; readonly expression: BoundExpression }[] {
  const keys = dimensions.map((expression, index) => ({ name: `d${index}`, expression }));
  return time === undefined ? keys : [...keys, { name: PERIOD, expression: periodOf(time.dimension.expression, time.grain) }];
}

export const PERIOD = 'period';

/** Everything that a rollup is made of. */
export const rollupExpressions = (rollup: LinkedRollup): readonly BoundExpression[] => [
  ...rollupKeys(rollup).map(({ expression }) => expression),
  ...rollup.measures.flatMap(({ expression, filter }) => [expression, filter].filter((each) => each !== undefined)),
];
