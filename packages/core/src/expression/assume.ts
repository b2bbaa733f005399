import { type BoundExpression, conjuncts, TRUE } from './bound-expression.ts';

/**
 * The expression where these conditions are known to be true, without what they decide: in the records of won deals
 * `if(status = 'won', amount, null)` is `amount`.
 */
export function assume(expression: BoundExpression, conditions: readonly BoundExpression[]): BoundExpression {
  const truths = new Set(conditions.flatMap(conjuncts).map((condition) => JSON.stringify(condition)));
  return truths.size === 0 ? expression : simplify(expression, truths);
}

function simplify(expression: BoundExpression, truths: ReadonlySet<string>): BoundExpression {
  if (expression.type === 'boolean' && truths.has(JSON.stringify(expression))) return TRUE;
  if (expression.kind === 'operation') return { ...expression, operands: expression.operands.map((operand) => simplify(operand, truths)) };
  if (expression.kind !== 'choice') return expression;
  const branches = expression.branches.map(({ when, value }) => ({ when: simplify(when, truths), value: simplify(value, truths) }));
  const [first] = branches;
  if (first?.when === TRUE) return first.value;
  return { ...expression, branches, otherwise: simplify(expression.otherwise, truths) };
}
