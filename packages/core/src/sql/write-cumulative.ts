import type { TimeGrain } from '@sophia/types';
import type { Dialect } from '../dialects/dialect.ts';
import { type BoundExpression, operation } from '../expression/bound-expression.ts';
import { type DateShift, shiftOf } from '../query/date-shift.ts';
import type { Block } from '../query/query-plan.ts';
import { periodOf } from '../query/resolve-dimension.ts';
import { shownPeriods } from '../query/time-bounds.ts';
import { nests } from '../time/nests.ts';
import { keyColumn } from './aggregate-columns.ts';
import type { CumulativeBlock } from './cumulative-block.ts';
import { baseRows, otherLastDays } from './shared-periods.ts';
import { countUnlessSmallStep, sizeColumns } from './small-steps.ts';
import { mergePart, type Part, type WrittenAggregates, writeAggregates } from './write-aggregates.ts';
import { blockSource, groupBy, type PlanScope } from './write-block.ts';
import { writeExpression } from './write-expression.ts';
import { type WrittenPeriods, writePeriods } from './write-periods.ts';

interface CumulativeScope extends PlanScope {
  readonly block: CumulativeBlock;
  readonly grain: TimeGrain;
  /** Name of the block's rows before they are accumulated. */
  readonly base: string;
  /** Columns of the keys that are not the time. */
  readonly others: readonly string[];
  readonly timeKey: string;
}

/**
 * The block's groups, each with everything up to its period's end (or in the window that ends there). Records are
 * aggregated once; the periods that are shown are put beside them, and a running aggregate or a join brings them together.
 */
export function writeCumulative(
  block: CumulativeBlock,
  index: number,
  scope: PlanScope,
): { readonly rows: readonly string[]; readonly with: readonly string[]; readonly text: string; readonly periods: WrittenPeriods } {
  const grain = scope.plan.keys[block.ownTime]?.grain ?? 'day';
  const others = block.keys.map((_key, key) => keyColumn(key)).filter((_name, key) => key !== block.ownTime);
  const own = { ...scope, block, grain, base: baseRows(index), others, timeKey: keyColumn(block.ownTime) };
  const isRunning =
    block.cumulative.window === undefined &&
    (block.cumulative.toDate === undefined || nests(grain, block.cumulative.toDate)) &&
    !countsDistinct(block);
  const baseGrain = isRunning || block.cumulative.window?.grain === grain ? grain : 'day';
  const { text, aggregates } = writeBase(own, baseGrain);
  const groups = others.length === 0 ? undefined : `b${index}_groups`;
  const periods = writeOwnPeriods(own, index, groups);
  const grid = `${groups === undefined ? '' : `${groups} as g cross join `}${periods.relation} as s`;
  return {
    rows: [`${own.base} as (${text})`],
    with: [...(groups === undefined ? [] : [`${groups} as (select distinct ${others.join(', ')} from ${own.base})`]), ...periods.with],
    text: isRunning ? writeRunning(own, aggregates, grid) : writeWindowed(own, aggregates, grid),
    periods,
  };
}

const countsDistinct = (block: Block): boolean => block.aggregates.some(({ measure }) => measure.aggregation === 'count_distinct');

/** The records by keys and base periods; values that are counted once only are kept apart. */
function writeBase(scope: CumulativeScope, baseGrain: TimeGrain): { readonly text: string; readonly aggregates: WrittenAggregates } {
  const { block, plan, writer } = scope;
  const { text, write } = blockSource(block, scope);
  const keys = block.keys.map(
    (key, index) => `${write(index === block.ownTime ? periodOf(block.cumulative.time, baseGrain) : key)} as ${keyColumn(index)}`,
  );
  const written = writeAggregates(block, { plan, dialect: writer.dialect, isGrouped: true, isPartial: true, write });
  const distinct = block.aggregates.find(({ measure }) => measure.aggregation === 'count_distinct');
  const parts = written.parts.map(({ name, sql }) => `${name === distinct?.column ? write(chosenOperand(distinct)) : sql} as ${name}`);
  const grouped =
    distinct === undefined
      ? groupBy(keys.length)
      : `${groupBy(keys.length)}, ${keys.length + 1 + written.parts.findIndex(({ name }) => name === distinct.column)}`;
  return { text: `select ${[...keys, ...parts].join(', ')} ${text}${grouped}`, aggregates: written };
}

