import type { JsonValue } from '@sophia/types';
import type { ValueType } from '../expression/bound-expression.ts';

/** A value in the form that comparisons of its type want; null where a stored value is not of the type. */
export type Comparable = string | number | bigint | boolean | null | readonly JsonValue[];

const DECIMAL = /^-?\d{1,20}(?:\.\d{1,10})?$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?Z$/;
const FRACTION_DIGITS = 10;

/** Reads a value as the catalog stores it. References, as texts, stand for their source id. */
export function comparable(value: JsonValue | undefined, type: ValueType): Comparable {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'text':
      return typeof value === 'string' ? value : referenceId(value);
    case 'integer':
    case 'money':
      return scaled(value);
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' && DAY.test(value) ? value : null;
    case 'timestamp':
      return typeof value === 'string' ? sortableInstant(value) : null;
    case 'text_list':
      return Array.isArray(value) ? value : null;
    case 'json':
      return true;
  }
}

/** The instant so that texts compare as instants do: always six digits of the second, no `Z`. */
export function sortableInstant(text: string): string | null {
  const parts = INSTANT.exec(text);
  return parts === null ? null : `${parts[1]}.${(parts[2] ?? '').padEnd(6, '0')}`;
}

/** An exact decimal, as a whole number of 10^-10. */
function scaled(value: JsonValue): bigint | null {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !DECIMAL.test(text)) return null;
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(FRACTION_DIGITS, '0'));
}

const referenceId = (value: JsonValue): string | null =>
  typeof value === 'object' && value !== null && 'source_id' in value && typeof value.source_id === 'string' ? value.source_id : null;
