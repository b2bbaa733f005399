import type { RecordTypeDefinition, TimeGrain } from '@sophia/types';
import { allOf, type BoundExpression, conjuncts, fieldsOf, mapWhole, nodesOf, operation } from '../expression/bound-expression.ts';
import type { AvailableRollup, CompileContext } from '../query/compile-context.ts';
import type { Aggregate, Block, QueryPlan } from '../query/query-plan.ts';
import { dayOf } from '../query/resolve-dimension.ts';
import type { LinkedLayer, LinkedRollup } from '../semantic/linked-layer.ts';
import { readRecords } from '../sql/read-records.ts';
import { parseDay, startOfPeriod } from '../time/calendar.ts';
import { nests } from '../time/nests.ts';
import { PERIOD, type RollupMeasure, rollupExpressions, rollupKeys, rollupMeasures } from './rollup-columns.ts';

/** A block that a rollup answers: the same keys and conditions over the rollup's columns. */
export interface RollupBlock {
  readonly available: AvailableRollup;
  readonly keys: readonly BoundExpression[];
  readonly aggregates: readonly { readonly aggregate: Aggregate; readonly columns: RollupMeasure; readonly condition: BoundExpression }[];
}

/** The first rollup that has everything the block asks for, if nothing hides records or fields from the principal. */
export function findRollup(block: Block, plan: QueryPlan, layer: LinkedLayer, context: CompileContext): RollupBlock | undefined {
  if (plan.asOf !== null || block.cumulative !== undefined) return undefined;
  for (const available of context.rollups ?? []) {
    const rollup = available.model === block.from.model.name ? block.from.rollups.get(available.rollup) : undefined;
    if (rollup === undefined || !hasSameDays(rollup, plan) || !sees(rollup, block, layer.recordTypes, context)) continue;
    const covered = cover(block, rollup);
    if (covered !== undefined) return { available, ...covered };
  }
  return undefined;
}

/** A rollup's days are those of UTC, and its weeks begin on Mondays. */
function hasSameDays(rollup: LinkedRollup, { timeZone, weekStart }: QueryPlan): boolean {
  const operations = rollupExpressions(rollup)
    .flatMap((expression) => [...nodesOf(expression)])
    .filter((node) => node.kind === 'operation');
  if (timeZone !== 'UTC' && operations.some(({ operation: name }) => name === 'day_of')) return false;
  return weekStart === 'monday' || !operations.some(({ operation: name, grain }) => name === 'period' && grain === 'week');
}

/** Whether the principal sees all records and fields that the rollup is made of. */
function sees(
  rollup: LinkedRollup,
  block: Block,
  recordTypes: ReadonlyMap<string, RecordTypeDefinition>,
  { policy }: CompileContext,
): boolean {
  return readRecords(block.from.recordType.name, rollupExpressions(rollup), recordTypes).every(({ recordType, fields }) => {
    const { rows, masks = [] } = policy?.types[recordType] ?? {};
    return rows === undefined && !masks.some((mask) => mask.fields.some((field) => fields.includes(field)));
  });
}

function cover(block: Block, rollup: LinkedRollup): Omit<RollupBlock, 'available'> | undefined {
  const keys = block.keys.map((key) => overRollup(key, rollup));
  const measures = rollupMeasures(rollup);
  const aggregates = block.aggregates.map((aggregate) => {
    const columns = measures.find(({ measure }) => measure === aggregate.measure);
    const condition = askedOfRollup(aggregate, rollup);
    return columns === undefined || condition === undefined || aggregate.currencies.length > 0
      ? undefined
      : { aggregate, columns, condition };
  });
  const isCovered = <T>(part: T | undefined): part is T => part !== undefined;
  return keys.every(isCovered) && aggregates.every(isCovered) ? { keys, aggregates } : undefined;
}

/** What the measure's own filter says already is in the rollup's sums. */
function askedOfRollup({ asked, measure }: Aggregate, rollup: LinkedRollup): BoundExpression | undefined {
  const said = new Set(measure.filter === undefined ? [] : conjuncts(measure.filter).map((part) => JSON.stringify(part)));
  const conditions = asked.filter((part) => !said.has(JSON.stringify(part))).map((part) => overRollup(part, rollup));
  return conditions.includes(undefined) ? undefined : allOf(conditions as BoundExpression[]);
}

/** The expression over the rollup's columns, or undefined where it needs a field that those do not tell. */
function overRollup(expression: BoundExpression, rollup: LinkedRollup): BoundExpression | undefined {
  const columns = new Map(
    rollupKeys(rollup).map(({ name, expression: key }) => [JSON.stringify(key), { kind: 'column', type: key.type, name } as const]),
  );
  const mapped = mapWhole(expression, (part) => columns.get(JSON.stringify(part)) ?? overPeriod(part, rollup));
  return [...fieldsOf(mapped)].length === 0 ? mapped : undefined;
}

/** A longer period, or a bound that is the first day of a period, can be told from the period. */
function overPeriod(part: BoundExpression, { time }: LinkedRollup): BoundExpression | undefined {
  if (part.kind !== 'operation' || time === undefined) return undefined;
  const period: BoundExpression = { kind: 'column', type: 'date', name: PERIOD };
  const [first, second] = part.operands;
  if (part.operation === 'period' && part.grain !== undefined && nests(time.grain, part.grain)) {
    return JSON.stringify(first) === JSON.stringify(dayOf(time.dimension.expression))
      ? operation('period', 'date', [period], part.grain)
      : undefined;
  }
  if ((part.operation !== 'gte' && part.operation !== 'lt') || second?.kind !== 'literal') return undefined;
  if (JSON.stringify(first) !== JSON.stringify(time.dimension.expression)) return undefined;
  const day = firstDay(String(second.value), time.grain);
  return day === undefined ? undefined : operation(part.operation, 'boolean', [period, { kind: 'literal', type: 'date', value: day }]);
}

/** The day, or the midnight, if it begins a period. */
function firstDay(bound: string, grain: TimeGrain): string | undefined {
  const text = bound.slice(0, 10);
  const day = parseDay(text);
  const isMidnight = bound.length === 10 || /T00:00:00(?:\.0+)?Z$/.test(bound);
  return day !== undefined && isMidnight && startOfPeriod(day, grain, 'monday') === day ? text : undefined;
}