const chosenOperand = ({ condition, measure }: Block['aggregates'][number]): BoundExpression => {
  const operand = measure.expression ?? condition;
  return {
    kind: 'choice',
    type: operand.type,
    branches: [{ when: condition, value: operand }],
    otherwise: { kind: 'literal', type: operand.type, value: null },
  };
};

/** The periods that are shown: those of the range, else from the first that has records to the last that the answer has. */
function writeOwnPeriods(scope: CumulativeScope, index: number, groups: string | undefined): WrittenPeriods {
  const { block, grain, base, timeKey, writer, time } = scope;
  const begin = (sql: string): string => writePeriodOf(sql, grain, scope);
  const others = otherLastDays(block, grain, scope).map((last) => `select ${writer.dialect.cast('null', 'date')}, (${last})`);
  const days = [`select min(${timeKey}) as first_day, max(${timeKey}) as last_day from ${base}`, ...others].join(' union all ');
  const unknown =
    others.length === 0
      ? { first: begin(`min(${timeKey})`), last: begin(`max(${timeKey})`), source: base }
      : { first: begin('min(first_day)'), last: begin('max(last_day)'), source: `(${days}) as days_of_blocks` };
  return writePeriods({ prefix: `b${index}`, grain, ...shownPeriods(block.cumulative.bounds, grain, time), unknown, groups }, writer);
}

function writePeriodOf(sql: string, grain: TimeGrain, { writer, time }: Pick<PlanScope, 'writer' | 'time'>): string {
  const period = operation('period', 'date', [{ kind: 'column', type: 'date', name: sql }], grain);
  return writeExpression(period, { writer, time, field: () => '', column: (name) => name });
}

/** Running aggregates over the base's rows and, among them, the periods that are shown. */
function writeRunning(scope: CumulativeScope, { parts, results }: WrittenAggregates, grid: string): string {
  const { block, base, others, plan, timeKey, writer } = scope;
  const { dialect } = writer;
  const keys = block.keys.map((_key, index) => keyColumn(index));
  const gridKeys = keys.map((name) => (name === timeKey ? 's.period' : `g.${name}`));
  const blanks = parts.map(({ type }) => dialect.cast('null', type));
  const series = `select ${[...keys, ...parts.map(({ name }) => name), '0 as is_shown'].join(', ')} from ${base} union all select ${[...gridKeys, ...blanks, '1'].join(', ')} from ${grid}`;
  const { toDate } = block.cumulative;
  const partition = [...others, ...(toDate === undefined ? [] : [writePeriodOf(timeKey, toDate, scope)])];
  const over = ` over (${partition.length === 0 ? '' : `partition by ${partition.join(', ')} `}order by ${timeKey} range between unbounded preceding and current row)`;
  const { smallestGroup } = plan;
  const sizes = sizeColumns(block, plan);
  const running = parts.map((part) => {
    const merged = mergePart(part, part.name, dialect, over);
    const steps = [{ size: `series.${part.name}`, at: `series.${timeKey}` }];
    const isJudged = smallestGroup !== undefined && sizes.includes(part.name);
    return `${isJudged ? countUnlessSmallStep(merged, steps, smallestGroup, over) : merged} as ${part.name}`;
  });
  const accumulated = `select ${[...keys, ...running, 'is_shown', `min(is_shown)${over} as first_shown`].join(', ')} from (${series}) as series`;
  const columns = results.map(({ name, sql }) => `${sql((column) => column)} as ${name}`);
  return `select ${[...keys, ...columns].join(', ')} from (${accumulated}) as accumulated where is_shown = 1 and first_shown = 0`;
}

