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
  /** Another metric, so much earlier. */
  | { readonly kind: 'offset'; readonly metric: string; readonly by: Span }
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
  /** What is made of fewer values is withheld. */
  readonly smallestGroup?: number | undefined;
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
  const earlier = query.compare === undefined ? undefined : comparedSpan(range, query.compare);
  const chosen = rowsAsOf(world, query.as_of).filter((row) =>
    (query.filters ?? []).every((filter) => truth(filter, (field) => comparable(bare(field), row)) === true),
  );
  const needed = new Map<string, Needed>();
  const need = (name: string, by: Span): void => {
    const metric = metricOf(world, name);
    if (metric.kind === 'ratio') for (const part of [metric.numerator, metric.denominator]) need(part, by);
    else if (metric.kind === 'difference') for (const side of [metric.left, metric.right]) need(side, by);
    else if (metric.kind === 'offset') need(metric.metric, added(by, metric.by));
    else needed.set(tableName(name, by), { metric, by });
  };
  for (const name of query.metrics) for (const by of earlier === undefined ? [NOW] : [NOW, earlier]) need(name, by);
  const tablesUntil = (last: (each: Needed) => string | undefined): Map<string, Table> =>
    new Map(
      [...needed].map(([name, each]) => {
        const table = tableOf(each.metric, chosen, dimensions, earlierRange(range, each.by), last(each), world.smallestGroup);
        return [name, matched(table, dimensions, each.by, range)];
      }),
    );
  const byThemselves = tablesWithRows([...tablesUntil(() => undefined).values()], range);
  const tables = tablesUntil((each) => lastShown(each, dimensions, byThemselves));

  const known = keysOf([...tables.values()]);
  const keys = keysOf(tablesWithRows([...tables.values()], range));
  if (dimensions.length === 0) keys.set('[]', []);
  if (query.fill !== false) fill(keys, known, dimensions, range, [...tables.values()]);

  const rows = [...keys]
    .filter(([text]) => isShown(text, [...tables.values()], world.smallestGroup))
    .map(([text, key]) => {
      const at = (name: string, by: Span): Value => {
        const metric = metricOf(world, name);
        if (metric.kind === 'ratio') return quotient(at(metric.numerator, by), at(metric.denominator, by));
        if (metric.kind === 'offset') return at(metric.metric, added(by, metric.by));
        if (metric.kind === 'difference')
          return difference(
            at(metric.left, by),
            at(metric.right, by),
            [metric.left, metric.right].some((each) => isDouble(world, each)),
          );
        const table = tables.get(tableName(name, by));
        if (table === undefined) return null;
        const group = table.groups.get(text);
        if (group === undefined) return table.empty;
        return group.size < (world.smallestGroup ?? 0) ? null : group.value;
      };
      const cells: Cell[] = [...key];
      for (const name of query.metrics) {
        const value = at(name, NOW);
        cells.push(show(value));
        if (earlier === undefined) continue;
        const previous = at(name, earlier);
        cells.push(show(previous), change(value, previous));
      }
      return cells;
    });
  return limited(ordered(havingOf(rows, query, dimensions), query, dimensions), query.limit);
};

type AggregatedMetric = Extract<ReferenceMetric, { measure: ReferenceMeasure }>;

/** A metric over records, so much earlier. */
interface Needed {
  readonly metric: AggregatedMetric;
  readonly by: Span;
}

/** The last period of the answer, as early as the metric is: up to it what is accumulated goes on where the range is open. */
const lastShown = ({ metric, by }: Needed, dimensions: readonly Dimension[], tables: readonly Table[]): string | undefined => {
  const index = dimensions.findIndex((dimension) => isOwnTime(dimension, metric.measure));
  const shown = tables
    .flatMap(({ groups }) => [...groups.values()].map(({ key }) => key[index]))
    .filter((cell) => typeof cell === 'string');
  const last = shown.sort().at(-1);
  return last === undefined ? undefined : shiftDays(addMonths(last, -by.months), -by.days);
};

const tableName = (name: string, { months, days }: Span): string => `${name} ${months} ${days}`;

const keysOf = (tables: readonly Table[]): Map<string, readonly Cell[]> =>
  new Map(tables.flatMap(({ groups }) => [...groups].map(([text, { key }]) => [text, key] as const)));

/** In an open range earlier values make no rows beside values that are not moved. */
const tablesWithRows = (tables: readonly Table[], { from, to }: Range): readonly Table[] => {
  const unmoved = tables.filter(({ isMoved }) => !isMoved);
  return unmoved.length === 0 || (from !== undefined && to !== undefined) ? tables : unmoved;
};

/** Whether any measure is over enough values, or all are over no records. */
const isShown = (text: string, tables: readonly Table[], smallestGroup = 0): boolean => {
  const sizes = tables.map(({ groups }) => groups.get(text)?.size ?? 0);
  return sizes.some((size) => size >= smallestGroup) || sizes.every((size) => size === 0);
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
  readonly groups: Map<string, Group>;
  /** What a group without records has. */
  readonly empty: Value;
  readonly measure: ReferenceMeasure;
  /** Whether its groups stand under later periods than their own. */
  readonly isMoved: boolean;
}

interface Group {
  readonly key: readonly Cell[];
  readonly value: Value;
  /** How many records have made the value; where none has one, how many there are. */
  readonly size: number;
}

const isOwnTime = ({ field }: Dimension, { time }: ReferenceMeasure): boolean => field === 'metric_time' || field === time;

