import { SophiaError } from '@sophia/shared';
import { TIME_GRAINS, type TimeGrain } from '@sophia/types';
import { type BoundExpression, fieldsOf, operation, reachedBy } from '../expression/bound-expression.ts';
import { nearest } from '../semantic/closest.ts';
import { allJoins, describePath, findJoin, type JoinPath } from '../semantic/find-join.ts';
import { dimensionLeftOut, referenceLeftOut } from '../semantic/left-out.ts';
import type { LinkedDimension, LinkedLayer, LinkedModel } from '../semantic/linked-layer.ts';
import { fieldNames, fieldOrDerived } from '../semantic/name-scope.ts';

/** What a name in a query stands for, seen from the records of one model. */
export interface ResolvedDimension {
  /** What is grouped by: of a time the first day of its period. */
  readonly expression: BoundExpression;
  readonly value: BoundExpression;
  /** Undefined where the name is a field that no dimension has. */
  readonly dimension: LinkedDimension | undefined;
  /** Whether the dimension belongs to the model's own records. */
  readonly own: boolean;
  readonly identifying: boolean;
  /** Set for dimensions of time, also where the query names none. */
  readonly grain: TimeGrain | undefined;
}

/** The name of each measure's own time dimension. */
export const METRIC_TIME = 'metric_time';

/** Splits `deal.close_date:month`. Throws `unknown_dimension` for a grain that there is not. */
export function splitGrain(name: string): { readonly path: readonly string[]; readonly grain: TimeGrain | undefined } {
  const [dotted = '', written, ...rest] = name.split(':');
  const grain = TIME_GRAINS.find((each) => each === written);
  if (rest.length > 0 || (written !== undefined && grain === undefined)) {
    throw new SophiaError('unknown_dimension', `${name}: a grain is one of ${TIME_GRAINS.join(', ')}.`, {
      details: { name, grains: TIME_GRAINS },
    });
  }
  return { path: dotted.split('.'), grain };
}

/** Finds a dimension to group by. Throws `unknown_dimension`, `unreachable_dimension`, `ambiguous_join`, `semantic_model_invalid`. */
export function resolveDimension(name: string, from: LinkedModel, layer: LinkedLayer): ResolvedDimension {
  const resolved = resolveName(name, from, layer);
  if (resolved.dimension !== undefined) return resolved;
  throw unknown(name, from, layer);
}

/** Finds a dimension, or else a field, to filter by: the value itself unless a grain is written. Throws the same. */
export function resolveFilterField(name: string, from: LinkedModel, layer: LinkedLayer): ResolvedDimension {
  const resolved = resolveName(name, from, layer);
  return splitGrain(name).grain === undefined ? { ...resolved, expression: resolved.value, grain: undefined } : resolved;
}

function resolveName(name: string, from: LinkedModel, layer: LinkedLayer): ResolvedDimension {
  const { path, grain } = splitGrain(name);
  const last = path[path.length - 1] ?? '';
  const { hops, target } = path.length === 1 ? { hops: [], target: from } : joinTo(name, path.slice(0, -1), from, layer);
  const prefix = hops.map(({ field }) => field);
  const dimension = target.dimensions.get(last);
  const leftOut = dimension === undefined ? dimensionLeftOut(last, target, layer) : undefined;
  if (leftOut !== undefined) throw leftOut;
  const found = dimension?.expression ?? fieldOrDerived(target.recordType, last, 0);
  if (found === undefined) throw unknown(name, from, layer);
  const expression = reachedBy(prefix, found);
  const isTime = expression.type === 'date' || expression.type === 'timestamp';
  if (grain !== undefined && !isTime) {
    throw new SophiaError('unknown_dimension', `${name}: only dimensions of time have a grain.`, { details: { name } });
  }
  const grouping = dimension?.definition.type === 'time' || grain !== undefined ? (grain ?? 'day') : undefined;
  return {
    expression: grouping === undefined ? expression : periodOf(expression, grouping),
    value: expression,
    dimension,
    own: hops.length === 0,
    identifying: dimension?.identifying ?? [...fieldsOf(found)].some(({ field }) => field.identifying === true),
    grain: grouping,
  };
}

