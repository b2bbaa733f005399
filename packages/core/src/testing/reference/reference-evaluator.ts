import type { Cell, Filter, MetricQuery } from '@sophia/types';
import {
  addMonths,
  daysBetween,
  isFirstOfMonth,
  laterPeriod,
  periodOf,
  periodsBetween,
  type Span,
  shiftDays,
} from './reference-calendar.ts';

/**
 * A slow evaluator of metric queries over plain objects, written from docs/reference/metric-queries.md. It shares
 * nothing with the compiler: measures and dimensions are functions here, money is counted in ten-thousandths.
 */
export interface ReferenceRow {
  readonly [field: string]: string | number | null;
}

export interface ReferenceMeasure {
  readonly aggregation: 'sum' | 'count' | 'count_distinct' | 'average' | 'min' | 'max' | 'median';
  /** The value of a record; null where it has none. Money as a bigint of ten-thousandths. */
  readonly value?: (row: ReferenceRow) => bigint | number | string | null;
  readonly filter?: (row: ReferenceRow) => boolean | null;
  /** Whether its values are money. */
  readonly isMoney: boolean;
  /** Its own time: a field with a day. */
  readonly time: string;
}

export type ReferenceMetric =
  | { readonly kind: 'simple'; readonly measure: ReferenceMeasure }
  | { readonly kind: 'ratio'; readonly numerator: string; readonly denominator: string }
  | { readonly kind: 'difference'; readonly left: string; readonly right: string }
  | { readonly kind: 'cumulative'; readonly measure: ReferenceMeasure; readonly months?: number; readonly toDate?: 'year' | 'quarter' };

export interface ReferenceState {
  readonly since: string;
  readonly rows: readonly ReferenceRow[];
}

export interface ReferenceWorld {
  /** Records with what they refer to already beside them, under `entity.field`. */
  readonly rows: readonly ReferenceRow[];
  /** What the rows were from each of these instants on, in order: for `as_of`. */
  readonly past?: readonly ReferenceState[];
  readonly metrics: Readonly<Record<string, ReferenceMetric>>;
}

