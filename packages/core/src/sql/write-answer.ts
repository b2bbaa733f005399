import type { AnswerColumn } from '@sophia/types';
import { nodesOf } from '../expression/bound-expression.ts';
import type { HiddenCheck } from '../query/compiled-query.ts';
import type { Aggregate, PlannedMetric, QueryPlan } from '../query/query-plan.ts';
import { aggregateColumns, keyColumn } from './aggregate-columns.ts';
import { COLUMN_TYPES } from './column-types.ts';
import type { PlanScope } from './write-block.ts';
import { type WrittenCells, writeCells } from './write-cells.ts';
import { writeExpression } from './write-expression.ts';
import type { WrittenCheck } from './write-periods.ts';

export interface WrittenAnswer {
  readonly text: string;
  readonly columns: readonly AnswerColumn[];
  readonly checks: readonly HiddenCheck[];
}

/** The whole statement: cells, their values, the metrics made of them, and then having, order and limit. */
export function writeAnswer(scope: PlanScope): WrittenAnswer {
  const { plan } = scope;
  const cells = writeCells(scope);
  const names = [...plan.keys, ...plan.metrics].map(({ name }) => name);
  const column = (name: string): string => `c${names.indexOf(name)}`;
  const checks = [...plan.metrics.flatMap((metric, index) => currencyCheck(metric, index, scope)), ...cells.checks];
  const selected = [
    ...plan.keys.map(({ name }, index) => `${keyColumn(index)} as ${column(name)}`),
    ...plan.metrics.map(({ name, expression }) => `${writeExpression(expression, outer(scope))} as ${column(name)}`),
    ...checks.flatMap(({ columns }) => columns),
  ];
  const answer = `select ${selected.join(', ')} from (${writeValues(cells, scope)}) as cell_values`;
  const having =
    plan.having === undefined
      ? ''
      : ` where ${[writeExpression(plan.having, { ...outer(scope), column }), ...faults(checks)].join(' or ')}`;
  const order = plan.order.map((each) => `${column(each.column)} ${each.descending ? 'desc' : 'asc'} nulls last`);
  const ordered = order.length === 0 ? '' : ` order by ${order.join(', ')}`;
  const limit = plan.limit === undefined ? '' : ` limit ${Math.trunc(plan.limit)}`;
  return {
    text: `${cells.with}select * from (${answer}) as answer${having}${ordered}${limit}`,
    columns: [...plan.keys.map(({ name, type, label }) => ({ name, type: COLUMN_TYPES[type], label })), ...plan.metrics.map(metricColumn)],
    checks: checks.map(({ check }) => check),
  };
}

const outer = (scope: PlanScope) => ({ writer: scope.writer, time: scope.time, field: () => '', column: (name: string) => name });

/** What each aggregate is worth where it has no records, and where it is over too few to be shown. */
function writeValues({ from, where }: WrittenCells, { plan }: PlanScope): string {
  const keys = plan.keys.map((_key, index) => keyColumn(index));
  const aggregates = plan.blocks.flatMap((block) => block.aggregates);
  const values = aggregates.map((aggregate) => `${shownValue(aggregate, plan)} as ${aggregate.column}`);
  const currencies = aggregates.flatMap((aggregate) =>
    aggregateColumns(aggregate, plan).currencies.flatMap(({ least, greatest }) => [least, greatest]),
  );
  const conditions = [...(where === undefined ? [] : [where]), ...onlyLargeGroups(aggregates, plan)];
  const chosen = conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
  return `select ${[...keys, ...values, ...currencies].join(', ')} from ${from}${chosen}`;
}

function shownValue(aggregate: Aggregate, plan: QueryPlan): string {
  const { column, measure } = aggregate;
  const value =
    measure.aggregation === 'sum'
      ? `case when coalesce(${column}_count, 0) = 0 then 0 else ${column} end`
      : measure.aggregation.startsWith('count')
        ? `coalesce(${column}, 0)`
        : column;
  const { smallestGroup } = plan;
  if (smallestGroup === undefined) return value;
  return `case when ${groupSize(aggregate, plan)} between 1 and ${smallestGroup - 1} then null else ${value} end`;
}

/** How many records have made the value; where none has a value, how many there are. */
function groupSize(aggregate: Aggregate, plan: QueryPlan): string {
  const { count, valued } = aggregateColumns(aggregate, plan);
  return `coalesce(${[...(valued === undefined ? [] : [`nullif(${valued}, 0)`]), count, '0'].join(', ')})`;
}

/** A group in which everything is withheld is not shown at all. */
function onlyLargeGroups(aggregates: readonly Aggregate[], plan: QueryPlan): readonly string[] {
  if (plan.smallestGroup === undefined) return [];
  const sizes = aggregates.map((aggregate) => groupSize(aggregate, plan));
  const large = sizes.map((size) => `${size} >= ${plan.smallestGroup}`);
  const empty = sizes.map((size) => `${size} = 0`);
  return [`(${large.join(' or ')} or (${empty.join(' and ')}))`];
}

/** Too many cells and several currencies are told also where `having` would leave no row to tell it in. */
const faults = (checks: readonly WrittenCheck[]): readonly string[] =>
  checks.map(({ check }) => (check.kind === 'filled_cells' ? `${check.column} > ${check.limit}` : `${check.least} <> ${check.greatest}`));

/** The least and the greatest currency of everything that a metric is made of, over the whole answer. */
function currencyCheck({ name, expression }: PlannedMetric, index: number, { plan, writer }: PlanScope): readonly WrittenCheck[] {
  const read = new Set([...nodesOf(expression)].flatMap((node) => (node.kind === 'column' ? [node.name] : [])));
  const aggregates = plan.blocks.flatMap((block) => block.aggregates).filter(({ column }) => read.has(column));
  const columns = aggregates.flatMap((aggregate) => aggregateColumns(aggregate, plan).currencies);
  const known = [...new Set(aggregates.flatMap(({ knownCurrencies }) => knownCurrencies))].map((currency) => writer.bind(currency));
  if (columns.length === 0 && known.length === 0) return [];
  const [least, greatest] = [`least_${index}`, `greatest_${index}`];
  const overall = (aggregate: 'min' | 'max', names: readonly string[]): readonly string[] =>
    names.map((column) => `${aggregate}(${column}) over ()`);
  return [
    {
      columns: [
        `${extreme('least', [
          ...overall(
            'min',
            columns.map((each) => each.least),
          ),
          ...known,
        ])} as ${least}`,
        `${extreme('greatest', [
          ...overall(
            'max',
            columns.map((each) => each.greatest),
          ),
          ...known,
        ])} as ${greatest}`,
      ],
      check: { kind: 'one_currency', least, greatest, metric: name },
    },
  ];
}

/** Of those that are not null, in every dialect: each stands in for the others where they are null. */
function extreme(name: 'least' | 'greatest', columns: readonly string[]): string {
  if (columns.length === 1) return columns[0] ?? '';
  const rotated = columns.map((_column, index) => `coalesce(${[...columns.slice(index), ...columns.slice(0, index)].join(', ')})`);
  return `${name}(${rotated.join(', ')})`;
}

function metricColumn({ name, definition, role, type }: PlannedMetric): AnswerColumn {
  const { label, format, unit } = definition;
  if (role === 'change') return { name, type: 'number', format: 'percent', label: label === undefined ? undefined : `${label}: change` };
  return { name, type: COLUMN_TYPES[type], format, unit, label: role === 'previous' && label !== undefined ? `${label}: before` : label };
}
