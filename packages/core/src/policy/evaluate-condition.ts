import type { JsonValue } from '@sophia/types';
import type { BoundExpression, FieldRead } from '../expression/bound-expression.ts';
import { evaluate } from '../expression/evaluate.ts';
import { typedValue } from './typed-value.ts';

/** Finds the stored value of a field: `read.path` leads over references from the record that is judged; undefined where there is none. */
export type ReadField = (read: FieldRead) => JsonValue | undefined;

/** Whether a condition of `bindRecordFilter` is true of a record, false, or (null) unknown, as in SQL. */
export function evaluateCondition(condition: BoundExpression, read: ReadField): boolean | null {
  const value = evaluate(condition, {
    // Filters over records name no relative day.
    today: 0,
    read: (field) => typedValue(read(field), field.type),
    dayOf: (instant) => instant.slice(0, 10),
  });
  return typeof value === 'boolean' ? value : null;
}
