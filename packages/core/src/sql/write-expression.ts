import type { DialectOperation } from '../dialects/dialect.ts';
import type { BoundExpression, Choice, FieldRead, Operation } from '../expression/bound-expression.ts';
import { COMPARISON_SIGNS } from '../expression/comparison-signs.ts';
import type { QueryTime } from '../query/time-bounds.ts';
import { formatDay } from '../time/calendar.ts';
import type { StatementWriter } from './statement-writer.ts';

/** What the leaves of an expression are in one place of a statement. */
export interface ExpressionScope {
  readonly writer: StatementWriter;
  readonly time: QueryTime;
  readonly field: (read: FieldRead) => string;
  readonly column: (name: string) => string;
}

/** The expression as SQL, in parentheses where anything may stand beside it. */
export function writeExpression(expression: BoundExpression, scope: ExpressionScope): string {
  const { writer, time } = scope;
  switch (expression.kind) {
    case 'field':
      return scope.field(expression);
    case 'column':
      return scope.column(expression.name);
    case 'literal':
      if (expression.value === null) return writer.dialect.cast('null', expression.type);
      if (typeof expression.value === 'boolean') return String(expression.value);
      return writer.dialect.literal(writer.bind(expression.value), expression.type);
    case 'today':
      return writer.dialect.literal(writer.bind(formatDay(time.today)), 'date');
    case 'operation':
      return writeOperation(expression, scope);
    case 'choice':
      return writeChoice(expression, scope);
  }
}

function writeOperation(expression: Operation, scope: ExpressionScope): string {
  const operands = expression.operands.map((operand) => writeExpression(operand, scope));
  const [first = '', second = ''] = operands;
  const { operation } = expression;
  switch (operation) {
    case 'eq':
    case 'ne':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return `(${first} ${COMPARISON_SIGNS[operation]} ${second})`;
    case 'in':
      return `(${first} in (${operands.slice(1).join(', ')}))`;
    case 'and':
    case 'or':
      return `(${operands.join(` ${operation} `)})`;
    case 'not':
      return `(not ${first})`;
    case 'is_null':
      return `(${first} is null)`;
    case 'coalesce':
      return operands.length === 1 ? first : `coalesce(${operands.join(', ')})`;
    case 'round': {
      // The number of digits is no value: dialects want a constant.
      const digits = expression.operands[1];
      return writeByDialect('round', expression, [first, digits?.kind === 'literal' ? String(Number(digits.value)) : '0'], scope);
    }
    default:
      return writeByDialect(operation, expression, operands, scope);
  }
}

function writeByDialect(
  name: DialectOperation,
  { type, grain }: Operation,
  operands: readonly string[],
  { writer, time }: ExpressionScope,
): string {
  const timeZone = time.timeZone === 'UTC' ? undefined : () => writer.bind(time.timeZone);
  return writer.dialect.operation(name, type, operands, { timeZone, weekStart: time.weekStart, grain });
}

function writeChoice({ branches, otherwise }: Choice, scope: ExpressionScope): string {
  const whens = branches.map(({ when, value }) => `when ${writeExpression(when, scope)} then ${writeExpression(value, scope)}`);
  return `case ${whens.join(' ')} else ${writeExpression(otherwise, scope)} end`;
}
