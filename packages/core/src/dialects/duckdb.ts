import type { TimeGrain } from '@sophia/types';
import type { ValueType } from '../expression/bound-expression.ts';
import { isNumeric } from '../expression/coerce.ts';
import type { WeekStart } from '../time/calendar.ts';
import { writeCommonOperation } from './common-operation.ts';
import type { Dialect, DialectOperation, OperationSettings, SqlAggregate } from './dialect.ts';

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

function safeCast(sql: string, from: ValueType, to: ValueType): string {
  if (from === to) return sql;
  if (to === 'json') return `to_json(${sql})`;
  // Of a JSON text the text in it.
  const plain = from === 'json' ? `(${sql} ->> '$')` : sql;
  const cast = `try_cast(${plain} as ${TYPES[to]})`;
  switch (to) {
    case 'integer':
      if (from === 'number') return `case when abs(cast(${cast} as double) - ${plain}) < 5e-13 then ${cast} end`;
      return isText(from) ? exactNumber(plain, to) : unrounded(plain, to);
    case 'money':
      if (from === 'number') return exactNumber(`cast(${plain} as varchar)`, to);
      return isText(from) ? exactNumber(plain, to) : unrounded(plain, to);
    case 'date':
      return `case when ${isText(from) ? `${hasDay(plain)} and ` : ''}${cast} = try_cast(${plain} as timestamp) then ${cast} end`;
    case 'timestamp':
      // Casting a text to a timestamp ignores its offset.
      return isText(from) ? `case when ${hasDay(plain)} then cast(try_cast(${plain} as timestamptz) as timestamp) end` : cast;
    case 'text':
      return asText(plain, from);
    case 'text_list':
      return `case when ${plain} is not null then [${asText(plain, from)}] end`;
    case 'number':
      // A text such as nan is cast to what no record can have.
      return isText(from) ? `case when isfinite(${cast}) then ${cast} end` : cast;
    case 'boolean':
      // try_cast takes every number but 0 for true.
      return isNumeric(from) ? `case when ${plain} in (0, 1) then ${cast} end` : cast;
    default:
      return cast;
  }
}

/** `infinity`, `epoch` and years before our era are days to DuckDB, of which no record can have one. */
const hasDay = (text: string): string => `regexp_full_match(${text}, '\\d{4}-\\d{2}-\\d{2}([T ]\\d.*)?')`;

const isText = (type: ValueType): boolean => type === 'text' || type === 'json';

/**
 * The number that a text says; that of a double is its shortest one, since a double that is cast to many digits at once is
 * multiplied as a double, and has others from the seventeenth on. A text is cast to 38 digits in 12 µs, and to 18 in a twentieth of one.
 */
function exactNumber(text: string, to: 'integer' | 'money'): string {
  const { pattern, type } = SHORT[to];
  return `case when regexp_full_match(${text}, '${pattern}') then try_cast(${text} as ${type}) else ${unrounded(text, to)} end`;
}

/** try_cast rounds: what does not come back the same is not the value. */
function unrounded(sql: string, to: ValueType): string {
  const cast = `try_cast(${sql} as ${TYPES[to]})`;
  return `case when ${cast} = try_cast(${sql} as decimal(38, 12)) then ${cast} end`;
}

/** Numbers of at most 18 digits, and the type that holds them all. */
const SHORT = {
  integer: { pattern: '-?\\d{1,18}(\\.0)?', type: 'bigint' },
  money: { pattern: '-?\\d{1,14}(\\.\\d{1,4})?', type: 'decimal(18,4)' },
} as const;

/** The value as the catalog writes it: what a source sends as text later on is the same text. */
function asText(sql: string, from: ValueType): string {
  const text = `cast(${sql} as varchar)`;
  switch (from) {
    case 'number':
      // JSON has the digits and exponents of JavaScript but for 2.0 and 1e21; a cast to varchar has 1e-05 too.
      return `regexp_replace(regexp_replace(cast(to_json(${sql}) as varchar), '\\.0$', ''), 'e(\\d)', 'e+\\1')`;
    case 'money':
      return `rtrim(rtrim(${text}, '0'), '.')`;
    case 'timestamp':
      return `replace(${text}, ' ', 'T') || 'Z'`;
    case 'text_list':
      return `cast(to_json(${sql}) as varchar)`;
    default:
      return text;
  }
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