type Value = bigint | number | string | null;
interface Range {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Rows of the answer: dimensions, then each metric, with `compare` also its previous value and change. */
export const evaluateReference = (query: MetricQuery, world: ReferenceWorld): readonly (readonly Cell[])[] => {
  const dimensions = (query.dimensions ?? []).map(parseDimension);
  const range: Range = { from: query.time_range?.from, to: query.time_range?.to };
  const earlier = query.compare === undefined ? undefined : earlierRange(range, query.compare);
  const chosen = rowsAsOf(world, query.as_of).filter((row) =>
    (query.filters ?? []).every((filter) => truth(filter, (field) => comparable(bare(field), row)) === true),
  );
  const tables = new Map<string, Table>();
  const need = (name: string): void => {
    const metric = metricOf(world, name);
    if (metric.kind === 'ratio') [metric.numerator, metric.denominator].forEach(need);
    else if (metric.kind === 'difference') [metric.left, metric.right].forEach(need);
    else {
      tables.set(name, tableOf(metric, chosen, dimensions, range));
      if (earlier !== undefined) {
        const before = tableOf(metric, chosen, dimensions, earlier.range);
        tables.set(`${name}__previous`, matched(before, dimensions, earlier.by, range));
      }
    }
  };
  query.metrics.forEach(need);

  const keys = new Map<string, readonly Cell[]>();
  for (const table of tables.values()) for (const [text, { key }] of table.groups) keys.set(text, key);
  if (dimensions.length === 0) keys.set('[]', []);
  if (query.fill !== false) fill(keys, dimensions, range, [...tables.values()]);

  const rows = [...keys].map(([text, key]) => {
    const at = (name: string, suffix: string): Value => {
      const metric = metricOf(world, name);
      if (metric.kind === 'ratio') return quotient(at(metric.numerator, suffix), at(metric.denominator, suffix));
      if (metric.kind === 'difference')
        return difference(
          at(metric.left, suffix),
          at(metric.right, suffix),
          [metric.left, metric.right].some((each) => isDouble(world, each)),
        );
      const table = tables.get(name + suffix);
      if (table === undefined) return null;
      const group = table.groups.get(text);
      return group === undefined ? table.empty : group.value;
    };
    const cells: Cell[] = [...key];
    for (const name of query.metrics) {
      const value = at(name, '');
      cells.push(show(value));
      if (earlier === undefined) continue;
      const previous = at(name, '__previous');
      cells.push(show(previous), change(value, previous));
    }
    return cells;
  });
  return limited(ordered(havingOf(rows, query, dimensions), query, dimensions), query.limit);
};

const rowsAsOf = ({ rows, past = [] }: ReferenceWorld, asOf: string | undefined): readonly ReferenceRow[] =>
  asOf === undefined ? rows : (past.findLast(({ since }) => Date.parse(since) <= Date.parse(asOf))?.rows ?? []);

/** Money is text in a record, and compared as a number. */
const comparable = (field: string, row: ReferenceRow): string | number | null => {
  const value = row[field] ?? null;
  return value !== null && ['amount', 'product.list_price'].includes(field) ? Number(value) : value;
};

interface Dimension {
  readonly name: string;
  readonly field: string;
  readonly grain: string | undefined;
}

/** `deal.status` is the record's own, `company.industry` stands beside it. */
const bare = (field: string): string => (field.startsWith('deal.') ? field.slice('deal.'.length) : field);

const parseDimension = (name: string): Dimension => {
  const [path = '', grain] = name.split(':');
  const field = bare(path);
  return { name, field, grain: grain ?? (field === 'metric_time' || field.endsWith('_date') || field.endsWith('_on') ? 'day' : undefined) };
};

const metricOf = (world: ReferenceWorld, name: string): ReferenceMetric => {
  const metric = world.metrics[name];
  if (metric === undefined) throw new Error(`the reference has no metric ${name}`);
  return metric;
};

interface Table {
  readonly groups: Map<string, { readonly key: readonly Cell[]; readonly value: Value }>;
  /** What a group without records has. */
  readonly empty: Value;
  readonly measure: ReferenceMeasure;
}

const isOwnTime = ({ field }: Dimension, { time }: ReferenceMeasure): boolean => field === 'metric_time' || field === time;

const tableOf = (
  metric: Extract<ReferenceMetric, { measure: ReferenceMeasure }>,
  rows: readonly ReferenceRow[],
  dimensions: readonly Dimension[],
  range: Range,
): Table => {
  const { measure } = metric;
  const empty: Value =
    measure.aggregation === 'sum' && measure.isMoney
      ? 0n
      : measure.aggregation === 'sum' || measure.aggregation.startsWith('count')
        ? 0
        : null;
  const own = rows.filter((row) => measure.filter === undefined || measure.filter(row) === true);
  const timeOf = (row: ReferenceRow): string | null => row[measure.time] as string | null;
  const keyOf = (row: ReferenceRow, period?: string): Cell[] =>
    dimensions.map((dimension) => {
      if (period !== undefined && isOwnTime(dimension, measure)) return period;
      const value = dimension.field === 'metric_time' ? timeOf(row) : (row[dimension.field] ?? null);
      return value === null || dimension.grain === undefined ? value : periodOf(String(value), dimension.grain);
    });
  const groups = new Map<string, { key: Cell[]; members: ReferenceRow[] }>();
  const put = (key: Cell[], row: ReferenceRow): void => {
    const text = JSON.stringify(key);
    const group = groups.get(text) ?? { key, members: [] };
    group.members.push(row);
    groups.set(text, group);
  };

  if (metric.kind === 'simple') {
    for (const row of own) if (within(timeOf(row), range)) put(keyOf(row), row);
  } else {
    const grain = dimensions.find((dimension) => isOwnTime(dimension, measure))?.grain;
    const dated = own.filter((row) => timeOf(row) !== null && (range.to === undefined || String(timeOf(row)) < range.to));
    const times = dated.map((row) => String(timeOf(row))).sort();
    if (grain === undefined) {
      const end = range.to ?? '9999-12-31';
      for (const row of dated) if (counts(String(timeOf(row)), end, metric)) put(keyOf(row), row);
    } else {
      const first = range.from ?? times[0];
      const last = range.to === undefined ? times.at(-1) : shiftDays(range.to, -1);
      if (first !== undefined && last !== undefined) {
        for (const period of periodsBetween(first, last, grain)) {
          const end = periodsBetween(period, '9999-12-31', grain, 2)[1] ?? '9999-12-31';
          for (const row of dated) if (counts(String(timeOf(row)), end, metric)) put(keyOf(row, period), row);
        }
      }
    }
  }
  const aggregated = new Map([...groups].map(([text, { key, members }]) => [text, { key, value: aggregate(measure, members) }]));
  return { groups: aggregated, empty, measure };
};

/** Whether a record of this day counts in the period that ends before `end`. */
const counts = (day: string, end: string, { months, toDate }: { readonly months?: number; readonly toDate?: string }): boolean => {
  if (day >= end) return false;
  if (months !== undefined) return day >= addMonths(end, -months);
  return toDate === undefined || day >= periodOf(shiftDays(end, -1), toDate);
};

const within = (day: string | null, { from, to }: Range): boolean => {
  if (from === undefined && to === undefined) return true;
  return day !== null && (from === undefined || day >= from) && (to === undefined || day < to);
};

/** The range that is compared with, and how much earlier it is. */
interface Earlier {
  readonly range: Range;
  readonly by: Span;
}

const earlierRange = ({ from = '', to = '' }: Range, compare: 'previous_period' | 'previous_year'): Earlier => {
  if (compare === 'previous_year') return { range: { from: addMonths(from, -12), to: addMonths(to, -12) }, by: { months: 12, days: 0 } };
  if (isFirstOfMonth(from) && isFirstOfMonth(to)) {
    const months = (Number(to.slice(0, 4)) - Number(from.slice(0, 4))) * 12 + Number(to.slice(5, 7)) - Number(from.slice(5, 7));
    return { range: { from: addMonths(from, -months), to: from }, by: { months, days: 0 } };
  }
  const days = daysBetween(from, to);
  return { range: { from: shiftDays(from, -days), to: from }, by: { months: 0, days } };
};

/** The earlier groups under the periods that they are compared with; those that are compared with no shown one are left out. */
const matched = (table: Table, dimensions: readonly Dimension[], by: Span, { from = '', to = '' }: Range): Table => {
  const index = dimensions.findIndex((dimension) => isOwnTime(dimension, table.measure));
  const grain = dimensions[index]?.grain;
  if (grain === undefined) return table;
  const shown = new Set<Cell>(periodsBetween(from, shiftDays(to, -1), grain));
  const groups = [...table.groups.values()].flatMap(({ key, value }) => {
    const period = laterPeriod(String(key[index]), by, grain);
    if (period === undefined || !shown.has(period)) return [];
    const moved = key.map((cell, place) => (place === index ? period : cell));
    return [[JSON.stringify(moved), { key: moved, value }] as const];
  });
  return { ...table, groups: new Map(groups) };
};

const aggregate = ({ aggregation, value, isMoney }: ReferenceMeasure, members: readonly ReferenceRow[]): Value => {
  if (value === undefined) return members.length;
  const values = members.map(value).filter((each) => each !== null);
  const numbers = values.map(toNumber).sort((one, other) => one - other);
  switch (aggregation) {
    case 'count':
      return values.length;
    case 'count_distinct':
      return new Set(values).size;
    case 'sum':
      if (values.length === 0) return null;
      return isMoney ? values.reduce<bigint>((sum, each) => sum + BigInt(each), 0n) : numbers.reduce((sum, each) => sum + each, 0);
    case 'average':
      return values.length === 0 ? null : numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
    case 'min':
      return values.length === 0 ? null : values.reduce((least, each) => (each < least ? each : least));
    case 'max':
      return values.length === 0 ? null : values.reduce((most, each) => (each > most ? each : most));
    case 'median': {
      const middle = (numbers.length - 1) / 2;
      const [low, high] = [numbers[Math.floor(middle)], numbers[Math.ceil(middle)]];
      return low === undefined || high === undefined ? null : (low + high) / 2;
    }
  }
};

const toNumber = (value: bigint | number | string): number => (typeof value === 'bigint' ? Number(value) / 10_000 : Number(value));

const quotient = (left: Value, right: Value): Value => {
  if (left === null || right === null || toNumber(right) === 0) return null;
  return toNumber(left) / toNumber(right);
};

/** Exact for whole numbers and money, which is the wider of both; in double where one of them is. */
const difference = (left: Value, right: Value, inDouble: boolean): Value => {
  if (left === null || right === null) return null;
  if (inDouble || (typeof left !== 'bigint' && typeof right !== 'bigint')) return toNumber(left) - toNumber(right);
  return toMoney(left) - toMoney(right);
};

const toMoney = (value: bigint | number | string): bigint => (typeof value === 'bigint' ? value : BigInt(value) * 10_000n);

const isDouble = (world: ReferenceWorld, name: string): boolean => {
  const metric = metricOf(world, name);
  return 'measure' in metric && ['average', 'median'].includes(metric.measure.aggregation);
};

const change = (value: Value, previous: Value): Cell => {
  if (value === null || previous === null || toNumber(previous) === 0) return null;
  return (toNumber(value) - toNumber(previous)) / Math.abs(toNumber(previous));
};

/** Money as text with four digits. */
const show = (value: Value): Cell => {
  if (typeof value !== 'bigint') return value;
  const digits = (value < 0n ? -value : value).toString().padStart(5, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`;
};

const fill = (keys: Map<string, readonly Cell[]>, dimensions: readonly Dimension[], range: Range, tables: readonly Table[]): void => {
  const timed = dimensions.filter(({ grain }) => grain !== undefined);
  const [dimension] = timed;
  if (dimension?.grain === undefined || timed.length !== 1) return;
  const index = dimensions.indexOf(dimension);
  const isOwn = tables.some(({ measure }) => isOwnTime(dimension, measure));
  const shown = [...keys.values()]
    .map((key) => key[index])
    .filter((period) => typeof period === 'string')
    .sort();
  const first = isOwn && range.from !== undefined ? range.from : shown[0];
  const last = isOwn && range.to !== undefined ? shiftDays(range.to, -1) : shown.at(-1);
  if (first === undefined || last === undefined) return;
  const others = dimensions.length === 1 ? [[null]] : [...keys.values()];
  for (const key of others) {
    for (const period of periodsBetween(first, last, dimension.grain)) {
      const filled = dimensions.map((_each, place) => (place === index ? period : (key[place] ?? null)));
      const text = JSON.stringify(filled);
      if (!keys.has(text)) keys.set(text, filled);
    }
  }
};

const columnsOf = (query: MetricQuery, dimensions: readonly Dimension[]): readonly string[] => [
  ...dimensions.map(({ name }) => name),
  ...query.metrics.flatMap((name) => (query.compare === undefined ? [name] : [name, `${name}__previous`, `${name}__change`])),
];

const havingOf = (rows: readonly Cell[][], query: MetricQuery, dimensions: readonly Dimension[]): readonly Cell[][] => {
  const columns = columnsOf(query, dimensions);
  return rows.filter((row) =>
    (query.having ?? []).every((filter) => truth(filter, (name) => asNumber(row[columns.indexOf(name)] ?? null)) === true),
  );
};

const asNumber = (cell: Cell): string | number | null => (cell === null || typeof cell === 'boolean' ? null : Number(cell));

/** Three-valued. */
export const truth = (filter: Filter, value: (field: string) => string | number | null): boolean | null => {
  if ('and' in filter) return every(filter.and.map((each) => truth(each, value)));
  if ('or' in filter) return negated(every(filter.or.map((each) => negated(truth(each, value)))));
  if ('not' in filter) return negated(truth(filter.not, value));
  const found = value(filter.field);
  const values = filter.values ?? [];
  if (filter.operator === 'is_null') return (found === null) === (values[0] ?? true);
  if (found === null)
    return ['eq', 'in'].includes(filter.operator) && values.includes(null)
      ? true
      : filter.operator === 'ne' && values[0] === null
        ? false
        : null;
  const known = values.filter((each) => each !== null).map((each) => (typeof found === 'number' ? Number(each) : String(each)));
  const [first, second] = known;
  switch (filter.operator) {
    case 'eq':
    case 'in':
      return known.includes(found);
    case 'ne':
      return values[0] === null || first !== found;
    case 'gt':
      return first !== undefined && found > first;
    case 'gte':
      return first !== undefined && found >= first;
    case 'lt':
      return first !== undefined && found < first;
    case 'lte':
      return first !== undefined && found <= first;
    case 'between':
      return first !== undefined && second !== undefined && found >= first && found <= second;
    case 'contains':
      return String(found).includes(String(first));
    case 'starts_with':
      return String(found).startsWith(String(first));
  }
};

const negated = (value: boolean | null): boolean | null => (value === null ? null : !value);
const every = (values: readonly (boolean | null)[]): boolean | null =>
  values.includes(false) ? false : values.includes(null) ? null : true;

const ordered = (rows: readonly Cell[][], query: MetricQuery, dimensions: readonly Dimension[]): readonly Cell[][] => {
  const columns = columnsOf(query, dimensions);
  const named = (query.order_by ?? []).map((name) => ({ name: name.replace(/^-/, ''), sign: name.startsWith('-') ? -1 : 1 }));
  const rest = dimensions.filter(({ name }) => !named.some((each) => each.name === name)).map(({ name }) => ({ name, sign: 1 }));
  const order = [...named, ...rest].map(({ name, sign }) => ({
    index: columns.indexOf(name),
    sign,
    isMetric: !dimensions.some((each) => each.name === name),
  }));
  return [...rows].sort((one, other) => {
    for (const { index, sign, isMetric } of order) {
      const [left, right] = [one[index] ?? null, other[index] ?? null].map((cell) => (isMetric ? asNumber(cell) : cell));
      if (left === right || left === undefined || right === undefined) continue;
      if (left === null) return 1;
      if (right === null) return -1;
      return left < right ? -sign : sign;
    }
    return 0;
  });
};

const limited = (rows: readonly Cell[][], limit: number | undefined): readonly Cell[][] =>
  limit === undefined ? rows : rows.slice(0, limit);
