import type { Dialect, SqlAggregate } from '../dialects/dialect.ts';
import { assume } from '../expression/assume.ts';
import { type BoundExpression, TRUE, type ValueType } from '../expression/bound-expression.ts';
import type { Aggregate, Block, QueryPlan } from '../query/query-plan.ts';
import { aggregateColumns } from './aggregate-columns.ts';

/** One column that is aggregated from records, and how it is aggregated further. */
export interface Part {
  readonly name: string;
  /** Over records. */
  readonly sql: string;
  readonly type: ValueType;
  /** Over rows that have this column already; undefined where they do not suffice. */
  readonly merge: 'sum' | 'min' | 'max' | undefined;
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

export interface AggregateScope {
  readonly plan: Pick<QueryPlan, 'smallestGroup'>;
  readonly dialect: Dialect;
  /** Every group has records, so that they need not be counted where an aggregate is over all of them. */
  readonly isGrouped: boolean;
  /** The parts are aggregated further. */
  readonly isPartial: boolean;
  readonly write: (expression: BoundExpression) => string;
}

/** The columns of a block's aggregates over its records. */
export function writeAggregates(block: Pick<Block, 'aggregates' | 'condition'>, scope: AggregateScope): WrittenAggregates {
  const written = block.aggregates.map((aggregate) => writeAggregate(aggregate, block.condition, scope));
  return { parts: written.flatMap(({ parts }) => parts), results: written.flatMap(({ results }) => results) };
}

function writeAggregate(aggregate: Aggregate, known: BoundExpression, scope: AggregateScope): WrittenAggregates {
  const { plan, dialect, isGrouped, write } = scope;
  const { measure } = aggregate;
  const { count, valued, currencies } = aggregateColumns(aggregate, plan);
  const condition = aggregate.condition === TRUE ? undefined : write(aggregate.condition);
  const operand = measure.expression === undefined ? undefined : write(assume(measure.expression, [known, aggregate.condition]));
  const base = { condition, percentile: measure.definition.percentile };
  const value: SqlAggregate = { ...base, aggregation: measure.aggregation, operand, operandType: measure.expression?.type ?? 'integer' };
  const { parts, results } = valueParts(aggregate.column, measure.type, value, scope);
  const countsAll = condition === undefined && isGrouped && plan.smallestGroup === undefined;
  const counted: SqlAggregate = { ...base, aggregation: 'count', operand: undefined, operandType: 'integer' };
  // A constant does not grow: merging takes any.
  const countParts =
    count === undefined
      ? []
      : [
          countsAll
            ? { name: count, sql: '1', type: 'integer' as const, merge: 'max' as const }
            : part(count, counted, 'integer', 'sum', dialect),
        ];
  const valuedParts = valued === undefined ? [] : [part(valued, { ...value, aggregation: 'count' }, 'integer', 'sum', dialect)];
  const currencyParts = currencies.flatMap(({ field, least, greatest }) => {
    const currency = { ...base, operand: write(field), operandType: 'text' as const };
    return [
      part(least, { ...currency, aggregation: 'min' }, 'text', 'min', dialect),
      part(greatest, { ...currency, aggregation: 'max' }, 'text', 'max', dialect),
    ];
  });
  const others = [...countParts, ...valuedParts, ...currencyParts];
  return { parts: [...parts, ...others], results: [...results, ...others.map(({ name }) => asItIs(name))] };
}

function valueParts(name: string, type: ValueType, value: SqlAggregate, { dialect, isPartial }: AggregateScope): WrittenAggregates {
  const whole = (merge: Part['merge']): WrittenAggregates => ({
    parts: [part(name, value, type, merge, dialect)],
    results: [asItIs(name)],
  });
  switch (value.aggregation) {
    case 'sum':
    case 'count':
      return whole('sum');
    case 'min':
    case 'max':
      return whole(value.aggregation);
    case 'count_distinct':
    case 'median':
    case 'percentile':
      return whole(undefined);
    case 'average':
      return isPartial ? averageParts(name, value, dialect) : whole(undefined);
  }
}

/** The sum and the number of the values, until they are divided. */
function averageParts(name: string, value: SqlAggregate, dialect: Dialect): WrittenAggregates {
  const [sum, count] = [`${name}_sum`, `${name}_values`];
  const operand = value.operandType === 'number' ? value.operand : dialect.cast(value.operand ?? '', 'number');
  return {
    parts: [
      part(sum, { ...value, aggregation: 'sum', operand, operandType: 'number' }, 'number', 'sum', dialect),
      part(count, { ...value, aggregation: 'count' }, 'integer', 'sum', dialect),
    ],
    results: [{ name, sql: (column) => `${column(sum)} / nullif(${column(count)}, 0)` }],
  };
}

const part = (name: string, aggregate: SqlAggregate, type: ValueType, merge: Part['merge'], dialect: Dialect): Part => ({
  name,
  sql: dialect.aggregate(aggregate),
  type,
  merge,
});

const asItIs = (name: string): Result => ({ name, sql: (column) => column(name) });

/** Aggregates a part further: over groups, or over a window. */
export function mergePart({ type, merge }: Part, column: string, dialect: Dialect, over = ''): string {
  const merged = `${merge ?? 'max'}(${column})${over}`;
  return merge === 'sum' && type === 'integer' ? dialect.cast(merged, 'integer') : merged;
}
