import type { Dialect, SqlAggregate } from '../dialects/dialect.ts';
import { type BoundExpression, TRUE } from '../expression/bound-expression.ts';
import type { Aggregate, QueryPlan } from '../query/query-plan.ts';
import { aggregateColumns } from './aggregate-columns.ts';

/** One column that is aggregated from records, and how it is aggregated further. */
export interface Part {
  readonly name: string;
  /** Over records. */
  readonly sql: string;
  /** Over rows that have this column already; undefined where they do not suffice. */
  readonly merge: ((column: string) => string) | undefined;
}

/** A column made of parts that are aggregated to their end. */
export interface Result {
  readonly name: string;
  readonly sql: (column: (part: string) => string) => string;
}

export interface WrittenAggregates {
  readonly parts: readonly Part[];
  readonly results: readonly Result[];
}

/**
 * The columns of a block's aggregates over its records. `isGrouped` says that every group has records for which the
 * block's condition holds, so that they need not be counted where an aggregate is over all of them.
 */
export function writeAggregates(
  aggregates: readonly Aggregate[],
  plan: Pick<QueryPlan, 'smallestGroup'>,
  dialect: Dialect,
  isGrouped: boolean,
  write: (expression: BoundExpression) => string,
): WrittenAggregates {
  const written = aggregates.map((aggregate) => writeAggregate(aggregate, plan, dialect, isGrouped, write));
  return { parts: written.flatMap(({ parts }) => parts), results: written.flatMap(({ results }) => results) };
}

function writeAggregate(
  aggregate: Aggregate,
  plan: Pick<QueryPlan, 'smallestGroup'>,
  dialect: Dialect,
  isGrouped: boolean,
  write: (expression: BoundExpression) => string,
): WrittenAggregates {
  const { measure } = aggregate;
  const { count, currencies } = aggregateColumns(aggregate, plan);
  const condition = aggregate.condition === TRUE ? undefined : write(aggregate.condition);
  const operand = measure.expression === undefined ? undefined : write(measure.expression);
  const base = { condition, percentile: measure.definition.percentile };
  const value: SqlAggregate = { ...base, aggregation: measure.aggregation, operand, operandType: measure.expression?.type ?? 'integer' };
  const { parts, results } = valueParts(aggregate.column, value, dialect);
  const countsAll = condition === undefined && isGrouped && plan.smallestGroup === undefined;
  const counted: SqlAggregate = { ...base, aggregation: 'count', operand: undefined, operandType: 'integer' };
  // A constant does not grow: merging takes any.
  const countParts =
    count === undefined
      ? []
      : [countsAll ? { name: count, sql: '1', merge: merging.max } : part(count, counted, dialect, merging.sum(dialect))];
  const currencyParts = currencies.flatMap(({ field, least, greatest }) => {
    const hasAmount =
      operand === undefined ? condition : [...(condition === undefined ? [] : [condition]), `${operand} is not null`].join(' and ');
    const currency = { ...base, operand: write(field), operandType: 'text' as const, condition: hasAmount };
    return [
      part(least, { ...currency, aggregation: 'min' }, dialect, merging.min),
      part(greatest, { ...currency, aggregation: 'max' }, dialect, merging.max),
    ];
  });
  const others = [...countParts, ...currencyParts];
  return { parts: [...parts, ...others], results: [...results, ...others.map(({ name }) => asItIs(name))] };
}

function valueParts(name: string, value: SqlAggregate, dialect: Dialect): WrittenAggregates {
  const whole = (merge: Part['merge']): WrittenAggregates => ({ parts: [part(name, value, dialect, merge)], results: [asItIs(name)] });
  switch (value.aggregation) {
    case 'sum':
      return whole((column) => dialect.aggregate(sumOf(column, value.operandType)));
    case 'count':
      return whole(merging.sum(dialect));
    case 'min':
      return whole(merging.min);
    case 'max':
      return whole(merging.max);
    case 'count_distinct':
    case 'median':
    case 'percentile':
      return whole(undefined);
    case 'average':
      return averageParts(name, value, dialect);
  }
}

/** The sum and the number of the values, until they are divided. */
function averageParts(name: string, value: SqlAggregate, dialect: Dialect): WrittenAggregates {
  const [sum, count] = [`${name}_sum`, `${name}_values`];
  const operand = value.operandType === 'number' ? value.operand : dialect.cast(value.operand ?? '', 'number');
  return {
    parts: [
      part(sum, { ...value, aggregation: 'sum', operand, operandType: 'number' }, dialect, (column) =>
        dialect.aggregate(sumOf(column, 'number')),
      ),
      part(count, { ...value, aggregation: 'count' }, dialect, merging.sum(dialect)),
    ],
    results: [{ name, sql: (column) => `${column(sum)} / nullif(${column(count)}, 0)` }],
  };
}

const part = (name: string, aggregate: SqlAggregate, dialect: Dialect, merge: Part['merge']): Part => ({
  name,
  sql: dialect.aggregate(aggregate),
  merge,
});

const asItIs = (name: string): Result => ({ name, sql: (column) => column(name) });

const sumOf = (operand: string, operandType: SqlAggregate['operandType']): SqlAggregate => ({
  aggregation: 'sum',
  operand,
  operandType,
  condition: undefined,
  percentile: undefined,
});

const merging = {
  sum: (dialect: Dialect) => (column: string) => dialect.aggregate(sumOf(column, 'integer')),
  min: (column: string) => `min(${column})`,
  max: (column: string) => `max(${column})`,
};
