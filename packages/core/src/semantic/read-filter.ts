import { FILTER_OPERATORS, type Filter, type FilterValue, type ModelFilter } from '@sophia/types';
import { isMap, isScalar, type Node } from 'yaml';
import { MAX_FILTER_DEPTH, MAX_FILTER_PARTS } from './bind-filter.ts';
import type { SourceMap } from './source-node.ts';

/** A model's filter: a condition as text, or a filter as queries write it. */
export function readModelFilter(source: SourceMap, key: string): ModelFilter | undefined {
  const node = source.node(key);
  if (node === undefined) return undefined;
  return isMap(node) ? readFilter(source.child(node, 'a filter'), 1) : source.text(key);
}

function readFilter(source: SourceMap, depth: number): Filter {
  const nested = (node: Node): Filter => readFilter(source.child(node, 'a filter'), depth + 1);
  const not = source.node('not');
  const shape = not !== undefined ? 'not' : (['and', 'or'] as const).find((key) => source.node(key) !== undefined);
  if (depth > MAX_FILTER_DEPTH) source.problem(undefined, `a filter is nested at most ${MAX_FILTER_DEPTH} deep`);
  else if (shape === 'and') return finished(source, { and: source.items('and', MAX_FILTER_PARTS).map(nested) });
  else if (shape === 'or') return finished(source, { or: source.items('or', MAX_FILTER_PARTS).map(nested) });
  else if (not !== undefined) return finished(source, { not: nested(not) });
  return finished(source, {
    field: source.required('field'),
    operator: source.requiredOneOf('operator', FILTER_OPERATORS),
    values: source.items('values', 1000).flatMap((node) => readValue(source, node)),
  });
}

function finished(source: SourceMap, filter: Filter): Filter {
  source.finish();
  return filter;
}

function readValue(source: SourceMap, node: Node): readonly FilterValue[] {
  const value = isScalar(node) ? node.value : undefined;
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [value];
  source.problem('values', 'values: expected texts, numbers, true, false or null');
  return [];
}