const tableOf = (
  metric: AggregatedMetric,
  rows: readonly ReferenceRow[],
  dimensions: readonly Dimension[],
  range: Range,
  lastOfAnswer: string | undefined,
  smallestGroup = 1,
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
  const smallSteps = new Set<string>();
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
      const last = range.to === undefined ? [...times.slice(-1), lastOfAnswer ?? ''].sort().at(-1) : shiftDays(range.to, -1);
      if (first !== undefined && last !== undefined) {
        for (const period of periodsBetween(first, last, grain)) {
          const end = endOf(period, grain);
          for (const row of dated) if (counts(String(timeOf(row)), end, metric)) put(keyOf(row, period), row);
          for (const [text, { key }] of groups) {
            if (key[dimensions.findIndex((dimension) => isOwnTime(dimension, measure))] !== period) continue;
            const days = valuedOf(
              measure,
              dated.filter((row) => JSON.stringify(keyOf(row, period)) === text),
            ).map((row) => String(timeOf(row)));
            if (lastSteps(days, period, end, grain, metric).some((step) => step > 0 && step < smallestGroup)) smallSteps.add(text);
          }
        }
      }
    }
  }
  const aggregated = [...groups].map(([text, { key, members }]): [string, Group] => {
    const valued = valuedOf(measure, members).length;
    const size = valued > 0 && smallSteps.has(text) ? 1 : valued || members.length;
    return [text, { key, value: aggregate(measure, members), size }];
  });
  return { groups: new Map(aggregated), empty, measure, isMoved: false };
};

const endOf = (period: string, grain: string): string => periodsBetween(period, '9999-12-31', grain, 2)[1] ?? '9999-12-31';

const valuedOf = ({ value }: ReferenceMeasure, members: readonly ReferenceRow[]): readonly ReferenceRow[] =>
  value === undefined ? members : members.filter((row) => value(row) !== null);

/** Whether a record of this day counts in the period that ends before `end`. */
const counts = (day: string, end: string, { months, toDate }: { readonly months?: number; readonly toDate?: string }): boolean => {
  if (day >= end) return false;
  if (months !== undefined) return day >= addMonths(end, -months);
  return toDate === undefined || day >= periodOf(shiftDays(end, -1), toDate);
};

/** How many records came into the cell last, and left its window last, given the days of those that have a value: each time those of one period. */
const lastSteps = (
  days: readonly string[],
  period: string,
  end: string,
  grain: string,
  metric: Extract<ReferenceMetric, { kind: 'cumulative' }>,
): readonly number[] => {
  const came = days.filter((day) => counts(day, end, metric)).sort();
  const last = came.at(-1);
  const together = days.filter((day) => last !== undefined && periodOf(day, grain) === periodOf(last, grain)).length;
  const { months } = metric;
  const begin = months === undefined ? undefined : addMonths(end, -months);
  if (months === undefined || begin === undefined || begin >= period) return [together];
  const leaving = (day: string): string | undefined =>
    periodsBetween(day, '9999-12-31', grain, 100 * months).find((each) => addMonths(endOf(each, grain), -months) > day);
  const went = days.filter((day) => day < begin && day >= addMonths(begin, -months)).sort();
  const lastGone = went.at(-1);
  return [together, days.filter((day) => lastGone !== undefined && leaving(day) === leaving(lastGone)).length];
};

const within = (day: string | null, { from, to }: Range): boolean => {
  if (from === undefined && to === undefined) return true;
  return day !== null && (from === undefined || day >= from) && (to === undefined || day < to);
};

const NOW: Span = { months: 0, days: 0 };
const added = (one: Span, other: Span): Span => ({ months: one.months + other.months, days: one.days + other.days });

/** How much earlier the range is that is compared with. */
const comparedSpan = ({ from = '', to = '' }: Range, compare: 'previous_period' | 'previous_year'): Span => {
  if (compare === 'previous_year') return { months: 12, days: 0 };
  if (!isFirstOfMonth(from) || !isFirstOfMonth(to)) return { months: 0, days: daysBetween(from, to) };
  return { months: (Number(to.slice(0, 4)) - Number(from.slice(0, 4))) * 12 + Number(to.slice(5, 7)) - Number(from.slice(5, 7)), days: 0 };
};

const earlierRange = ({ from, to }: Range, { months, days }: Span): Range => {
  const earlier = (day: string | undefined) => (day === undefined ? undefined : shiftDays(addMonths(day, -months), -days));
  return { from: earlier(from), to: earlier(to) };
};

/** The earlier groups under the periods that they are compared with; those that are compared with no shown one are left out. */
const matched = (table: Table, dimensions: readonly Dimension[], by: Span, { from, to }: Range): Table => {
  const index = dimensions.findIndex((dimension) => isOwnTime(dimension, table.measure));
  const grain = dimensions[index]?.grain;
  if (grain === undefined || (by.months === 0 && by.days === 0)) return table;
  const first = from === undefined ? '' : periodOf(from, grain);
  const last = to === undefined ? '9999-12-31' : periodOf(shiftDays(to, -1), grain);
  const groups = [...table.groups.values()].flatMap(({ key, ...group }) => {
    const own = key[index];
    const period = typeof own === 'string' ? laterPeriod(own, by, grain) : undefined;
    if (period === undefined || period < first || period > last) return [];
    const moved = key.map((cell, place) => (place === index ? period : cell));
    return [[JSON.stringify(moved), { key: moved, ...group }] as const];
  });
  return { ...table, groups: new Map(groups), isMoved: true };
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
  if (metric.kind === 'offset') return isDouble(world, metric.metric);
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

/** Adds the periods of the rows to each combination of other values that is known, if only earlier. */
const fill = (
  keys: Map<string, readonly Cell[]>,
  known: ReadonlyMap<string, readonly Cell[]>,
  dimensions: readonly Dimension[],
  range: Range,
  tables: readonly Table[],
): void => {
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
  const others = dimensions.length === 1 ? [[null]] : [...known.values()];
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
