import { SophiaError } from '@sophia/shared';
import type { MetricQuery } from '@sophia/types';
import type { BoundExpression } from '../expression/bound-expression.ts';
import type { LinkedLayer, LinkedMeasure, LinkedModel } from '../semantic/linked-layer.ts';
import type { PlannedKey } from './query-plan.ts';
import { METRIC_TIME, periodOf, type ResolvedDimension, resolveDimension, splitGrain } from './resolve-dimension.ts';

/** A key of the answer, and what it is for the records of each measure. */
export interface KeyOfMeasures {
  readonly planned: PlannedKey;
  /** Whether it names single records or persons. */
  readonly identifying: boolean;
  readonly of: (measure: LinkedMeasure) => { readonly expression: BoundExpression; readonly isOwnTime: boolean };
}

/** Finds the query's dimensions for every model whose records are measured. Throws as `resolveDimension` does. */
export function planKeys({ dimensions = [] }: MetricQuery, bases: readonly LinkedModel[], layer: LinkedLayer): readonly KeyOfMeasures[] {
  const twice = dimensions.find((name, index) => dimensions.indexOf(name) !== index);
  if (twice !== undefined) throw new SophiaError('invalid_query', `dimensions: ${twice} is there twice.`);
  return dimensions.map((name) =>
    splitGrain(name).path.join('.') === METRIC_TIME ? metricTimeKey(name) : dimensionKey(name, bases, layer),
  );
}

function metricTimeKey(name: string): KeyOfMeasures {
  const grain = splitGrain(name).grain ?? 'day';
  return {
    planned: { name, label: undefined, type: 'date', grain },
    identifying: false,
    of: ({ time, definition }) => {
      if (time === undefined) throw new SophiaError('invalid_query', `${name}: the measure ${definition.name} has no time dimension.`);
      return { expression: periodOf(time.expression, grain), isOwnTime: true };
    },
  };
}

function dimensionKey(name: string, bases: readonly LinkedModel[], layer: LinkedLayer): KeyOfMeasures {
  if (!name.includes('.') && bases.length > 1) throw unqualified(name);
  const resolved = new Map(bases.map((base) => [base.model.name, resolveDimension(name, base, layer)]));
  const [first, ...others] = resolved.values();
  if (first === undefined) throw new Error('a query measures the records of some model');
  if (others.some(({ expression }) => expression.type !== first.expression.type)) {
    throw new SophiaError('unknown_dimension', `${name} is not of one type for all the metrics.`, { details: { name } });
  }
  const label = first.dimension?.definition.label;
  return {
    planned: { name, label, type: first.expression.type, grain: first.grain },
    identifying: [...resolved.values()].some(({ identifying }) => identifying),
    of: (measure) => {
      const dimension = resolved.get(measure.model) ?? first;
      return { expression: dimension.expression, isOwnTime: isOwnTime(dimension, measure) };
    },
  };
}

const isOwnTime = ({ own, dimension, grain }: ResolvedDimension, { time }: LinkedMeasure): boolean =>
  own && grain !== undefined && dimension !== undefined && dimension === time;

/** Without its entity a name has no meaning where records of several models are measured. */
export const unqualified = (name: string): SophiaError =>
  new SophiaError('unknown_dimension', `${name}: the metrics measure records of several types; write the entity before the name.`, {
    details: { name },
  });
