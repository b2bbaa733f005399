import type { JsonObject, JsonValue } from '@sophia/types';

/**
 * JSON by RFC 8785 (JCS): keys sorted by UTF-16 code units, no blanks, numbers and strings as
 * ECMAScript writes them. Equal values have equal text, so a hash over it identifies content.
 * Throws `TypeError` for what JSON cannot hold: not finite numbers, lone surrogates, undefined.
 */
export function canonicalJson(value: JsonValue): string {
  switch (typeof value) {
    case 'string':
      return writeString(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form.`);
      // `+ 0` writes minus zero as 0.
      return `${value + 0}`;
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return isArray(value) ? writeArray(value) : writeObject(value);
    default:
      throw new TypeError(`A value of type ${typeof value} has no JSON form.`);
  }
}

const isArray = (value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] => Array.isArray(value);

function writeObject(value: JsonObject): string {
  const keys = Object.keys(value);
  if (!isSorted(keys)) keys.sort();
  let text = '{';
  for (const key of keys) {
    const member = value[key];
    if (member === undefined) throw new TypeError(`The value of "${key}" is undefined, which has no JSON form.`);
    text += `${text.length === 1 ? '' : ','}${writeString(key)}:${canonicalJson(member)}`;
  }
  return `${text}}`;
}

function writeArray(values: readonly JsonValue[]): string {
  let text = '[';
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value === undefined) throw new TypeError(`Element ${index} is undefined, which has no JSON form.`);
    text += index === 0 ? canonicalJson(value) : `,${canonicalJson(value)}`;
  }
  return `${text}]`;
}

function isSorted(keys: readonly string[]): boolean {
  for (let index = 1; index < keys.length; index++) {
    if ((keys[index - 1] ?? '') > (keys[index] ?? '')) return false;
  }
  return true;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON escapes
const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;

function writeString(value: string): string {
  if (!NEEDS_ESCAPE.test(value)) return `"${value}"`;
  if (!value.isWellFormed()) throw new TypeError('A string with a lone surrogate has no canonical JSON form.');
  return JSON.stringify(value);
}
