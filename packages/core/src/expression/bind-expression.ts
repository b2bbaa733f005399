import { bindCall } from './bind-call.ts';
import { type BoundExpression, literal, operation, type ValueType } from './bound-expression.ts';
import { coerce, commonType, isNumeric } from './coerce.ts';
import { type ArithmeticOperator, type ComparisonOperator, type Expression, ExpressionProblem } from './expression.ts';
import { alike, choice, condition, describeType } from './typing.ts';

/** Finds what a name stands for; throws `ExpressionProblem` where it stands for nothing. */
export type NameResolver = (path: readonly string[], at: number) => BoundExpression;

/** Gives every name its meaning and every part its type; throws `ExpressionProblem`. */
export function bindExpression(expression: Expression, resolve: NameResolver): BoundExpression {
  const bind = (part: Expression): BoundExpression => bindExpression(part, resolve);
  switch (expression.kind) {
    case 'number':
      return literal(isWhole(expression.text) ? 'integer' : 'number', expression.text);
    case 'text':
      return literal('text', expression.value.normalize('NFC')); // as texts are stored
    case 'boolean':
      return literal('boolean', expression.value);
    case 'null':
      return literal('text', null);
    case 'today':
      return { kind: 'today', type: 'date' };
    case 'name':
      return resolve(expression.path, expression.at);
    case 'negative':
      return bindNegative(bind(expression.operand), expression.at);
    case 'not':
      return operation('not', 'boolean', [condition(bind(expression.operand), expression.operand.at)]);
    case 'is_null':
      return operation('is_null', 'boolean', [bind(expression.operand)]);
    case 'in':
      return operation('in', 'boolean', alike([expression.operand, ...expression.list].map(bind), expression.at).operands);
    case 'case':
      return bindCase(expression, bind);
    case 'call':
      return bindCall(expression.name, expression.arguments.map(bind), expression.at);
    case 'binary':
      return bindBinary(expression, bind(expression.left), bind(expression.right));
  }
}

/** Integers of more than 18 digits may not fit 64 bits. */
const isWhole = (text: string): boolean => !text.includes('.') && text.length <= 18;

function bindNegative(operand: BoundExpression, at: number): BoundExpression {
  if (!isNumeric(operand.type)) throw new ExpressionProblem(at, `- needs a number, not ${describeType(operand.type)}`);
  if (operand.kind === 'literal' && typeof operand.value === 'string') {
    return literal(operand.type, operand.value.startsWith('-') ? operand.value.slice(1) : `-${operand.value}`);
  }
  return operation('negate', operand.type, [operand]);
}

function bindBinary(expression: Expression & { kind: 'binary' }, left: BoundExpression, right: BoundExpression): BoundExpression {
  const { operator, at } = expression;
  switch (operator) {
    case 'and':
    case 'or':
      return operation(operator, 'boolean', [condition(left, expression.left.at), condition(right, expression.right.at)]);
    case '+':
    case '-':
    case '*':
    case '/':
      return arithmetic(operator, left, right, at);
    case '=':
    case '<>':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return operation(COMPARISONS[operator], 'boolean', alike([left, right], at).operands);
  }
}

const COMPARISONS = { '=': 'eq', '<>': 'ne', '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' } as const satisfies Record<
  ComparisonOperator,
  string
>;

const ARITHMETIC = { '+': 'add', '-': 'subtract', '*': 'multiply', '/': 'divide' } as const;

function arithmetic(operator: ArithmeticOperator, left: BoundExpression, right: BoundExpression, at: number): BoundExpression {
  const days = dayArithmetic(operator, left, right);
  if (days !== undefined) return days;
  const type = arithmeticType(operator, left, right);
  const operands = type === undefined ? undefined : [coerce(left, type), coerce(right, type)];
  if (type === undefined || operands === undefined || operands.includes(undefined)) {
    throw new ExpressionProblem(at, `${operator} cannot be applied to ${describeType(left.type)} and ${describeType(right.type)}`);
  }
  return operation(ARITHMETIC[operator], type, operands as BoundExpression[]);
}

/** Quotients and products of two amounts are numbers; an amount times a whole number is an amount. */
function arithmeticType(operator: ArithmeticOperator, left: BoundExpression, right: BoundExpression): ValueType | undefined {
  const common = commonType([left, right]);
  if (common === undefined || !isNumeric(common)) return undefined;
  if (operator === '/') return 'number';
  if (operator !== '*' || common !== 'money') return common;
  return 'number';
}

/** A day plus or minus days is a day, a day minus a day is days. */
function dayArithmetic(operator: ArithmeticOperator, left: BoundExpression, right: BoundExpression): BoundExpression | undefined {
  if ((left.type !== 'date' && right.type !== 'date') || (operator !== '+' && operator !== '-')) return undefined;
  const [day, otherDay] = [coerce(left, 'date'), coerce(right, 'date')];
  if (operator === '-' && day !== undefined && otherDay !== undefined) return operation('days_between', 'integer', [otherDay, day]);
  if (left.type !== 'date' || right.type !== 'integer') return undefined;
  return operation('add_days', 'date', [left, operator === '+' ? right : operation('negate', 'integer', [right])]);
}

function bindCase(expression: Expression & { kind: 'case' }, bind: (part: Expression) => BoundExpression): BoundExpression {
  const conditions = expression.branches.map(({ when }) => condition(bind(when), when.at));
  const otherwise = expression.otherwise === undefined ? literal('text', null) : bind(expression.otherwise);
  return choice(conditions, [...expression.branches.map(({ value }) => bind(value)), otherwise], expression.at);
}
