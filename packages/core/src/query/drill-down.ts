import { isInt64, SophiaError } from '@sophia/shared';
import type { Cell, MetricQuery, SemanticLayer } from '@sophia/types';
import { dialects } from '../dialects/dialects.ts';
import { allOf, type BoundExpression, conjuncts, literal, operation, TRUE } from '../expression/bound-expression.ts';
import { canonicalValue } from '../expression/coerce.ts';
import { linkedLayer } from '../semantic/link-layer.ts';
import { modelsOf } from '../semantic/link-metrics.ts';
import type { LinkedLayer } from '../semantic/linked-layer.ts';
import { StatementWriter } from '../sql/statement-writer.ts';
import { writeRecords } from '../sql/write-records.ts';
import { addPeriods, type Day, formatDay, parseDay, startOfPeriod } from '../time/calendar.ts';
import { BlockBuilder } from './block-builder.ts';
import type { CompileContext } from './compile-context.ts';
import type { CompiledDrillDown } from './compiled-query.ts';
import { addMonthsExactly, addShifts, shiftOfPeriods } from './date-shift.ts';
import { dependenciesOf } from './dependencies.ts';
import { choosePart } from './metric-part.ts';
import { type KeyOfMeasures, planKeys } from './plan-keys.ts';
import { comparedShift, findMetrics } from './plan-query.ts';
import type { Block, Cumulative, QueryPlan } from './query-plan.ts';
import { readQueryTime } from './query-time.ts';
import { dayOf } from './resolve-dimension.ts';
import { smallestGroupOf } from './smallest-group.ts';
import { type QueryTime, readTimeBounds } from './time-bounds.ts';

export interface DrillDownRequest {
  readonly query: MetricQuery;
  /** The value of each of the query's dimensions in the cell; null for the null group. */
  readonly row: Readonly<Record<string, Cell>>;
  /** One of the query's metrics, also `<metric>__previous`. */
  readonly metric: string;
  /** Which of the metrics that it is made of: `numerator`, `denominator` or an input; joined by points where they are made of others. */
  readonly part?: string | undefined;
  /** Catalog time of the answer: the records are those of then, unless the query has an `as_of` of its own. */
  readonly moment?: string | undefined;
  /** `YYYY-MM-DD`: what the answer took for today; that of the query now, unless told. */
  readonly today?: string | undefined;
  /** The id of the last record of the page before. */
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** Most records on one page. */
export const MAX_DRILL_DOWN = 1_000;

/**
 * The statement for the records behind one cell, by id: aggregated in the same way their values give the cell again.
 * Throws what `compileQuery` throws, `invalid_drill_down` and `drill_down_not_allowed`.
 */
export function compileDrillDown(request: DrillDownRequest, layer: SemanticLayer, context: CompileContext): CompiledDrillDown {
  const linked = linkedLayer(layer);
  const { plan, block, keys, metric } = planCell(request, linked, context);
  if (smallestGroupOf(plan.blocks, linked, context) !== undefined) {
    throw new SophiaError('drill_down_not_allowed', 'This role sees aggregates only, not the records behind them.');
  }
  const conditions = [block.condition, ...block.aggregates.map((each) => each.condition), ...cellConditions(request, keys, block, plan)];
  const condition = allOf(conditions.flatMap(conjuncts));
  const limit = Math.min(Math.max(1, Math.trunc(request.limit ?? 100)), MAX_DRILL_DOWN);
  const writer = new StatementWriter(dialects[context.dialect]);
  const scope = { rollups: new Map(), plan, writer, context, recordTypes: linked.recordTypes, time: plan, asOf: plan.asOf };
  const { text, columns } = writeRecords({ ...block, condition }, readCursor(request.cursor), limit, scope);
  const { reads } = dependenciesOf(plan, linked, context);
  return {
    ...writer.finish(text),
    metric,
    columns,
    recordType: block.from.recordType.name,
    limit,
    asOf: plan.asOf,
    reads,
    models: [block.from.model.name],
  };
}

function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined || isInt64(cursor)) return cursor;
  throw new SophiaError('invalid_drill_down', `cursor: ${JSON.stringify(cursor)} is not the id of a record.`);
}

