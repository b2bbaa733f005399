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
  const reader = new RollupReader(rollup);
  const keys = reader.readAll(block.keys);
  if (keys === undefined) return undefined;
  const measures = rollupMeasures(rollup);
  const aggregates: RollupBlock['aggregates'][number][] = [];
  for (const aggregate of block.aggregates) {
    const columns = measures.find(({ measure }) => measure === aggregate.measure);
    if (columns === undefined || aggregate.currencies.length > 0) return undefined;
    const conditions = reader.readAll(askedOfRollup(aggregate, reader));
    if (conditions === undefined) return undefined;
    aggregates.push({ aggregate, columns, condition: allOf(conditions) });
  }
  return { keys, aggregates };
}

/** What the measure's own filter says already is in the rollup's sums. */
function askedOfRollup({ asked, measure }: Aggregate, reader: RollupReader): readonly BoundExpression[] {
  if (measure.filter === undefined) return asked;
  const said = new Set(conjuncts(measure.filter).map((part) => reader.textOf(part)));
  return asked.filter((part) => !said.has(reader.textOf(part)));
}

/** Tells expressions from a rollup's columns, each once: aggregates share the query's filters, which may be very many. */
class RollupReader {
  readonly #rollup: LinkedRollup;
  readonly #columns: ReadonlyMap<string, BoundExpression>;
  readonly #read = new Map<BoundExpression, BoundExpression | undefined>();
  readonly #texts = new Map<BoundExpression, string>();

  constructor(rollup: LinkedRollup) {
    this.#rollup = rollup;
    this.#columns = new Map(
      rollupKeys(rollup).map(({ name, expression: key }) => [JSON.stringify(key), { kind: 'column', type: key.type, name }]),
    );
  }

  /** All of them over the rollup's columns, or undefined where one needs a field that those do not tell. */
  readAll(expressions: readonly BoundExpression[]): readonly BoundExpression[] | undefined {
    const read: BoundExpression[] = [];
    for (const expression of expressions) {
      const over = this.#read.has(expression) ? this.#read.get(expression) : this.#over(expression);
      this.#read.set(expression, over);
      if (over === undefined) return undefined;
      read.push(over);
    }
    return read;
  }

  /** The same for expressions that say the same. */
  textOf(expression: BoundExpression): string {
    const text = this.#texts.get(expression) ?? JSON.stringify(expression);
    this.#texts.set(expression, text);
    return text;
  }

  #over(expression: BoundExpression): BoundExpression | undefined {
    const mapped = mapWhole(expression, (part) => this.#columns.get(JSON.stringify(part)) ?? overPeriod(part, this.#rollup));
    return [...fieldsOf(mapped)].length === 0 ? mapped : undefined;
  }
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
