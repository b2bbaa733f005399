import { closest } from '../semantic/closest.ts';
import { type BoundExpression, type OperationName, operation, type ValueType } from './bound-expression.ts';
import { coerce, isNumeric } from './coerce.ts';
import { ExpressionProblem } from './expression.ts';
import { alike, choice, condition, describeType } from './typing.ts';

/** Binds a function of the language to its arguments; throws `ExpressionProblem`. */
export function bindCall(name: string, operands: readonly BoundExpression[], at: number): BoundExpression {
  const definition = FUNCTIONS[name];
  if (definition === undefined) {
    throw new ExpressionProblem(at, `there is no function ${name}${closest(name, Object.keys(FUNCTIONS))}`);
  }
  const [least, most] = definition.operands;
  if (operands.length < least || operands.length > most) {
    throw new ExpressionProblem(at, `${definition.form} was given ${operands.length} ${operands.length === 1 ? 'value' : 'values'}`);
  }
  const bound = definition.bind(operands, at);
  if (bound === undefined) {
    throw new ExpressionProblem(at, `${definition.form} cannot take ${operands.map(({ type }) => describeType(type)).join(', ')}`);
  }
  return bound;
}

interface FunctionDefinition {
  /** How it is written, for messages. */
  readonly form: string;
  /** Least and most operands. */
  readonly operands: readonly [number, number];
  /** Undefined where the types do not fit. */
  readonly bind: (operands: readonly BoundExpression[], at: number) => BoundExpression | undefined;
}

const MANY = 50;

const FUNCTIONS: Readonly<Record<string, FunctionDefinition | undefined>> = {
  if: { form: 'if(condition, then, else)', operands: [3, 3], bind: bindIf },
  coalesce: { form: 'coalesce(value, …)', operands: [1, MANY], bind: (operands, at) => sameType('coalesce', alike(operands, at)) },
  nullif: { form: 'nullif(value, other)', operands: [2, 2], bind: (operands, at) => sameType('nullif', alike(operands, at)) },
  abs: { form: 'abs(number)', operands: [1, 1], bind: (operands) => (numeric(operands[0]) ? sameType('absolute', operands) : undefined) },
  round: { form: 'round(number, digits from 0 to 10)', operands: [1, 2], bind: bindRound },
  lower: { form: 'lower(text)', operands: [1, 1], bind: (operands) => ofTexts('lower', 'text', operands) },
  upper: { form: 'upper(text)', operands: [1, 1], bind: (operands) => ofTexts('upper', 'text', operands) },
  concat: { form: 'concat(text, …)', operands: [1, MANY], bind: (operands) => ofTexts('concat', 'text', operands) },
  contains: { form: 'contains(text, part)', operands: [2, 2], bind: bindContains },
  starts_with: { form: 'starts_with(text, beginning)', operands: [2, 2], bind: (operands) => ofTexts('starts_with', 'boolean', operands) },
  date: { form: 'date(day or instant)', operands: [1, 1], bind: ([value]) => (value === undefined ? undefined : dayOf(value)) },
  days_between: { form: 'days_between(from, to)', operands: [2, 2], bind: bindDaysBetween },
};

const numeric = (operand: BoundExpression | undefined): boolean => operand !== undefined && isNumeric(operand.type);

const sameType = (name: OperationName, operands: readonly BoundExpression[]): BoundExpression | undefined =>
  operands[0] === undefined ? undefined : operation(name, operands[0].type, operands);

function ofTexts(name: OperationName, type: ValueType, operands: readonly BoundExpression[]): BoundExpression | undefined {
  const texts = operands.map((operand) => coerce(operand, 'text'));
  return texts.includes(undefined) ? undefined : operation(name, type, texts as BoundExpression[]);
}

function bindIf([test, ...values]: readonly BoundExpression[], at: number): BoundExpression | undefined {
  return test === undefined ? undefined : choice([condition(test, at)], values, at);
}

/** A whole number stays what it is; halves go away from zero. */
function bindRound([value, digits]: readonly BoundExpression[]): BoundExpression | undefined {
  if (value === undefined || !isNumeric(value.type)) return undefined;
  if (value.type === 'integer') return value;
  const count = digits === undefined ? '0' : digits.kind === 'literal' && digits.type === 'integer' ? digits.value : null;
  if (typeof count !== 'string' || Number(count) < 0 || Number(count) > 10) return undefined;
  return operation('round', value.type, [value, { kind: 'literal', type: 'integer', value: count }]);
}

function bindContains(operands: readonly BoundExpression[]): BoundExpression | undefined {
  const [list, part] = operands;
  if (list?.type !== 'text_list') return ofTexts('contains', 'boolean', operands);
  return part?.type === 'text' ? operation('list_contains', 'boolean', [list, part]) : undefined;
}

function bindDaysBetween(operands: readonly BoundExpression[]): BoundExpression | undefined {
  const days = operands.map(dayOf);
  return days.includes(undefined) ? undefined : operation('days_between', 'integer', days as BoundExpression[]);
}

/** The calendar day: of an instant, in the query's time zone. */
function dayOf(value: BoundExpression): BoundExpression | undefined {
  if (value.type === 'timestamp') return operation('day_of', 'date', [value]);
  return coerce(value, 'date');
}
