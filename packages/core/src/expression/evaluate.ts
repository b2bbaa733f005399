import type { JsonValue } from '@sophia/types';
import { type Day, formatDay } from '../time/calendar.ts';
import type { BoundExpression, Choice, FieldRead, Literal, Operation } from './bound-expression.ts';
import { compareValues, sourceIdOf } from './compare-values.ts';

/** What cannot be told from one record alone, or is not computed here. */
export const UNDECIDED = Symbol('undecided');

export type Evaluated = JsonValue | typeof UNDECIDED;

export interface EvaluationScope {
  readonly today: Day;
  /** The value of a field, null where it has none. */
  readonly read: (field: FieldRead) => Evaluated;
  /** The calendar day of an instant in the zone of the question; undecided without it. */
  readonly dayOf?: ((instant: string) => string) | undefined;
}

/**
 * The value of an expression over one record, in three-valued logic, where it can be told cheaply: comparisons and
 * logic over the record's own fields. Everything else is undecided, and so is what depends on it.
 */
export function evaluate(expression: BoundExpression, scope: EvaluationScope): Evaluated {
  switch (expression.kind) {
    case 'field':
      return scope.read(expression);
    case 'literal':
      return expression.value;
    case 'today':
      return formatDay(scope.today);
    case 'column':
      return UNDECIDED;
    case 'choice':
      return evaluateChoice(expression, scope);
    case 'operation':
      return evaluateOperation(expression, scope);
  }
}

function evaluateChoice({ branches, otherwise }: Choice, scope: EvaluationScope): Evaluated {
  for (const { when, value } of branches) {
    const holds = evaluate(when, scope);
    if (holds === UNDECIDED) return UNDECIDED;
    if (holds === true) return evaluate(value, scope);
  }
  return evaluate(otherwise, scope);
}

function evaluateOperation(expression: Operation, scope: EvaluationScope): Evaluated {
  const { operation, operands } = expression;
  switch (operation) {
    case 'and':
      return dominated(operands, false, scope);
    case 'or':
      return dominated(operands, true, scope);
    case 'coalesce':
      return firstValue(operands, scope);
    case 'eq':
    case 'ne':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return strictly(operands, scope, ([a, b]) => COMPARISONS[operation](compareValues(operands[0]?.type ?? 'text', a, b)));
    case 'in':
      return evaluateIn(operands, scope);
    case 'not':
      return strictly(operands, scope, ([value]) => value !== true);
    case 'is_null':
      return nullness(operands, scope);
    case 'contains':
      return strictly(operands, scope, ([text, part]) => sourceIdOf(text).includes(String(part)));
    case 'starts_with':
      return strictly(operands, scope, ([text, part]) => sourceIdOf(text).startsWith(String(part)));
    case 'list_contains':
      return strictly(operands, scope, ([list, item]) => Array.isArray(list) && list.includes(item));
    case 'day_of': {
      const { dayOf } = scope;
      return dayOf === undefined ? UNDECIDED : strictly(operands, scope, ([instant]) => dayOf(String(instant)));
    }
    default:
      return UNDECIDED;
  }
}

const COMPARISONS = {
  eq: (order: number) => order === 0,
  ne: (order: number) => order !== 0,
  lt: (order: number) => order < 0,
  lte: (order: number) => order <= 0,
  gt: (order: number) => order > 0,
  gte: (order: number) => order >= 0,
};

/** `and` is false and `or` is true as soon as one part is, whatever the others are. */
function dominated(operands: readonly BoundExpression[], decisive: boolean, scope: EvaluationScope): Evaluated {
  let result: Evaluated = !decisive;
  for (const operand of operands) {
    const value = evaluate(operand, scope);
    if (value === decisive) return decisive;
    if (value === UNDECIDED) result = UNDECIDED;
    else if (value === null && result !== UNDECIDED) result = null;
  }
  return result;
}

function firstValue(operands: readonly BoundExpression[], scope: EvaluationScope): Evaluated {
  for (const operand of operands) {
    const value = evaluate(operand, scope);
    if (value !== null) return value;
  }
  return null;
}

/** Undecided if an operand is, else null if one is. */
function strictly(
  operands: readonly BoundExpression[],
  scope: EvaluationScope,
  compute: (values: readonly JsonValue[]) => JsonValue,
): Evaluated {
  const values: JsonValue[] = [];
  for (const operand of operands) {
    const value = evaluate(operand, scope);
    if (value === UNDECIDED) return UNDECIDED;
    values.push(value);
  }
  return values.includes(null) ? null : compute(values);
}

function evaluateIn([first, ...list]: readonly BoundExpression[], scope: EvaluationScope): Evaluated {
  if (first === undefined || !list.every((each): each is Literal => each.kind === 'literal')) return UNDECIDED;
  const value = evaluate(first, scope);
  if (value === UNDECIDED || value === null) return value;
  if (list.some((each) => each.value !== null && compareValues(first.type, value, each.value) === 0)) return true;
  return list.some((each) => each.value === null) ? null : false;
}

function nullness(operands: readonly BoundExpression[], scope: EvaluationScope): Evaluated {
  const [value] = operands.map((operand) => evaluate(operand, scope));
  return value === UNDECIDED ? UNDECIDED : value === null;
}
