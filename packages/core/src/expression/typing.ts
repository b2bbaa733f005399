import type { BoundExpression, ValueType } from './bound-expression.ts';
import { coerce, commonType, isNull } from './coerce.ts';
import { ExpressionProblem } from './expression.ts';

/** One value for each condition, and one for none of them. */
export function choice(conditions: readonly BoundExpression[], values: readonly BoundExpression[], at: number): BoundExpression {
  const results = alike(values, at).operands;
  const otherwise = results[results.length - 1] as BoundExpression;
  return {
    kind: 'choice',
    type: otherwise.type,
    branches: conditions.map((when, index) => ({ when, value: results[index] as BoundExpression })),
    otherwise,
  };
}

export function condition(expression: BoundExpression, at: number): BoundExpression {
  const bound = coerce(expression, 'boolean');
  if (bound === undefined) throw new ExpressionProblem(at, `expected a condition, found ${describeType(expression.type)}`);
  return bound;
}

/** All of them in their one common type. */
export function alike(
  expressions: readonly BoundExpression[],
  at: number,
): { readonly type: ValueType; readonly operands: readonly BoundExpression[] } {
  const type = commonType(expressions);
  const coerced = type === undefined ? [] : expressions.map((expression) => coerce(expression, type));
  if (type === undefined || coerced.includes(undefined)) {
    const types = [...new Set(expressions.map((expression) => describeType(expression.type)))];
    throw new ExpressionProblem(at, `${types.join(' and ')} cannot stand together here`);
  }
  if (type === 'json' || type === 'text_list') throw new ExpressionProblem(at, `${describeType(type)} cannot be compared`);
  return { type, operands: coerced as BoundExpression[] };
}

/** What an expression is: its type, of which null is none. */
export const describe = (expression: BoundExpression): string => (isNull(expression) ? 'null' : describeType(expression.type));

export const describeType = (type: ValueType): string => TYPE_NAMES[type];

const TYPE_NAMES: Readonly<Record<ValueType, string>> = {
  text: 'a text',
  integer: 'a whole number',
  number: 'a number',
  money: 'an amount of money',
  boolean: 'a condition',
  date: 'a day',
  timestamp: 'an instant (date(…) gives its day)',
  text_list: 'a list of texts',
  json: 'JSON',
};