/** The first day of the period that a day or an instant is in. */
export function periodOf(expression: BoundExpression, grain: TimeGrain): BoundExpression {
  return operation('period', 'date', [dayOf(expression)], grain);
}

/** The day itself, or that of an instant in the query's time zone. */
export const dayOf = (time: BoundExpression): BoundExpression => (time.type === 'timestamp' ? operation('day_of', 'date', [time]) : time);

function joinTo(name: string, entityPath: readonly string[], from: LinkedModel, layer: LinkedLayer): JoinPath {
  const search = findJoin(from, entityPath, layer.entities);
  if (search.kind === 'found') return search.join;
  if (search.kind === 'broken') throw referenceLeftOut(name, search.reference, layer);
  if (search.kind === 'ambiguous') {
    const last = name.slice(name.lastIndexOf('.'));
    const choices = search.paths.map((path) => `${describePath(from, path)}${last}`);
    throw new SophiaError('ambiguous_join', `${name} may be ${choices.join(' or ')}: write the one that is meant.`, {
      details: { name, choices },
    });
  }
  const entity = entityPath[entityPath.length - 1] ?? '';
  if (!layer.entities.has(entity)) throw unknown(name, from, layer);
  const message = `${name} cannot be reached from the records of ${from.model.name}: no references lead there.`;
  throw new SophiaError('unreachable_dimension', message, { details: { name, model: from.model.name } });
}

function unknown(name: string, from: LinkedModel, layer: LinkedLayer): SophiaError {
  const written = splitGrain(name).path.join('.');
  const known = [METRIC_TIME, ...dimensionNames(from, layer)];
  const near = nearest(written, [...known, ...fieldNames(from.recordType)]);
  const all = 'The list of metrics has those of each (GET /metrics, sophia metrics list --dimensions).';
  const hint = near.length === 0 ? all : `Did you mean ${near.join(' or ')}?`;
  return new SophiaError('unknown_dimension', `${name} is no dimension of ${from.model.name}. ${hint}`, {
    details: { name, nearest: near },
  });
}

/** Every dimension that can be asked for from a model's records, as queries write it: by entity where that is enough. */
function dimensionNames(from: LinkedModel, layer: LinkedLayer): readonly string[] {
  return reachableDimensions(from, layer).map(({ name }) => name);
}

export function reachableDimensions(
  from: LinkedModel,
  layer: LinkedLayer,
): readonly { readonly name: string; readonly dimension: LinkedDimension }[] {
  return allJoins(from, layer.entities).flatMap((join) => {
    const prefix = shortestName(join, from, layer);
    if (prefix === undefined) return [];
    return [...join.target.dimensions].map(([name, dimension]) => ({ name: [...prefix, name].join('.'), dimension }));
  });
}

/** The fewest of a path's last roles that lead there and nowhere else; none where it goes in circles. */
function shortestName(join: JoinPath, from: LinkedModel, layer: LinkedLayer): readonly string[] | undefined {
  if (join.hops.length === 0) return from.primary === undefined ? [] : [from.primary];
  const roles = join.hops.map(({ role }) => role);
  if (new Set(roles).size < roles.length) return undefined;
  const suffixes = roles.map((_role, index) => roles.slice(-(index + 1)));
  return suffixes.find((suffix) => {
    const search = findJoin(from, suffix, layer.entities);
    return search.kind === 'found' && sameHops(search.join, join);
  });
}

const sameHops = (a: JoinPath, b: JoinPath): boolean =>
  a.hops.length === b.hops.length && a.hops.every((hop, index) => hop.role === b.hops[index]?.role);
