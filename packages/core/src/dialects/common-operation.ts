import type { ValueType } from '../expression/bound-expression.ts';
import type { Dialect, DialectOperation } from './dialect.ts';

/** Those that the dialects write alike but for the names of types. */
export type CommonOperation = Exclude<
  DialectOperation,
  'starts_with' | 'list_contains' | 'add_days' | 'days_between' | 'day_of' | 'period'
>;

export function writeCommonOperation(name: CommonOperation, type: ValueType, operands: readonly string[], cast: Dialect['cast']): string {
  const [a = '', b = ''] = operands;
  switch (name) {
    case 'add':
      return `(${a} + ${b})`;
    case 'subtract':
      return `(${a} - ${b})`;
    case 'multiply':
      return `(${a} * ${b})`;
    case 'divide':
      return `(${a} / nullif(${b}, 0))`;
    case 'negate':
      return `(-${a})`;
    case 'absolute':
      return `abs(${a})`;
    case 'round':
      // A decimal loses the digits behind it.
      return type === 'money' ? cast(`round(${a}, ${b})`, type) : `round(${a}, ${b})`;
    case 'convert':
      return cast(a, type);
    case 'nullif':
      return `nullif(${a}, ${b})`;
    case 'lower':
    case 'upper':
      return `${name}(${a})`;
    case 'concat':
      // concat() takes null for nothing; || gives null.
      return `(${operands.join(' || ')})`;
    case 'contains':
      return `contains(${a}, ${b})`;
  }
}
