import { SophiaError } from '@sophia/shared';
import type { MetricQuery } from '@sophia/types';
import { type BoundExpression, operation } from '../expression/bound-expression.ts';
import { isNumeric } from '../expression/coerce.ts';
import { bindFilters, FilterProblem } from '../semantic/bind-filter.ts';
import { nearest } from '../semantic/closest.ts';
import { metricLeftOut } from '../semantic/left-out.ts';
import { modelsOf } from '../semantic/link-metrics.ts';
import type { LinkedLayer, LinkedMetric } from '../semantic/linked-layer.ts';
import { countPeriods } from '../time/calendar.ts';
import { BlockBuilder } from './block-builder.ts';
import type { CompileContext } from './compile-context.ts';
import { type DateShift, NO_SHIFT } from './date-shift.ts';
import { MAX_PERIODS } from './limits.ts';
import { type KeyOfMeasures, planKeys } from './plan-keys.ts';
import type { Fill, PlannedKey, PlannedMetric, QueryPlan } from './query-plan.ts';
import { readQueryTime } from './query-time.ts';
import { smallestGroupOf } from './smallest-group.ts';
import { previousShift, type QueryTime, readTimeBounds, shownPeriods, type TimeBounds, UNBOUNDED } from './time-bounds.ts';

/** Finds every name of a query and says what is to be computed. Throws `SophiaError` with the codes of `semantic-errors.ts`. */
export function planQuery(query: MetricQuery, layer: LinkedLayer, context: CompileContext): QueryPlan {
  const metrics = findMetrics(query, layer, context);
  const time = readQueryTime(query, context);
  const { bounds, usesToday } = readTimeBounds(query.time_range, time);
  const bases = modelsOf(metrics, layer.models);
  const keys = planKeys(query, bases, layer);
  const builder = new BlockBuilder({
    query,
    layer,
    time,
    bounds,
    keys,
    bases: bases.length,
    context,
  });
  const planned = metrics.flatMap((metric) => planMetric(metric, query, builder, bounds));
  refuseOneName(
    keys.map(({ planned: key }) => key),
    planned,
  );
  const blocks = builder.finish();
  const smallestGroup = smallestGroupOf(blocks, layer, context);
  if (smallestGroup !== undefined) refuseIdentifying(keys, builder);
  return {
    keys: keys.map(({ planned: key }) => key),
    metrics: planned,
    blocks,
    fill: planFill(
      query,
      keys.map(({ planned: key }) => key),
      bounds,
      (index) => builder.isOwnTime(index),
      time,
    ),
    having: planHaving(query, planned),
    order: planOrder(
      query,
      keys.map(({ planned: key }) => key),
      planned,
    ),
    limit: query.limit,
    ...time,
    bounds,
    usesToday: usesToday || builder.usesToday,
    smallestGroup,
  };
}

/** Whoever sees aggregates only asks and filters by nothing that names one record or person. */
function refuseIdentifying(keys: readonly KeyOfMeasures[], { identifyingFilters }: BlockBuilder): void {
  const [name] = [...keys.flatMap(({ identifying, planned }) => (identifying ? [planned.name] : [])), ...identifyingFilters];
  if (name === undefined) return;
  throw new SophiaError('identifying_dimension', `${name} names single records or persons; this role sees aggregates only.`, {
    details: { name },
  });
}

/** Two columns of one name would be ordered by, and drilled into, as if they were the same. */
function refuseOneName(keys: readonly PlannedKey[], planned: readonly PlannedMetric[]): void {
  const both = keys.find(({ name }) => planned.some((metric) => metric.name === name));
  if (both === undefined) return;
  const wayOut = `write its entity before it (entity.${both.name}), or rename one of the two in the models`;
  throw new SophiaError('invalid_query', `dimensions: ${both.name} is a metric of this query, too; ${wayOut}.`);
}

/** The query's metrics. Throws `unknown_metric`, and `semantic_model_invalid` for one that is left out. */
export function findMetrics(
  { metrics }: Pick<MetricQuery, 'metrics'>,
  layer: LinkedLayer,
  { mayAsk = () => true }: Pick<CompileContext, 'mayAsk'>,
): readonly LinkedMetric[] {
  const twice = metrics.find((name, index) => metrics.indexOf(name) !== index);
  if (twice !== undefined) throw new SophiaError('invalid_query', `metrics: ${twice} is there twice.`);
  return metrics.map((name) => {
    const metric = layer.metrics.get(name);
    if (metric !== undefined) return metric;
    const leftOut = metricLeftOut(name, layer);
    if (leftOut !== undefined) throw leftOut;
    const near = nearest(
      name,
      [...layer.metrics.keys()].filter((each) => mayAsk(each)),
    );
    const hint =
      near.length === 0 ? 'The list of metrics has all (GET /metrics, sophia metrics list).' : `Did you mean ${near.join(' or ')}?`;
    throw new SophiaError('unknown_metric', `There is no metric ${name}. ${hint}`, { details: { name, nearest: near } });
  });
}

