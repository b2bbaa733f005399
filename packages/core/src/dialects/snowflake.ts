import type { TimeGrain } from '@sophia/types';
import type { ValueType } from '../expression/bound-expression.ts';
import type { WeekStart } from '../time/calendar.ts';
import { writeCommonOperation } from './common-operation.ts';
import type { Dialect, DialectOperation, OperationSettings, SqlAggregate } from './dialect.ts';

export const snowflake: Dialect = {
  placeholder: () => '?',
  reusesParameters: false,
  quote: (identifier) => `"${identifier.replaceAll('"', '""')}"`,
  cast: castTo,
  literal: (placeholder, type) =>
    type === 'text' ? placeholder : `cast(${placeholder} as ${type === 'money' ? 'number(18,4)' : TYPES[type]})`,
  safeCast,
  instant: (placeholder) => `to_timestamp_ntz(cast(${placeholder} as number(38,0)), 6)`,
  operation: writeOperation,
  aggregate: writeAggregate,
  periods: (name, first, last, grain, from, most) => {
    const step = `dateadd(${grain}, row_number() over (order by null) - 1, ${first})`;
    return `select ${name} from (select ${step} as ${name}, ${last} as last_period from ${from} cross join table(generator(rowcount => ${most}))) where ${name} <= last_period`;
  },
  countPeriods: (first, last, grain) =>
    grain === 'week' ? `(floor(datediff(day, ${first}, ${last}) / 7) + 1)` : `(datediff(${grain}, ${first}, ${last}) + 1)`,
  shiftDay: (day, months, days) => {
    const shifted = months === 0 ? day : `dateadd(month, ${months}, ${day})`;
    return days === 0 ? shifted : `dateadd(day, ${days}, ${shifted})`;
  },
  isNotDistinct: (left, right) => `${left} is not distinct from ${right}`,
};

const TYPES: Readonly<Record<ValueType, string>> = {
  text: 'varchar',
  integer: 'number(38,0)',
  number: 'double',
  money: 'number(38,4)',
  boolean: 'boolean',
  date: 'date',
  timestamp: 'timestamp_ntz',
  text_list: 'array',
  json: 'variant',
};

function castTo(sql: string, type: ValueType): string {
  return `cast(${sql} as ${TYPES[type]})`;
}

function safeCast(sql: string, from: ValueType, to: ValueType): string {
  if (from === to) return sql;
  if (to === 'json') return `to_variant(${sql})`;
  if (to === 'text_list') return `case when ${sql} is not null then array_construct(cast(${sql} as varchar)) end`;
  // try_cast takes texts only, and rounds: what does not come back the same is not the value.
  const text = `cast(${sql} as varchar)`;
  const cast = `try_cast(${text} as ${TYPES[to]})`;
  if (to === 'integer' || to === 'money') return `case when ${cast} = try_cast(${text} as number(38,12)) then ${cast} end`;
  return to === 'date' ? `case when ${cast} = try_cast(${text} as timestamp_ntz) then ${cast} end` : cast;
}

function writeOperation(name: DialectOperation, type: ValueType, operands: readonly string[], settings: OperationSettings): string {
  const [a = '', b = ''] = operands;
  switch (name) {
    case 'starts_with':
      return `startswith(${a}, ${b})`;
    case 'list_contains':
      return `array_contains(to_variant(${b}), ${a})`;
    case 'add_days':
      return `dateadd(day, ${b}, ${a})`;
    case 'days_between':
      return `datediff(day, ${a}, ${b})`;
    case 'day_of':
      return settings.timeZone === undefined ? `to_date(${a})` : `to_date(convert_timezone('UTC', ${settings.timeZone()}, ${a}))`;
    case 'period':
      return writePeriod(a, settings.grain ?? 'day', settings.weekStart);
    default:
      return writeCommonOperation(name, type, operands, castTo);
  }
}

function writePeriod(day: string, grain: TimeGrain, weekStart: WeekStart): string {
  if (grain === 'day') return day;
  // Not date_trunc: its weeks begin as the session's WEEK_START says.
  if (grain === 'week')
    return `dateadd(day, -${weekStart === 'monday' ? `(dayofweekiso(${day}) - 1)` : `mod(dayofweekiso(${day}), 7)`}, ${day})`;
  return `date_trunc('${grain}', ${day})`;
}

function writeAggregate({ aggregation, operand, operandType, condition, percentile }: SqlAggregate): string {
  const double = operand === undefined || operandType === 'number' ? operand : `cast(${operand} as double)`;
  const chosen = (value: string | undefined): string => (condition === undefined ? `${value}` : `case when ${condition} then ${value} end`);
  switch (aggregation) {
    case 'count':
      return operand === undefined && condition === undefined ? 'count(*)' : `count(${chosen(operand ?? '1')})`;
    case 'count_distinct':
      return `count(distinct ${chosen(operand)})`;
    case 'sum':
    case 'min':
    case 'max':
      return `${aggregation}(${chosen(operand)})`;
    case 'average':
      return `avg(${chosen(double)})`;
    case 'median':
      return `percentile_cont(0.5) within group (order by ${chosen(double)})`;
    case 'percentile':
      return `percentile_cont(${percentile ?? 0.5}) within group (order by ${chosen(double)})`;
  }
}
