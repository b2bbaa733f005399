import type { FieldRead, ValueType } from '../expression/bound-expression.ts';
import type { Aggregate, QueryPlan } from '../query/query-plan.ts';

/** A column of the rows that a block gives, beside their keys. */
export interface BlockColumn {
  readonly name: string;
  readonly type: ValueType;
}

/** The columns of one aggregate. */
export interface AggregateColumns {
  readonly value: string;
  /** How many records it is over, where that is asked. */
  readonly count: string | undefined;
  /** How many of them have a value, where that is asked and may be fewer. */
  readonly valued: string | undefined;
  /** Which of both is compared with the smallest group, where there is one. */
  readonly size: string | undefined;
  /** The least and the greatest currency of its amounts, where there may be several. */
  readonly currencies: readonly CurrencyColumns[];
}

export interface CurrencyColumns {
  readonly field: FieldRead;
  readonly least: string;
  readonly greatest: string;
}

export function aggregateColumns(
  { column, measure, currencies }: Aggregate,
  { smallestGroup }: Pick<QueryPlan, 'smallestGroup'>,
): AggregateColumns {
  // No records make a sum of 0, records without a value make none: only their number tells.
  const isJudged = smallestGroup !== undefined;
  const count = isJudged || measure.aggregation === 'sum' ? `${column}_count` : undefined;
  const valued = isJudged && measure.expression !== undefined ? `${column}_valued` : undefined;
  return {
    value: column,
    count,
    valued,
    size: isJudged ? (valued ?? count) : undefined,
    currencies: currencies.map((field, index) => ({ field, least: `${column}_least${index}`, greatest: `${column}_greatest${index}` })),
  };
}

export const keyColumn = (index: number): string => `k${index}`;

/** Every column of the aggregates, in order. */
export function columnsOf(aggregates: readonly Aggregate[], plan: Pick<QueryPlan, 'smallestGroup'>): readonly BlockColumn[] {
  return aggregates.flatMap((aggregate) => {
    const { value, count, valued, currencies } = aggregateColumns(aggregate, plan);
    const counts = [count, valued].filter((name) => name !== undefined);
    return [
      { name: value, type: aggregate.measure.type },
      ...counts.map((name) => ({ name, type: 'integer' as const })),
      ...currencies.flatMap(({ least, greatest }) => [least, greatest].map((name) => ({ name, type: 'text' as const }))),
    ];
  });
}