/** The column of a metric, and those that compare it with an earlier range. */
function planMetric(metric: LinkedMetric, query: MetricQuery, builder: BlockBuilder, bounds: TimeBounds): readonly PlannedMetric[] {
  const { definition } = metric;
  const { name } = definition;
  const value: PlannedMetric = { name, definition, type: metric.type, role: 'value', expression: builder.compute(metric, NO_SHIFT) };
  if (query.compare === undefined) return [value];
  const previous: PlannedMetric = {
    name: `${name}__previous`,
    definition,
    type: metric.type,
    role: 'previous',
    expression: builder.compute(metric, comparedShift(query.compare, bounds)),
  };
  if (!isNumeric(metric.type)) return [value, previous];
  const expression = relativeChange(value.expression, previous.expression);
  return [value, previous, { name: `${name}__change`, definition, type: 'number', role: 'change', expression }];
}

/** How far back the range that is compared with lies. Throws `invalid_query`. */
export function comparedShift(compare: NonNullable<MetricQuery['compare']>, { from, to }: TimeBounds): DateShift {
  if (compare === 'previous_year') {
    if (from !== undefined && to !== undefined && from.instant === undefined && to.instant === undefined) return { months: 12, days: 0 };
  } else if (from !== undefined && to !== undefined && from.instant === undefined && to.instant === undefined) {
    return previousShift(from.day, to.day);
  }
  throw new SophiaError('invalid_query', `compare: ${compare} needs a time_range whose from and to are days.`);
}

/** The difference in parts of the earlier value's size: 0.1 is ten percent more. */
function relativeChange(value: BoundExpression, previous: BoundExpression): BoundExpression {
  const type = value.type;
  const difference = operation('subtract', type, [value, previous]);
  const size = operation('absolute', type, [previous]);
  return operation('divide', 'number', [asNumber(difference), asNumber(size)]);
}

const asNumber = (amount: BoundExpression): BoundExpression =>
  amount.type === 'number' ? amount : operation('convert', 'number', [amount]);

function planFill(
  query: MetricQuery,
  keys: readonly PlannedKey[],
  bounds: TimeBounds,
  isOwnTime: (index: number) => boolean,
  time: QueryTime,
): Fill | undefined {
  const index = keys.findIndex(({ grain }) => grain !== undefined);
  const grain = keys[index]?.grain;
  if (query.fill === false || grain === undefined || keys.filter((key) => key.grain !== undefined).length > 1) return undefined;
  const { first, last } = shownPeriods(isOwnTime(index) ? bounds : UNBOUNDED, grain, time);
  if (first !== undefined && last !== undefined && countPeriods(first, last, grain) > MAX_PERIODS) {
    const message = `time_range has ${countPeriods(first, last, grain)} periods of a ${grain}; at most ${MAX_PERIODS} are shown. Take a coarser grain, or fill: false.`;
    throw new SophiaError('query_too_large', message, { details: { limit: MAX_PERIODS } });
  }
  return { key: index, grain, first, last };
}

function planHaving({ having = [] }: MetricQuery, planned: readonly PlannedMetric[]): BoundExpression | undefined {
  if (having.length === 0) return undefined;
  const names = planned.map(({ name }) => name);
  const resolve = (name: string): BoundExpression => {
    const metric = planned.find((each) => each.name === name);
    if (metric !== undefined) return { kind: 'column', name, type: metric.type };
    const near = nearest(name, names);
    throw new SophiaError('unknown_metric', `having: ${name} is none of the query's metrics (${names.join(', ')}).`, {
      details: { name, nearest: near },
    });
  };
  try {
    return bindFilters(having, resolve);
  } catch (problem) {
    if (problem instanceof FilterProblem)
      throw new SophiaError('invalid_filter', `having: ${problem.message}.`, { details: { field: problem.field } });
    throw problem;
  }
}

/** What the query says, and then all dimensions: so that no two rows can change places. */
function planOrder(
  { order_by: written = [] }: MetricQuery,
  keys: readonly PlannedKey[],
  planned: readonly PlannedMetric[],
): QueryPlan['order'] {
  const columns = [...keys, ...planned].map(({ name }) => name);
  const order = written.map((text) => {
    const descending = text.startsWith('-');
    const name = descending ? text.slice(1) : text;
    const column = columns.includes(name) ? name : keys.find((key) => key.name.startsWith(`${name}:`))?.name;
    if (column !== undefined) return { column, descending };
    const near = nearest(name, columns);
    throw new SophiaError('invalid_query', `order_by: ${name} is none of ${columns.join(', ')}.`, { details: { name, nearest: near } });
  });
  return [...order, ...keys.map(({ name }) => ({ column: name, descending: false }))].filter(
    ({ column }, index, all) => all.findIndex((each) => each.column === column) === index,
  );
}