/** The one aggregate that the cell's part is. */
function planCell(request: DrillDownRequest, layer: LinkedLayer, context: CompileContext) {
  const { query, metric: asked, part } = request;
  const time = readCellTime(request, context);
  const { bounds, usesToday } = readTimeBounds(query.time_range, time);
  const isPrevious = asked.endsWith('__previous');
  const name = isPrevious ? asked.slice(0, -'__previous'.length) : asked;
  const metrics = findMetrics(query, layer, context);
  const metric = metrics.find(({ definition }) => definition.name === name);
  if (metric === undefined) {
    throw new SophiaError('invalid_drill_down', `metric: ${asked} is none of the query's (${query.metrics.join(', ')}).`);
  }
  const bases = modelsOf(metrics, layer.models);
  const keys = planKeys(query, bases, layer);
  const builder = new BlockBuilder({ query, layer, time, bounds, keys, bases: bases.length, context });
  const chosen = choosePart(metric, part);
  const shift = isPrevious && query.compare !== undefined ? comparedShift(query.compare, bounds) : undefined;
  builder.compute(chosen.metric, shift === undefined ? chosen.shift : addShifts(shift, chosen.shift), chosen.filters);
  const [block] = builder.finish();
  if (block === undefined) throw new Error('a metric has an aggregate');
  const plan: QueryPlan = {
    ...time,
    bounds,
    usesToday: usesToday || builder.usesToday,
    keys: keys.map(({ planned }) => planned),
    metrics: [],
    blocks: [block],
    fill: undefined,
    having: undefined,
    order: [],
    limit: undefined,
    smallestGroup: undefined,
  };
  return { plan, block, keys, metric: chosen.metric.definition.name };
}

/** The moment of an answer is where its records are looked for: what its today was, a time of the log cannot tell. */
function readCellTime({ query, moment, today }: DrillDownRequest, context: CompileContext): ReturnType<typeof readQueryTime> {
  const time = readQueryTime({ ...query, as_of: query.as_of ?? moment }, context);
  return { ...time, today: today === undefined ? readQueryTime(query, context).today : readToday(today) };
}

function readToday(text: string): Day {
  const day = parseDay(text);
  if (day === undefined) throw new SophiaError('invalid_drill_down', `today: ${JSON.stringify(text)} is not a day, such as 2026-11-30.`);
  return day;
}

/** What a record must be to be in the cell: one condition for each key. */
function cellConditions(
  { row }: DrillDownRequest,
  keys: readonly KeyOfMeasures[],
  block: Block,
  time: QueryTime,
): readonly BoundExpression[] {
  const names = keys.map(({ planned }) => planned.name);
  const unknown = Object.keys(row).find((name) => !names.includes(name));
  const missing = names.find((name) => row[name] === undefined);
  if (unknown !== undefined || missing !== undefined) {
    const what = unknown === undefined ? `${missing} is missing` : `${unknown} is no dimension of the query`;
    throw new SophiaError('invalid_drill_down', `row: ${what}; it has ${names.join(', ') || 'no dimensions'}.`);
  }
  return keys.map(({ planned }, index) => {
    const key = block.keys[index] ?? TRUE;
    const value = row[planned.name] ?? null;
    if (value === null) return operation('is_null', 'boolean', [key]);
    const canonical = canonicalValue(planned.type, value);
    if (canonical === undefined) {
      throw new SophiaError('invalid_drill_down', `row.${planned.name}: ${JSON.stringify(value)} is not of type ${planned.type}.`);
    }
    if (index !== block.ownTime || planned.grain === undefined) return operation('eq', 'boolean', [key, literal(planned.type, canonical)]);
    return periodCondition(key, parseDay(String(canonical)) ?? 0, planned.grain, block, time);
  });
}

/** The records of a period: of the earlier one that is compared with it, or of all that are accumulated in it. */
function periodCondition(
  key: BoundExpression,
  shown: Day,
  grain: NonNullable<KeyOfMeasures['planned']['grain']>,
  block: Block,
  time: QueryTime,
): BoundExpression {
  const shift = block.shift === undefined ? undefined : shiftOfPeriods(block.shift, grain);
  const months = shift === undefined ? shown : addMonthsExactly(shown, -shift.months);
  if (months === undefined) return literal('boolean', false);
  const period = months - (shift?.days ?? 0);
  if (block.cumulative === undefined) return operation('eq', 'boolean', [key, literal('date', formatDay(period))]);
  const end = addPeriods(period, 1, grain);
  const begin = accumulatedFrom(end, block.cumulative, time);
  const day = dayOf(block.cumulative.time);
  return allOf([
    operation('lt', 'boolean', [day, literal('date', formatDay(end))]),
    ...(begin === undefined ? [] : [operation('gte', 'boolean', [day, literal('date', formatDay(begin))])]),
  ]);
}

function accumulatedFrom(end: Day, { window, toDate }: Cumulative, { weekStart }: QueryTime): Day | undefined {
  if (window !== undefined) return addPeriods(end, -window.count, window.grain);
  return toDate === undefined ? undefined : startOfPeriod(end - 1, toDate, weekStart);
}
