import type { Aggregation, TimeGrain } from '@sophia/types';
import type { OperationName, ValueType } from '../expression/bound-expression.ts';
import type { WeekStart } from '../time/calendar.ts';

/** How one warehouse writes what the compiler means. Every argument and result is SQL text. */
export interface Dialect {
  /** Placeholder of the parameter bound as the n-th, from 1. */
  readonly placeholder: (number: number) => string;
  /** Whether a parameter may be named twice in a text; else it is bound for each place. */
  readonly reusesParameters: boolean;
  readonly quote: (identifier: string) => string;
  readonly cast: (sql: string, type: ValueType) => string;
  /** A value bound as text, in the type of the columns that it is compared with. */
  readonly literal: (placeholder: string, type: ValueType) => string;
  /** A value of another type as this one would take it, where that loses nothing, else null. */
  readonly safeCast: (sql: string, from: ValueType, to: ValueType) => string;
  /** The moment that a placeholder gives in microseconds since 1970. */
  readonly instant: (placeholder: string) => string;
  /** All operations but `and`, `or`, `not`, `is_null`, `in`, `coalesce` and comparisons, which SQL writes alike. */
  readonly operation: (name: DialectOperation, type: ValueType, operands: readonly string[], settings: OperationSettings) => string;
  /** Over the records for which the condition is true; over all where it is undefined. */
  readonly aggregate: (aggregate: SqlAggregate) => string;
  /** One row for each first day of a period from `first` to `last`, as column `name`; `most` bounds their number. */
  readonly periods: (name: string, first: string, last: string, grain: TimeGrain, from: string, most: number) => string;
  readonly countPeriods: (first: string, last: string, grain: TimeGrain) => string;
  /** A day some months and days later (earlier, if negative). */
  readonly shiftDay: (day: string, months: number, days: number) => string;
  readonly isNotDistinct: (left: string, right: string) => string;
}

export type DialectOperation = Exclude<
  OperationName,
  'and' | 'or' | 'not' | 'is_null' | 'in' | 'coalesce' | 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte'
>;

export interface OperationSettings {
  /** Placeholder of the zone's name, or undefined for UTC. */
  readonly timeZone: (() => string) | undefined;
  readonly weekStart: WeekStart;
  readonly grain: TimeGrain | undefined;
}

export interface SqlAggregate {
  readonly aggregation: Aggregation;
  /** Undefined where records are counted. */
  readonly operand: string | undefined;
  readonly operandType: ValueType;
  readonly condition: string | undefined;
  readonly percentile: number | undefined;
}
