import type { TimeGrain } from '@sophia/types';
import { type BoundExpression, operation } from '../expression/bound-expression.ts';
import { shiftOf } from '../query/date-shift.ts';
import type { Block, Cumulative } from '../query/query-plan.ts';
import { periodOf } from '../query/resolve-dimension.ts';
import { shownPeriods } from '../query/time-bounds.ts';
import { nests } from '../time/nests.ts';
import { keyColumn } from './aggregate-columns.ts';
import { mergePart, type WrittenAggregates, writeAggregates } from './write-aggregates.ts';
import { blockSource, groupBy, type PlanScope } from './write-block.ts';
import { writeExpression } from './write-expression.ts';
import { type WrittenPeriods, writePeriods } from './write-periods.ts';

/** A block of which each period has what came before it, too. */
export interface CumulativeBlock extends Block {
  readonly ownTime: number;
  readonly cumulative: Cumulative;
}

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
): { readonly with: readonly string[]; readonly text: string; readonly periods: WrittenPeriods } {
  const grain = scope.plan.keys[block.ownTime]?.grain ?? 'day';
  const others = block.keys.map((_key, key) => keyColumn(key)).filter((_name, key) => key !== block.ownTime);
  const own = { ...scope, block, grain, base: `b${index}_base`, others, timeKey: keyColumn(block.ownTime) };
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
    with: [
      `${own.base} as (${text})`,
      ...(groups === undefined ? [] : [`${groups} as (select distinct ${others.join(', ')} from ${own.base})`]),
      ...periods.with,
    ],
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

/** The periods that are shown: those of the range, else from the first to the last that has records. */
function writeOwnPeriods(scope: CumulativeScope, index: number, groups: string | undefined): WrittenPeriods {
  const { block, grain, base, timeKey, writer, time } = scope;
  const begin = (sql: string): string => writePeriodOf(sql, grain, scope);
  const unknown = { first: begin(`min(${timeKey})`), last: begin(`max(${timeKey})`), source: base };
  return writePeriods({ prefix: `b${index}`, grain, ...shownPeriods(block.cumulative.bounds, grain, time), unknown, groups }, writer);
}

function writePeriodOf(sql: string, grain: TimeGrain, { writer, time }: Pick<PlanScope, 'writer' | 'time'>): string {
  const period = operation('period', 'date', [{ kind: 'column', type: 'date', name: sql }], grain);
  return writeExpression(period, { writer, time, field: () => '', column: (name) => name });
}

/** Running aggregates over the base's rows and, among them, the periods that are shown. */
function writeRunning(scope: CumulativeScope, { parts, results }: WrittenAggregates, grid: string): string {
  const { block, base, others, timeKey, writer } = scope;
  const { dialect } = writer;
  const keys = block.keys.map((_key, index) => keyColumn(index));
  const gridKeys = keys.map((name) => (name === timeKey ? 's.period' : `g.${name}`));
  const blanks = parts.map(({ type }) => dialect.cast('null', type));
  const series = `select ${[...keys, ...parts.map(({ name }) => name), '0 as is_shown'].join(', ')} from ${base} union all select ${[...gridKeys, ...blanks, '1'].join(', ')} from ${grid}`;
  const { toDate } = block.cumulative;
  const partition = [...others, ...(toDate === undefined ? [] : [writePeriodOf(timeKey, toDate, scope)])];
  const over = ` over (${partition.length === 0 ? '' : `partition by ${partition.join(', ')} `}order by ${timeKey} range between unbounded preceding and current row)`;
  const running = parts.map((part) => `${mergePart(part, part.name, dialect, over)} as ${part.name}`);
  const accumulated = `select ${[...keys, ...running, 'is_shown', `min(is_shown)${over} as first_shown`].join(', ')} from (${series}) as series`;
  const columns = results.map(({ name, sql }) => `${sql((column) => column)} as ${name}`);
  return `select ${[...keys, ...columns].join(', ')} from (${accumulated}) as accumulated where is_shown = 1 and first_shown = 0`;
}

/** Each shown period with the base's rows in the window that ends with it. */
function writeWindowed(scope: CumulativeScope, { parts, results }: WrittenAggregates, grid: string): string {
  const { block, grain, base, others, timeKey, writer } = scope;
  const { dialect } = writer;
  const { window, toDate } = block.cumulative;
  const keys = block.keys.map((_key, index) => keyColumn(index));
  const gridKeys = keys.map((name) => (name === timeKey ? `s.period as ${name}` : `g.${name}`));
  const length = shiftOf({ count: 1, grain });
  const end = dialect.shiftDay('s.period', length.months, length.days);
  const back = window === undefined ? undefined : shiftOf(window);
  const lastDay = dialect.shiftDay(end, 0, -1);
  const begin =
    back !== undefined
      ? dialect.shiftDay(end, -back.months, -back.days)
      : toDate === undefined
        ? undefined
        : writePeriodOf(lastDay, toDate, scope);
  const bounded = `select ${[...gridKeys, ...(begin === undefined ? [] : [`${begin} as begins`]), `${end} as ends`].join(', ')} from ${grid}`;
  const on = [
    ...others.map((name) => dialect.isNotDistinct(`r.${name}`, `p.${name}`)),
    ...(begin === undefined ? [] : [`r.${timeKey} >= p.begins`]),
    `r.${timeKey} < p.ends`,
  ];
  const merged = parts.map((part) => {
    const sql = part.merge === undefined ? `count(distinct r.${part.name})` : mergePart(part, `r.${part.name}`, dialect);
    return [part.name, sql] as const;
  });
  const sqlOf = new Map(merged);
  const columns = results.map(({ name, sql }) => `${sql((column) => sqlOf.get(column) ?? '')} as ${name}`);
  return `select ${[...keys.map((name) => `p.${name}`), ...columns].join(', ')} from (${bounded}) as p join ${base} as r on ${on.join(' and ')}${groupBy(keys.length)}`;
}
