import type { TimeGrain } from '@sophia/types';
import type { ValueType } from '../expression/bound-expression.ts';
import type { WeekStart } from '../time/calendar.ts';
import { writeCommonOperation } from './common-operation.ts';
import type { Dialect, DialectOperation, OperationSettings, SqlAggregate } from './dialect.ts';
import { safeCast } from './duckdb-safe-cast.ts';

export const duckdb: Dialect = {
  placeholder: (number) => `$${number}`,
  reusesParameters: true,
  quote: (identifier) => `"${identifier.replaceAll('"', '""')}"`,
  cast: castTo,
  literal: (placeholder, type) =>
    type === 'text' ? placeholder : `cast(${placeholder} as ${type === 'money' ? 'decimal(18,4)' : TYPES[type]})`,
  safeCast,
  instant: (placeholder) => `make_timestamp(cast(${placeholder} as bigint))`,
  operation: writeOperation,
  aggregate: writeAggregate,
  periods: (name, first, last, grain, from) =>
    `select cast(unnest(generate_series(cast(${first} as timestamp), cast(${last} as timestamp), ${INTERVALS[grain]})) as date) as ${name} from ${from}`,
  countPeriods: (first, last, grain) =>
    grain === 'week' ? `(date_diff('day', ${first}, ${last}) // 7 + 1)` : `(date_diff('${grain}', ${first}, ${last}) + 1)`,
  shiftDay: (day, months, days) => {
    const shifted = months === 0 ? day : `cast(${day} + interval (${months}) month as date)`;
    return days === 0 ? shifted : `(${shifted} + ${days})`;
  },
  isNotDistinct: (left, right) => `${left} is not distinct from ${right}`,
};

const TYPES: Readonly<Record<ValueType, string>> = {
  text: 'varchar',
  integer: 'bigint',
  number: 'double',
  money: 'decimal(38,4)',
  boolean: 'boolean',
  date: 'date',
  timestamp: 'timestamp',
  text_list: 'varchar[]',
  json: 'json',
};

function castTo(sql: string, type: ValueType): string {
  return `cast(${sql} as ${TYPES[type]})`;
}

const INTERVALS: Readonly<Record<TimeGrain, string>> = {
  day: 'interval 1 day',
  week: 'interval 7 day',
  month: 'interval 1 month',
  quarter: 'interval 3 month',
  year: 'interval 1 year',
};

function writeOperation(name: DialectOperation, type: ValueType, operands: readonly string[], settings: OperationSettings): string {
  const [a = '', b = ''] = operands;
  switch (name) {
    case 'starts_with':
      return `starts_with(${a}, ${b})`;
    case 'list_contains':
      return `list_contains(${a}, ${b})`;
    case 'add_days':
      return `(${a} + cast(${b} as integer))`;
    case 'days_between':
      return `(${b} - ${a})`;
    case 'day_of':
      return settings.timeZone === undefined
        ? `cast(${a} as date)`
        : `cast(timezone(${settings.timeZone()}, timezone('UTC', ${a})) as date)`;
    case 'period':
      return writePeriod(a, settings.grain ?? 'day', settings.weekStart);
    default:
      return writeCommonOperation(name, type, operands, castTo);
  }
}

function writePeriod(day: string, grain: TimeGrain, weekStart: WeekStart): string {
  if (grain === 'day') return day;
  if (grain === 'week' && weekStart === 'sunday') return `(cast(date_trunc('week', ${day} + 1) as date) - 1)`;
  // date_trunc of a date gives a timestamp.
  return `cast(date_trunc('${grain}', ${day}) as date)`;
}

function writeAggregate({ aggregation, operand, operandType, condition, percentile }: SqlAggregate): string {
  const filter = condition === undefined ? '' : ` filter (where ${condition})`;
  const double = operandType === 'number' ? operand : `cast(${operand} as double)`;
  switch (aggregation) {
    case 'count':
      return `count(${operand ?? '*'})${filter}`;
    case 'count_distinct':
      return `count(distinct ${operand})${filter}`;
    case 'sum':
      // The sum of integers is a HUGEINT, that of decimals has 38 digits.
      return operandType === 'integer' ? `cast(sum(${operand})${filter} as bigint)` : `sum(${operand})${filter}`;
    case 'min':
    case 'max':
      return `${aggregation}(${operand})${filter}`;
    case 'average':
      return `avg(${double})${filter}`;
    case 'median':
      return `quantile_cont(${double}, 0.5)${filter}`;
    case 'percentile':
      return `quantile_cont(${double}, ${percentile ?? 0.5})${filter}`;
  }
}
