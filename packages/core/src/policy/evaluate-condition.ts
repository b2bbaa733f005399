import type { JsonValue } from '@sophia/types';
import type { BoundExpression, FieldRead, Operation } from '../expression/bound-expression.ts';
import { type Comparable, comparable } from './field-value.ts';

/** Finds the stored value of a field: `read.path` leads over references from the record that is judged; undefined where there is none. */
export type ReadField = (read: FieldRead) => JsonValue | undefined;

/** Whether a condition of `bindRecordFilter` is true of a record, false, or (null) unknown, as in SQL. */
export function evaluateCondition(condition: BoundExpression, read: ReadField): boolean | null {
  const value = evaluate(condition, read);
  return typeof value === 'boolean' ? value : null;
}

function evaluate(expression: BoundExpression, read: ReadField): Comparable {
  switch (expression.kind) {
    case 'field':
      return comparable(read(expression), expression.type);
    case 'literal':
      return comparable(literalValue(expression.value, expression.type), expression.type);
    case 'operation':
      return evaluateOperation(expression, read);
    case 'choice': {
      const branch = expression.branches.find(({ when }) => evaluate(when, read) === true);
      return evaluate(branch?.value ?? expression.otherwise, read);
    }
    default:
      throw new TypeError(`A filter over records holds no ${expression.kind}.`);
  }
}

/** Literals of numbers are decimal text. */
const literalValue = (value: string | boolean | null, type: BoundExpression['type']): string | number | boolean | null =>
  type === 'number' && value !== null ? Number(value) : value;

function evaluateOperation({ operation, operands }: Operation, read: ReadField): Comparable {
  if (operation === 'and' || operation === 'or') return connect(operation === 'or', operands, read);
  const values = operands.map((operand) => evaluate(operand, read));
  const [first = null, ...others] = values;
  if (operation === 'is_null') return first === null;
  if (first === null || others.includes(null)) return null;
  switch (operation) {
    case 'not':
      return first !== true;
    case 'in':
      return others.some((other) => compare(first, other) === 0);
    case 'contains':
      return String(first).includes(String(others[0]));
    case 'starts_with':
      return String(first).startsWith(String(others[0]));
    case 'list_contains':
      return Array.isArray(first) && first.includes(others[0]);
    case 'day_of':
      return String(first).slice(0, 10);
    case 'eq':
    case 'ne':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return HOLDS[operation](compare(first, others[0] as Comparable));
    default:
      throw new TypeError(`A filter over records has no operation ${operation}.`);
  }
}

const HOLDS = {
  eq: (order: number) => order === 0,
  ne: (order: number) => order !== 0,
  lt: (order: number) => order < 0,
  lte: (order: number) => order <= 0,
  gt: (order: number) => order > 0,
  gte: (order: number) => order >= 0,
} as const;

/** Kleene's `and` and `or`: one operand may decide, whatever is unknown beside it. */
function connect(deciding: boolean, operands: readonly BoundExpression[], read: ReadField): boolean | null {
  let unknown = false;
  for (const operand of operands) {
    const value = evaluate(operand, read);
    if (value === deciding) return deciding;
    unknown ||= value === null;
  }
  return unknown ? null : !deciding;
}

function compare(one: Comparable, other: Comparable): number {
  if (typeof one === 'string' && typeof other === 'string') return compareCodePoints(one, other);
  if (one === other) return 0;
  return (one as number | bigint | boolean) < (other as number | bigint | boolean) ? -1 : 1;
}

/** By code points, as databases order UTF-8: UTF-16 puts what lies beyond the basic plane before U+E000. */
function compareCodePoints(one: string, other: string): number {
  if (one === other) return 0;
  const length = Math.min(one.length, other.length);
  for (let index = 0; index < length; index++) {
    const a = one.charCodeAt(index);
    const b = other.charCodeAt(index);
    if (a !== b) return rank(a) - rank(b);
  }
  return one.length - other.length;
}

/** Surrogates rank above everything else of the basic plane. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit);
