import { closest } from '../semantic/closest.ts';
import { type BoundExpression, type OperationName, operation, type ValueType } from './bound-expression.ts';
import { coerce, isNull, isNumeric } from './coerce.ts';
import { ExpressionProblem } from './expression.ts';
import { alike, choice, condition, describe } from './typing.ts';

/** Binds a function of the language to its arguments; throws `ExpressionProblem`. */
export function bindCall(name: string, operands: readonly BoundExpression[], at: number): BoundExpression {
  const definition = FUNCTIONS.get(name);
  if (definition === undefined) {
    throw new ExpressionProblem(at, `there is no function ${name}${closest(name, FUNCTIONS.keys())}`);
  }
  const [least, most] = definition.operands;
  const [first, ...others] = operands;
  if (first === undefined || operands.length < least || operands.length > most) {
    throw new ExpressionProblem(at, `${definition.form} was given ${operands.length} ${operands.length === 1 ? 'value' : 'values'}`);
  }
  const bound = definition.bind([first, ...others], at);
  if (bound === undefined) {
    throw new ExpressionProblem(at, `${definition.form} cannot take ${operands.map(describe).join(', ')}`);
  }
  return bound;
}

/** No function does without a value. */
type Operands = readonly [BoundExpression, ...BoundExpression[]];

interface FunctionDefinition {
  /** How it is written, for messages. */
  readonly form: string;
  /** Least and most operands. */
  readonly operands: readonly [number, number];
  /** Undefined where the types do not fit. */
  readonly bind: (operands: Operands, at: number) => BoundExpression | undefined;
}

const MANY = 50;

const FUNCTIONS: ReadonlyMap<string, FunctionDefinition> = new Map(
  Object.entries<FunctionDefinition>({
    if: { form: 'if(condition, then, else)', operands: [3, 3], bind: bindIf },
    coalesce: {
      form: `coalesce(value, …) of at most ${MANY} values`,
      operands: [1, MANY],
      bind: (operands, at) => ofOneType('coalesce', operands, at),
    },
    nullif: { form: 'nullif(value, other)', operands: [2, 2], bind: (operands, at) => ofOneType('nullif', operands, at) },
    abs: { form: 'abs(number)', operands: [1, 1], bind: bindAbsolute },
    round: { form: 'round(number, digits from 0 to 10)', operands: [1, 2], bind: bindRound },
    lower: { form: 'lower(text)', operands: [1, 1], bind: (operands) => ofTexts('lower', 'text', operands) },
    upper: { form: 'upper(text)', operands: [1, 1], bind: (operands) => ofTexts('upper', 'text', operands) },
    concat: {
      form: `concat(text, …) of at most ${MANY} texts`,
      operands: [1, MANY],
      bind: (operands) => ofTexts('concat', 'text', operands),
    },
    contains: { form: 'contains(text or list, part)', operands: [2, 2], bind: bindContains },
    starts_with: {
      form: 'starts_with(text, beginning)',
      operands: [2, 2],
      bind: (operands) => ofTexts('starts_with', 'boolean', operands),
    },
    date: { form: 'date(day or instant)', operands: [1, 1], bind: ([value]) => dayOf(value) },
    days_between: { form: 'days_between(from, to)', operands: [2, 2], bind: bindDaysBetween },
  }),
);

function ofOneType(name: OperationName, given: Operands, at: number): BoundExpression {
  const { type, operands } = alike(given, at);
  return operation(name, type, operands);
}

function ofTexts(name: OperationName, type: ValueType, operands: readonly BoundExpression[]): BoundExpression | undefined {
  const texts = operands.map((operand) => coerce(operand, 'text'));
  return texts.includes(undefined) ? undefined : operation(name, type, texts as BoundExpression[]);
}

function bindIf([test, ...values]: Operands, at: number): BoundExpression {
  return choice([condition(test, at)], values, at);
}

function bindAbsolute([value]: Operands): BoundExpression | undefined {
  return isNumeric(value.type) ? operation('absolute', value.type, [value]) : undefined;
}

/** A whole number stays what it is; halves go away from zero. */
function bindRound([value, digits]: Operands): BoundExpression | undefined {
  if (!isNumeric(value.type)) return undefined;
  const count = digits === undefined ? '0' : digits.kind === 'literal' && digits.type === 'integer' ? digits.value : null;
  if (typeof count !== 'string' || Number(count) < 0 || Number(count) > 10) return undefined;
  if (value.type === 'integer') return value;
  return operation('round', value.type, [value, { kind: 'literal', type: 'integer', value: count }]);
}

function bindContains(operands: Operands): BoundExpression | undefined {
  const [list, part] = operands;
  if (list.type !== 'text_list') return ofTexts('contains', 'boolean', operands);
  return part?.type === 'text' ? operation('list_contains', 'boolean', [list, part]) : undefined;
}

function bindDaysBetween(operands: Operands): BoundExpression | undefined {
  const days = operands.map(dayOf);
  return days.includes(undefined) ? undefined : operation('days_between', 'integer', days as BoundExpression[]);
}

/** The calendar day: of an instant, in the query's time zone. A text that says its offset from UTC is an instant, midnight too. */
function dayOf(value: BoundExpression): BoundExpression | undefined {
  const instant = isNull(value) ? undefined : coerce(value, 'timestamp');
  return instant === undefined ? coerce(value, 'date') : operation('day_of', 'date', [instant]);
}
