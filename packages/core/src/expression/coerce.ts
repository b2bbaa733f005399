import { FieldFailure } from '../record-types/field-failure.ts';
import { compileFieldNormalizer } from '../record-types/field-normalizer.ts';
import { type BoundExpression, type Literal, literal, operation, type ValueType } from './bound-expression.ts';

const NUMERIC: readonly ValueType[] = ['integer', 'money', 'number'];

export const isNumeric = (type: ValueType): boolean => NUMERIC.includes(type);

export const isNull = (expression: BoundExpression): boolean => expression.kind === 'literal' && expression.value === null;

/** An amount of at most four decimals is exact as money; a text may stand for a day or an instant. */
const suits = (expression: BoundExpression, type: ValueType): boolean => asLiteral(expression, type) !== undefined;

/**
 * The one type that all of these can be given in: integers widen to money, and either to number; literals adapt.
 * Undefined where there is none.
 */
export function commonType(expressions: readonly BoundExpression[]): ValueType | undefined {
  const fixed = expressions.filter((expression) => expression.kind !== 'literal');
  const types = new Set((fixed.length > 0 ? fixed : expressions.filter((expression) => !isNull(expression))).map(({ type }) => type));
  let type = widest(types);
  if (types.size === 0) type = 'text';
  if (type === undefined) return undefined;
  for (const expression of expressions) {
    if (expression.type === type || isNull(expression) || suits(expression, type)) continue;
    type = widest(new Set([type, expression.type]));
    if (type === undefined) return undefined;
  }
  return type;
}

function widest(types: ReadonlySet<ValueType>): ValueType | undefined {
  if (types.size <= 1) return [...types][0];
  return [...types].every(isNumeric) ? NUMERIC.findLast((type) => types.has(type)) : undefined;
}

/** The expression in that type, or undefined where it cannot be. */
export function coerce(expression: BoundExpression, type: ValueType): BoundExpression | undefined {
  if (expression.type === type) return expression;
  if (expression.kind === 'literal') return asLiteral(expression, type);
  return isNumeric(expression.type) && isNumeric(type) && NUMERIC.indexOf(type) > NUMERIC.indexOf(expression.type)
    ? operation('convert', type, [expression])
    : undefined;
}

function asLiteral(expression: BoundExpression, type: ValueType): Literal | undefined {
  if (expression.kind !== 'literal') return undefined;
  if (expression.value === null) return literal(type, null);
  const adapts = isNumeric(expression.type) ? isNumeric(type) : expression.type === 'text' && (type === 'date' || type === 'timestamp');
  if (!adapts) return undefined;
  const value = canonicalValue(type, expression.value);
  return value === undefined ? undefined : literal(type, value);
}

/** The canonical form of a value given by a person, or undefined where it is none of that type. */
export function canonicalValue(type: ValueType, value: string | number | boolean): string | boolean | undefined {
  if (type === 'text_list' || type === 'json') return undefined;
  // Text is compared as it is given, neither trimmed nor empty for null, but in NFC as it is stored.
  if (type === 'text') return typeof value === 'string' ? value.normalize('NFC') : undefined;
  if (type === 'boolean') return typeof value === 'boolean' ? value : TRUTH.get(value);
  if (typeof value === 'boolean') return undefined;
  const canonical = NORMALIZERS[type](value);
  if (canonical === undefined || canonical instanceof FieldFailure) return undefined;
  return String(canonical);
}

/** As they are typed. */
const TRUTH: ReadonlyMap<unknown, boolean> = new Map([
  ['true', true],
  ['false', false],
]);

const NORMALIZERS = {
  integer: compileFieldNormalizer({ name: 'integer', type: 'integer' }),
  number: compileFieldNormalizer({ name: 'number', type: 'number' }),
  money: compileFieldNormalizer({ name: 'money', type: 'money' }),
  date: compileFieldNormalizer({ name: 'date', type: 'date' }),
  timestamp: compileFieldNormalizer({ name: 'timestamp', type: 'timestamp' }),
};
