import type { JsonValue } from '@sophia/types';
import { type BoundExpression, type Choice, type FieldRead, mapWhole } from '../expression/bound-expression.ts';
import { evaluate } from '../expression/evaluate.ts';
import { typedValue } from './typed-value.ts';

/** Finds the stored value of a field: `read.path` leads over references from the record that is judged; undefined where there is none. */
export type ReadField = (read: FieldRead) => JsonValue | undefined;

/**
 * Whether a condition of `bindRecordFilter` is true of a record, false, or (null) unknown, as in SQL. A value that is
 * not of its field's type makes what is asked of it unknown, also whether it is null.
 */
export function evaluateCondition(condition: BoundExpression, read: ReadField): boolean | null {
  const chosen = mapWhole(condition, (part) => (part.kind === 'choice' ? choose(part, read) : undefined));
  const value = evaluate(chosen, {
    // Filters over records name no relative day.
    today: 0,
    read: (field) => typedValue(read(field), field.type),
    dayOf: (instant) => instant.slice(0, 10),
  });
  return typeof value === 'boolean' ? value : null;
}

/** As in SQL, a branch whose condition is unknown is not taken. */
function choose({ branches, otherwise }: Choice, read: ReadField): BoundExpression {
  return branches.find(({ when }) => evaluateCondition(when, read) === true)?.value ?? otherwise;
}