/** Each shown period with the base's rows in the window that ends with it; beside them those that left it, where steps are judged. */
function writeWindowed(scope: CumulativeScope, { parts, results }: WrittenAggregates, grid: string): string {
  const { block, base, others, plan, timeKey, writer } = scope;
  const { dialect } = writer;
  const keys = block.keys.map((_key, index) => keyColumn(index));
  const gridKeys = keys.map((name) => (name === timeKey ? `s.period as ${name}` : `g.${name}`));
  const sizes = sizeColumns(block, plan);
  const { begin, reach, end } = writeWindow(scope);
  const leaves = sizes.length > 0 && reach !== undefined;
  const ends = [...(begin === undefined ? [] : [`${begin} as begins`]), ...(leaves ? [`${reach} as reaches`] : []), `${end} as ends`];
  const on = [
    ...others.map((name) => dialect.isNotDistinct(`r.${name}`, `p.${name}`)),
    ...(begin === undefined ? [] : [`r.${timeKey} >= p.${leaves ? 'reaches' : 'begins'}`]),
    `r.${timeKey} < p.ends`,
  ];
  const sqlOf = new Map(parts.map((part) => [part.name, writeMerged(part, scope, sizes.includes(part.name), leaves)]));
  const columns = results.map(({ name, sql }) => `${sql((column) => sqlOf.get(column) ?? '')} as ${name}`);
  const rows = sizes.length === 0 ? base : `(${writeSteps(scope, sizes)})`;
  const bounded = `select ${[...gridKeys, ...ends].join(', ')} from ${grid}`;
  const having = leaves ? ` having count(${within('1', scope)}) > 0` : '';
  return `select ${[...keys.map((name) => `p.${name}`), ...columns].join(', ')} from (${bounded}) as p join ${rows} as r on ${on.join(' and ')}${groupBy(keys.length)}${having}`;
}

/** A part over the rows of a window; `leaves` tells that the rows that left it are among them. */
function writeMerged(part: Part, scope: CumulativeScope, isSize: boolean, leaves: boolean): string {
  const { plan, timeKey, writer } = scope;
  const { smallestGroup } = plan;
  const inside = (column: string): string => (leaves ? within(column, scope) : column);
  const column = inside(`r.${part.name}`);
  const merged = part.merge === undefined ? `count(distinct ${column})` : mergePart(part, column, writer.dialect);
  if (!isSize || smallestGroup === undefined) return merged;
  const at = `r.${timeKey}`;
  // Windows that do not overlap have nothing in common that a difference could leave.
  const hasLeft = `${at} < p.begins and p.begins < p.${timeKey}`;
  const went = leaves ? [{ size: `case when ${hasLeft} then r.${part.name}_went end`, at }] : [];
  return countUnlessSmallStep(merged, [{ size: inside(`r.${part.name}_came`), at }, ...went], smallestGroup);
}

const within = (column: string, { timeKey }: CumulativeScope): string => `case when r.${timeKey} >= p.begins then ${column} end`;

/** The first day of what counts in a period, where it has one, and the day after the last; `reach` is as far before a window as the window is long. */
function writeWindow(scope: CumulativeScope): { readonly begin?: string; readonly reach?: string; readonly end: string } {
  const { dialect } = scope.writer;
  const { window, toDate } = scope.block.cumulative;
  const length = shiftOf({ count: 1, grain: scope.grain });
  const end = dialect.shiftDay('s.period', length.months, length.days);
  if (window !== undefined) {
    const { months, days } = shiftOf(window);
    const begin = dialect.shiftDay(end, -months, -days);
    return { begin, reach: dialect.shiftDay(begin, -months, -days), end };
  }
  return toDate === undefined ? { end } : { begin: writePeriodOf(dialect.shiftDay(end, 0, -1), toDate, scope), end };
}

/** The base's rows, each with the number of records that come into cells together with its own, and leave windows together. */
function writeSteps(scope: CumulativeScope, sizes: readonly string[]): string {
  const { base, block, grain, others, timeKey, writer } = scope;
  const together = (day: string, name: string): readonly string[] => {
    const of = [...others, writePeriodOf(day, grain, scope)].join(', ');
    return sizes.map((size) => `case when ${size} > 0 then sum(${size}) over (partition by ${of}) end as ${size}_${name}`);
  };
  const { window } = block.cumulative;
  const went = window === undefined ? [] : together(lastDayWithin(timeKey, shiftOf(window), writer.dialect), 'went');
  return `select *, ${[...together(timeKey, 'came'), ...went].join(', ')} from ${base}`;
}

/** The last day whose window has this day: windows of months begin on the same day where several of them end beyond a shorter month. */
function lastDayWithin(day: string, { months, days }: DateShift, { shiftDay }: Dialect): string {
  const before = shiftDay(shiftDay(shiftDay(day, 0, 1), months, days), 0, -1);
  return `greatest(${shiftDay(day, months, days)}, ${before})`;
}
