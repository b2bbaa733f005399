import type { FieldDefinition, FieldType, TimeGrain } from '@sophia/types';

/** What an expression gives. A reference is the text of its source id. */
export type ValueType = Exclude<FieldType, 'reference'>;

/** An expression whose names are known and whose types fit: what dialects write and what `evaluate` computes. */
export type BoundExpression = FieldRead | ColumnRead | Literal | Today | Operation | Choice;

/** A field of the base record, or of one that references lead to. */
export interface FieldRead {
  readonly kind: 'field';
  readonly type: ValueType;
  /** Reference fields from the base record to the record that has the field; empty for the base record itself. */
  readonly path: readonly string[];
  readonly recordType: string;
  readonly field: FieldDefinition;
}

/** A column of a relation that the compiler makes, for example a metric that another is derived from. */
export interface ColumnRead {
  readonly kind: 'column';
  readonly type: ValueType;
  readonly name: string;
}

export interface Literal {
  readonly kind: 'literal';
  readonly type: ValueType;
  /** In the canonical form of its type: decimal text for numbers, `YYYY-MM-DD`, ISO 8601 in UTC. */
  readonly value: string | boolean | null;
}

export interface Today {
  readonly kind: 'today';
  readonly type: 'date';
}

export interface Operation {
  readonly kind: 'operation';
  readonly type: ValueType;
  readonly operation: OperationName;
  readonly operands: readonly BoundExpression[];
  /** For `period`. */
  readonly grain?: TimeGrain;
}

/** The first branch whose condition is true, else `otherwise`. */
export interface Choice {
  readonly kind: 'choice';
  readonly type: ValueType;
  readonly branches: readonly { readonly when: BoundExpression; readonly value: BoundExpression }[];
  readonly otherwise: BoundExpression;
}

/**
 * All but `and`, `or`, `is_null`, `coalesce` and `concat` give null where an operand is null; `divide` and `nullif` also
 * where the divisor is zero or the operands are equal. Numeric operands are of the operation's own type.
 */
export type OperationName =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'negate'
  | 'absolute'
  | 'round'
  | 'convert'
  | 'eq'
  | 'ne'
  | 'lt'
  | 'lte'
  | 'gt'
  | 'gte'
  | 'in'
  | 'and'
  | 'or'
  | 'not'
  | 'is_null'
  | 'coalesce'
  | 'nullif'
  | 'lower'
  | 'upper'
  | 'concat'
  | 'contains'
  | 'starts_with'
  | 'list_contains'
  | 'add_days'
  | 'days_between'
  | 'day_of'
  | 'period';

export const operation = (name: OperationName, type: ValueType, operands: readonly BoundExpression[], grain?: TimeGrain): Operation => ({
  kind: 'operation',
  operation: name,
  type,
  operands,
  ...(grain === undefined ? {} : { grain }),
});

export const literal = (type: ValueType, value: string | boolean | null): Literal => ({ kind: 'literal', type, value });

export const TRUE = literal('boolean', true);

/** All of them hold; true where there are none. */
export const allOf = (conditions: readonly BoundExpression[]): BoundExpression => combine('and', conditions) ?? TRUE;

/** One of them holds; false where there are none. */
export const anyOf = (conditions: readonly BoundExpression[]): BoundExpression => combine('or', conditions) ?? literal('boolean', false);

function combine(name: 'and' | 'or', conditions: readonly BoundExpression[]): BoundExpression | undefined {
  return conditions.length > 1 ? operation(name, 'boolean', conditions) : conditions[0];
}

/** The conditions that all hold where this one does. */
export function conjuncts(condition: BoundExpression): readonly BoundExpression[] {
  if (condition.kind === 'literal' && condition.value === true) return [];
  return condition.kind === 'operation' && condition.operation === 'and' ? condition.operands.flatMap(conjuncts) : [condition];
}

/** The expression and everything below it, each once: what several parts share is not visited again. */
export function* nodesOf(expression: BoundExpression): Generator<BoundExpression> {
  const seen = new Set<BoundExpression>();
  const waiting = [expression];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    yield node;
    waiting.push(...operandsOf(node).toReversed());
  }
}

/** What an expression is made of, in the order in which it is written. */
function operandsOf(expression: BoundExpression): readonly BoundExpression[] {
  if (expression.kind === 'operation') return expression.operands;
  if (expression.kind !== 'choice') return [];
  return [...expression.branches.flatMap(({ when, value }) => [when, value]), expression.otherwise];
}

/** How much an expression is when it is written out: what its parts share counts wherever it stands. */
export interface Extent {
  readonly size: number;
  /** Of what is made of nothing 0. */
  readonly depth: number;
}

const LEAF: Extent = { size: 1, depth: 0 };
const EXTENTS = new WeakMap<BoundExpression, Extent>();

export function extentOf(expression: BoundExpression): Extent {
  if (expression.kind !== 'operation' && expression.kind !== 'choice') return LEAF;
  const known = EXTENTS.get(expression);
  if (known !== undefined) return known;
  const extent = extentOver(operandsOf(expression).map(extentOf));
  EXTENTS.set(expression, extent);
  return extent;
}

/** The extent of what is made of these. */
const extentOver = (parts: readonly Extent[]): Extent => ({
  size: parts.reduce((sum, { size }) => sum + size, 1),
  depth: 1 + Math.max(...parts.map(({ depth }) => depth)),
});

export function* fieldsOf(expression: BoundExpression): Generator<FieldRead> {
  for (const node of nodesOf(expression)) if (node.kind === 'field') yield node;
}

export const readsToday = (expression: BoundExpression): boolean => [...nodesOf(expression)].some(({ kind }) => kind === 'today');

/** The same expression, with every field reached from further away: its path gets `prefix` in front. */
export function reachedBy(prefix: readonly string[], expression: BoundExpression): BoundExpression {
  if (prefix.length === 0) return expression;
  return mapLeaves(expression, (leaf) => (leaf.kind === 'field' ? { ...leaf, path: [...prefix, ...leaf.path] } : leaf));
}

/** The expression with every part replaced for which there is something else; what is inside of it is not looked at. */
export function mapWhole(expression: BoundExpression, replace: (part: BoundExpression) => BoundExpression | undefined): BoundExpression {
  const replaced = replace(expression);
  if (replaced !== undefined) return replaced;
  return mapOperands(expression, (part) => mapWhole(part, replace)) ?? expression;
}

/** The same for what is made of nothing. What parts share is replaced once, and shared by what comes of them. */
export function mapLeaves(expression: BoundExpression, replace: (leaf: BoundExpression) => BoundExpression): BoundExpression {
  const replaced = new Map<BoundExpression, BoundExpression>();
  const map = (part: BoundExpression): BoundExpression => {
    const known = replaced.get(part);
    if (known !== undefined) return known;
    const mapped = mapOperands(part, map) ?? replace(part);
    replaced.set(part, mapped);
    return mapped;
  };
  return map(expression);
}

/** Undefined for what is made of nothing. */
function mapOperands(expression: BoundExpression, map: (part: BoundExpression) => BoundExpression): BoundExpression | undefined {
  if (expression.kind === 'operation') return { ...expression, operands: expression.operands.map(map) };
  if (expression.kind !== 'choice') return undefined;
  return {
    ...expression,
    branches: expression.branches.map(({ when, value }) => ({ when: map(when), value: map(value) })),
    otherwise: map(expression.otherwise),
  };
}
