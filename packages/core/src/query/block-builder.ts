import { SophiaError } from '@sophia/shared';
import type { MetricQuery, ModelFilter } from '@sophia/types';
import {
  allOf,
  anyOf,
  type BoundExpression,
  conjuncts,
  type FieldRead,
  mapLeaves,
  operation,
  TRUE,
} from '../expression/bound-expression.ts';
import { bindFilters, FilterProblem } from '../semantic/bind-filter.ts';
import { bindModelFilter } from '../semantic/link-measure.ts';
import type { LinkedLayer, LinkedMeasure, LinkedMetric, LinkedModel } from '../semantic/linked-layer.ts';
import { namesIn } from '../semantic/name-scope.ts';
import { addPeriods, startOfPeriod } from '../time/calendar.ts';
import type { CompileContext } from './compile-context.ts';
import { addShifts, type DateShift, isNoShift, shiftOf } from './date-shift.ts';
import { MAX_AGGREGATES } from './limits.ts';
import { type KeyOfMeasures, unqualified } from './plan-keys.ts';
import type { Aggregate, Block, Cumulative } from './query-plan.ts';
import { resolveFilterField } from './resolve-dimension.ts';
import { lastDayBefore, type QueryTime, shiftBounds, type TimeBounds, withinBounds } from './time-bounds.ts';

export interface BlockBuilderOptions {
  readonly query: MetricQuery;
  readonly layer: LinkedLayer;
  readonly time: QueryTime;
  readonly bounds: TimeBounds;
  readonly keys: readonly KeyOfMeasures[];
  /** How many models' records the query measures. */
  readonly bases: number;
  readonly context: CompileContext;
}

interface GrowingBlock extends Omit<Block, 'aggregates' | 'condition'> {
  /** The query's filters, over the block's records. */
  readonly filters: BoundExpression;
  readonly aggregates: Map<string, Aggregate>;
}

/** Collects what metrics aggregate, so that what can be computed in one pass over the records is. */
export class BlockBuilder {
  readonly #options: BlockBuilderOptions;
  readonly #blocks = new Map<string, GrowingBlock>();
  readonly #filters = new Map<string, BoundExpression>();
  readonly #computed = new Map<string, BoundExpression>();
  #count = 0;
  readonly #ownTimes = new Set<number>();
  readonly #identifyingFilters = new Set<string>();
  #usesToday = false;

  constructor(options: BlockBuilderOptions) {
    this.#options = options;
  }

  /** The metric over the columns of aggregates, as it was so much earlier. */
  compute(metric: LinkedMetric, shift: DateShift, filters: readonly ModelFilter[] = []): BoundExpression {
    const key = JSON.stringify([metric.definition.name, shift, filters]);
    const known = this.#computed.get(key);
    if (known !== undefined) return known;
    const computed = this.#compute(metric, shift, filters);
    this.#computed.set(key, computed);
    return computed;
  }

