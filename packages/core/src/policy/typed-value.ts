import type { JsonValue } from '@sophia/types';
import type { ValueType } from '../expression/bound-expression.ts';

/** These, and `sortableInstant`, are the forms that `postgresCondition` takes too: both must change together. */
const DECIMAL = /^-?\d{1,20}(?:\.\d{1,10})?$/;
const WHOLE = /^-?\d{1,20}$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?Z$/;

/**
 * A value as the catalog stores it, null where it is not of the field's type: a type may have changed since. References,
 * which are read as texts, stand for their source id.
 */
export function typedValue(value: JsonValue | undefined, type: ValueType): JsonValue {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'text':
      return typeof value === 'string' ? value : referenceId(value);
    case 'integer':
      return isNumeric(value, WHOLE) ? value : null;
    case 'money':
      return isNumeric(value, DECIMAL) ? value : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' && DAY.test(value) ? value : null;
    case 'timestamp':
      return typeof value === 'string' && INSTANT.test(value) ? value : null;
    case 'text_list':
      return Array.isArray(value) ? value : null;
    case 'json':
      return value;
  }
}

/** An instant of the catalog's form so that texts compare as instants do: always six digits of the second, no `Z`. */
export const sortableInstant = (instant: string): string =>
  instant.replace(INSTANT, (_, second: string, fraction = '') => `${second}.${fraction.padEnd(6, '0')}`);

const isNumeric = (value: JsonValue, shape: RegExp): boolean =>
  (typeof value === 'number' || typeof value === 'string') && shape.test(String(value));

const referenceId = (value: JsonValue): string | null =>
  typeof value === 'object' && value !== null && 'source_id' in value && typeof value.source_id === 'string' ? value.source_id : null;
