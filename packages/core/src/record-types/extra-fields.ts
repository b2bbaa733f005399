import { isJsonObject } from '@sophia/shared';
import type { JsonObject, JsonValue, RowError } from '@sophia/types';
import { FieldFailure } from './field-failure.ts';
import { normalizeJson } from './normalize-json.ts';
import { textFailure } from './normalize-text.ts';
import { rowError } from './row-error.ts';

const MAX_FIELDS = 1000;
const MAX_NAME_LENGTH = 200;

const TOO_MANY = new FieldFailure('too_many_fields', `expected at most ${MAX_FIELDS} fields that the record type does not know`);
const BAD_NAME = new FieldFailure('invalid_field_name', `expected a name of 1 to ${MAX_NAME_LENGTH} characters, and not __proto__`);

/**
 * Gathers what a record type does not know, as it came. A field named `extra` that holds an object is taken apart,
 * so that a record which was read can be sent back unchanged; a field beside it wins over one inside it.
 */
export function collectExtra(
  fields: JsonObject,
  names: readonly string[],
  line: number,
): { readonly data: JsonObject | undefined; readonly errors: readonly RowError[] } {
  const nested = isJsonObject(fields.extra) ? fields.extra : undefined;
  const inner = nested === undefined ? [] : Object.keys(nested);
  const beside = nested === undefined ? names : names.filter((name) => name !== 'extra');
  if (inner.length + beside.length > MAX_FIELDS && new Set([...inner, ...beside]).size > MAX_FIELDS) {
    return { data: undefined, errors: [rowError(line, TOO_MANY, inner.length > MAX_FIELDS ? 'extra' : undefined, undefined)] };
  }
  const data: Record<string, JsonValue> = {};
  const errors: RowError[] = [];
  const add = (name: string, value: JsonValue | undefined): void => {
    const kept = isName(name) ? normalizeJson(value) : BAD_NAME;
    if (kept instanceof FieldFailure) errors.push(rowError(line, kept, name, value));
    else if (kept !== undefined) data[name] = kept;
  };
  for (const name of inner) add(name, nested?.[name]);
  for (const name of beside) add(name, fields[name]);
  return { data: Object.keys(data).length === 0 ? undefined : data, errors };
}

const isName = (name: string): boolean =>
  name !== '' && name.length <= MAX_NAME_LENGTH && name !== '__proto__' && textFailure(name) === undefined;