  #compute(metric: LinkedMetric, shift: DateShift, filters: readonly ModelFilter[]): BoundExpression {
    const { filter } = metric.definition;
    const within = filter === undefined ? filters : [...filters, filter];
    if (metric.kind !== 'composed') return this.#aggregate(metric, shift, within);
    const inputs = new Map(
      metric.inputs.map(({ alias, metric: input, offset }) => {
        const further = offset === undefined ? shift : addShifts(shift, shiftOf(offset));
        return [alias, this.compute(input, further, within)];
      }),
    );
    return mapLeaves(metric.expression, (leaf) => (leaf.kind === 'column' ? inputs.get(leaf.name) : undefined) ?? leaf);
  }

  /** Whether a range ends today because the query names no end. */
  get usesToday(): boolean {
    return this.#usesToday;
  }

  /** Fields of the query's filters that name single records or persons. */
  get identifyingFilters(): ReadonlySet<string> {
    return this.#identifyingFilters;
  }

  /** Whether this key is the own time of any measure: measures with other times may stand in the same block. */
  isOwnTime(key: number): boolean {
    return this.#ownTimes.has(key);
  }

  finish(): readonly Block[] {
    return [...this.#blocks.values()].map(hoisted);
  }

  #aggregate(metric: LinkedMetric & { kind: 'simple' | 'cumulative' }, shift: DateShift, filters: readonly ModelFilter[]): BoundExpression {
    const { measure } = metric;
    const from = this.#options.layer.models.get(measure.model);
    if (from === undefined) throw new Error(`the model ${measure.model} is not linked`);
    const block = this.#block(metric, from, shift);
    const asked = [
      ...filters.map((filter) => bindModelFilter(filter, namesIn(from, this.#options.layer.entities))),
      this.#timeCondition(metric, block, shift),
    ].flatMap(conjuncts);
    const condition = allOf([...(measure.filter === undefined ? [] : conjuncts(measure.filter)), ...asked]);
    const key = JSON.stringify([measure.definition.name, condition]);
    const known = block.aggregates.get(key);
    if (known !== undefined) return { kind: 'column', name: known.column, type: measure.type };
    this.#count += 1;
    if (this.#count > MAX_AGGREGATES) throw new SophiaError('query_too_large', `The metrics need more than ${MAX_AGGREGATES} aggregates.`);
    const aggregate = {
      column: `m${this.#count}`,
      measure,
      condition,
      asked: [...conjuncts(block.filters), ...asked],
      ...this.#currencies(measure, block, condition),
    };
    block.aggregates.set(key, aggregate);
    return { kind: 'column', name: aggregate.column, type: measure.type };
  }

  #block(metric: LinkedMetric & { kind: 'simple' | 'cumulative' }, from: LinkedModel, shift: DateShift): GrowingBlock {
    const { measure } = metric;
    const filters = this.#queryFilters(from);
    const keys = this.#options.keys.map((key) => key.of(measure));
    const own = keys.flatMap(({ isOwnTime }, index) => (isOwnTime ? [index] : []));
    for (const index of own) this.#ownTimes.add(index);
    const cumulative = metric.kind === 'cumulative' ? this.#cumulative(metric, own, shift) : undefined;
    this.#checkShift(metric, own, shift);
    const block: GrowingBlock = {
      from,
      filters,
      keys: keys.map(({ expression }) => expression),
      shift: isNoShift(shift) ? undefined : shift,
      ownTime: own[0],
      cumulative,
      aggregates: new Map(),
    };
    // A measure's own time matters where keys are shifted or accumulated by it; different values accumulate alone.
    const isByTime = block.shift !== undefined || cumulative !== undefined;
    const alone = cumulative !== undefined && measure.aggregation === 'count_distinct' ? measure.definition.name : '';
    const key = JSON.stringify([from.model.name, block.keys, block.shift, cumulative, isByTime ? own : [], alone]);
    const known = this.#blocks.get(key);
    if (known !== undefined) return known;
    this.#blocks.set(key, block);
    return block;
  }

  /** Without its own time among the keys a cumulative metric is one number: that at the end of the range. */
  #cumulative(metric: LinkedMetric & { kind: 'cumulative' }, own: readonly number[], shift: DateShift): Cumulative | undefined {
    const { measure, window, toDate, definition } = metric;
    if (own.length === 0 || measure.time === undefined) return undefined;
    if (own.length > 1) {
      throw new SophiaError('invalid_query', `${definition.name} accumulates over time: ask for its time once, by one grain only.`);
    }
    return { window, toDate, time: measure.time.expression, bounds: this.#boundsAt(shift) };
  }

  #boundsAt(shift: DateShift): TimeBounds {
    return isNoShift(shift) ? this.#options.bounds : shiftBounds(this.#options.bounds, shift);
  }

  #timeCondition(
    metric: LinkedMetric & { kind: 'simple' | 'cumulative' },
    { cumulative }: GrowingBlock,
    shift: DateShift,
  ): BoundExpression {
    const { measure, definition, kind } = metric;
    const { timeZone } = this.#options.time;
    const bounds = this.#boundsAt(shift);
    if (bounds.from === undefined && bounds.to === undefined && kind === 'simple') return TRUE;
    if (measure.time === undefined) {
      throw new SophiaError('invalid_query', `time_range: ${definition.name} has no time dimension that it could apply to.`);
    }
    const { expression } = measure.time;
    if (kind === 'simple') return withinBounds(expression, bounds, timeZone);
    // What came before the range is accumulated, too; what has no time is never.
    const accumulated = cumulative === undefined ? this.#accumulatedAtEnd(metric, bounds) : { from: undefined, to: bounds.to };
    if (accumulated.from !== undefined || accumulated.to !== undefined) return withinBounds(expression, accumulated, timeZone);
    return operation('not', 'boolean', [operation('is_null', 'boolean', [expression])]);
  }

  /** The range of one number: up to the range's end, else, where a length of time ends there, up to the end of today. */
  #accumulatedAtEnd({ window, toDate }: LinkedMetric & { kind: 'cumulative' }, { to }: TimeBounds): TimeBounds {
    if (window === undefined && toDate === undefined) return { from: undefined, to };
    const { timeZone, today, weekStart } = this.#options.time;
    if (to === undefined) this.#usesToday = true;
    // An earlier value has a range with an end (`#checkShift`).
    const end = to ?? { day: today + 1, instant: undefined };
    const lastDay = lastDayBefore(end, timeZone);
    const day =
      window === undefined ? startOfPeriod(lastDay, toDate ?? 'day', weekStart) : addPeriods(lastDay + 1, -window.count, window.grain);
    return { from: { day, instant: undefined }, to: end };
  }

  /** An earlier value has a meaning only where the query says which time it is earlier than, and by one key of it. */
  #checkShift({ definition, measure }: LinkedMetric & { kind: 'simple' | 'cumulative' }, own: readonly number[], shift: DateShift): void {
    if (isNoShift(shift)) return;
    const { from, to } = this.#options.bounds;
    const compared = `${definition.name} is compared with an earlier time`;
    // Periods of two grains move by different lengths: a month into the next quarter, its quarter not at all.
    if (own.length > 1) throw new SophiaError('invalid_query', `${compared}: ask for its time once, by one grain only.`);
    if (own.length > 0 || (from !== undefined && to !== undefined)) return;
    throw new SophiaError(
      'invalid_query',
      measure.time === undefined
        ? `${compared}, but the measure ${measure.definition.name} has no time dimension.`
        : `${compared}: give a time_range, or ask by metric_time (${measure.time.definition.name}).`,
    );
  }

  #queryFilters(from: LinkedModel): BoundExpression {
    const { name } = from.model;
    const known = this.#filters.get(name);
    if (known !== undefined) return known;
    const { query, layer } = this.#options;
    const resolve = (field: string): BoundExpression => {
      if (!field.includes('.') && this.#options.bases > 1) throw unqualified(field);
      const resolved = resolveFilterField(field, from, layer);
      if (resolved.identifying) this.#identifyingFilters.add(field);
      return resolved.expression;
    };
    try {
      const filters = bindFilters(query.filters ?? [], resolve);
      this.#filters.set(name, filters);
      return filters;
    } catch (problem) {
      if (!(problem instanceof FilterProblem)) throw problem;
      throw new SophiaError('invalid_filter', `filters: ${problem.message}.`, { details: { field: problem.field } });
    }
  }

  /** Amounts need no check where the currency is a key, where a condition lets only one through, or where there is but one. */
  #currencies(measure: LinkedMeasure, block: GrowingBlock, condition: BoundExpression): Pick<Aggregate, 'currencies' | 'knownCurrencies'> {
    const { onlyCurrency = () => undefined } = this.#options.context;
    const held = conjuncts(allOf([condition, block.filters])).flatMap((part) =>
      part.kind === 'operation' && part.operation === 'eq' && part.operands[1]?.kind === 'literal' ? [part.operands] : [],
    );
    const currencies: FieldRead[] = [];
    const knownCurrencies: string[] = [];
    for (const field of measure.currencies) {
      if (block.keys.some((key) => isField(key, field))) continue;
      const [, value] = held.find(([read]) => isField(read, field)) ?? [];
      const only = value?.kind === 'literal' ? String(value.value) : onlyCurrency(field.recordType, field.field.name);
      if (only === undefined) currencies.push(field);
      else if (only !== null) knownCurrencies.push(only);
    }
    return { currencies, knownCurrencies };
  }
}

