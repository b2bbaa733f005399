import type { JsonValue } from '@sophia/types';
import type { ValueType } from '../expression/bound-expression.ts';
import { type Evaluated, UNDECIDED } from '../expression/evaluate.ts';

/** These, and `sortableInstant`, are the forms that `postgresCondition` takes too: both must change together. */
const DECIMAL = /^-?\d{1,14}(?:\.\d{1,4})?$/;
const WHOLE = /^-?\d{1,19}$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?Z$/;

/**
 * A value as the catalog stores it, undecided where it is not of the field's type: a type may have changed since. It is
 * not null then, for the warehouse may cast it. References, which are read as texts, stand for their source id.
 */
export function typedValue(value: JsonValue | undefined, type: ValueType): Evaluated {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'text':
      return typeof value === 'string' ? value : referenceId(value);
    case 'integer':
      return isNumeric(value, WHOLE) ? value : UNDECIDED;
    case 'money':
      return isNumeric(value, DECIMAL) ? value : UNDECIDED;
    case 'number':
      return typeof value === 'number' ? value : UNDECIDED;
    case 'boolean':
      return typeof value === 'boolean' ? value : UNDECIDED;
    case 'date':
      return typeof value === 'string' && DAY.test(value) ? value : UNDECIDED;
    case 'timestamp':
      return typeof value === 'string' && INSTANT.test(value) ? value : UNDECIDED;
    case 'text_list':
      return Array.isArray(value) ? value : UNDECIDED;
    case 'json':
      return value;
  }
}

/** An instant of the catalog's form so that texts compare as instants do: always six digits of the second, no `Z`. */
export const sortableInstant = (instant: string): string =>
  instant.replace(INSTANT, (_, second: string, fraction = '') => `${second}.${fraction.padEnd(6, '0')}`);

const isNumeric = (value: JsonValue, shape: RegExp): boolean =>
  (typeof value === 'number' || typeof value === 'string') && shape.test(String(value));

const referenceId = (value: JsonValue): Evaluated =>
  typeof value === 'object' && value !== null && 'source_id' in value && typeof value.source_id === 'string' ? value.source_id : UNDECIDED;
