import type { JsonValue } from '@sophia/types';
import { FieldFailure, type Normalized } from './field-failure.ts';
import { textFailure } from './normalize-text.ts';

const TOO_DEEP = new FieldFailure('json_too_deep', 'expected at most 32 levels of objects and arrays');
const NOT_FINITE = new FieldFailure('invalid_number', 'expected numbers within the range of a double');
const MAX_DEPTH = 32;

/** Any JSON, as it came: refused where it is deeper than 32 levels or holds what PostgreSQL's jsonb cannot. */
export function normalizeJson(value: JsonValue | undefined): Normalized<JsonValue> {
  if (value === null || value === undefined || value === '') return undefined;
  return jsonFailure(value, 1) ?? value;
}

function jsonFailure(value: JsonValue, depth: number): FieldFailure | undefined {
  if (typeof value === 'string') return textFailure(value);
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : NOT_FINITE;
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > MAX_DEPTH) return TOO_DEEP;
  for (const key of Object.keys(value)) {
    const failure = textFailure(key) ?? jsonFailure(member(value, key), depth + 1);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

// Arrays have their indexes for keys, so that one loop serves both.
const member = (container: object, key: string): JsonValue => (container as Readonly<Record<string, JsonValue>>)[key] ?? null;