const isField = (expression: BoundExpression | undefined, { field, path }: FieldRead): boolean =>
  expression?.kind === 'field' && expression.field.name === field.name && expression.path.join('.') === path.join('.');

/** Takes what all aggregates have in common out of their conditions; the rest chooses among the records that any wants. */
function hoisted({ aggregates: growing, filters, ...block }: GrowingBlock): Block {
  const taken = [...growing.values()].map((aggregate) => ({
    aggregate,
    parts: new Map(conjuncts(aggregate.condition).map((part) => [JSON.stringify(part), part])),
  }));
  const ofFirst = taken.slice(0, 1).flatMap(({ parts }) => [...parts]);
  const common = new Map(ofFirst.filter(([key]) => taken.every(({ parts }) => parts.has(key))));
  const aggregates = taken.map(({ aggregate, parts }) => ({
    ...aggregate,
    condition: allOf([...parts].filter(([key]) => !common.has(key)).map(([, part]) => part)),
  }));
  const own = aggregates.map(({ condition }) => condition);
  const wanted = own.includes(TRUE) ? TRUE : anyOf(distinct(own));
  return { ...block, condition: allOf([...conjuncts(filters), ...common.values(), ...conjuncts(wanted)]), aggregates };
}

const distinct = (conditions: readonly BoundExpression[]): readonly BoundExpression[] => [
  ...new Map(conditions.map((condition) => [JSON.stringify(condition), condition])).values(),
];
