import type { FieldDefinition, JsonValue } from '@sophia/types';
import { FieldFailure, type Normalized } from './field-failure.ts';
import { normalizeBoolean } from './normalize-boolean.ts';
import { normalizeDate } from './normalize-date.ts';
import { normalizeJson } from './normalize-json.ts';
import { normalizeMoney } from './normalize-money.ts';
import { normalizeInteger, normalizeNumber } from './normalize-number.ts';
import { normalizeReference } from './normalize-reference.ts';
import { normalizeText } from './normalize-text.ts';
import { normalizeTextList } from './normalize-text-list.ts';
import { normalizeTimestamp } from './normalize-timestamp.ts';

export type FieldNormalizer = (value: JsonValue | undefined) => Normalized<JsonValue>;

/** Longest text of a field that sets no length, in characters. */
const DEFAULT_MAX_LENGTH = 1_000_000;

/** The function that makes a field's values canonical and holds its limits. */
export function compileFieldNormalizer(field: FieldDefinition): FieldNormalizer {
  switch (field.type) {
    case 'text':
      return withText(field);
    case 'integer':
      return withRange(field, normalizeInteger);
    case 'number':
      return withRange(field, normalizeNumber);
    case 'money':
      return withRange(field, normalizeMoney);
    case 'boolean':
      return normalizeBoolean;
    case 'date':
      return normalizeDate;
    case 'timestamp':
      return normalizeTimestamp;
    case 'reference':
      return normalizeReference;
    case 'text_list':
      return normalizeTextList;
    case 'json':
      return normalizeJson;
  }
}

function withText(field: FieldDefinition): FieldNormalizer {
  const maxLength = field.maxLength ?? DEFAULT_MAX_LENGTH;
  const tooLong = new FieldFailure('text_too_long', `expected at most ${maxLength} characters`);
  const values = field.values === undefined ? undefined : new Set(field.values);
  const notAllowed = new FieldFailure('value_not_allowed', `expected one of ${[...(values ?? [])].join(', ')}`);
  return (value) => {
    const text = normalizeText(value);
    if (typeof text !== 'string') return text;
    if (values !== undefined && !values.has(text)) return notAllowed;
    return text.length > maxLength ? tooLong : text;
  };
}

function withRange(field: FieldDefinition, normalize: (value: JsonValue | undefined) => Normalized<number | string>): FieldNormalizer {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = field;
  if (field.minimum === undefined && field.maximum === undefined) return normalize;
  const outOfRange = new FieldFailure('out_of_range', `expected a value ${describeRange(field)}`);
  return (value) => {
    const number = normalize(value);
    if (number === undefined || number instanceof FieldFailure) return number;
    return Number(number) < minimum || Number(number) > maximum ? outOfRange : number;
  };
}

function describeRange({ minimum, maximum }: FieldDefinition): string {
  if (maximum === undefined) return `of at least ${minimum}`;
  return minimum === undefined ? `of at most ${maximum}` : `from ${minimum} to ${maximum}`;
}
