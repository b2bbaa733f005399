import type { EncodedParameter } from './message-writer.ts';

/**
 * A value as PostgreSQL takes it for a bound parameter: text, or bytes for bytea.
 * Arrays become array literals, other objects JSON; JSON that is an array is passed as JSON text.
 */
export function encodeParameter(value: unknown): EncodedParameter {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
      return value.toString();
    case 'boolean':
      return value ? 't' : 'f';
    case 'object':
      return encodeObject(value);
    case 'undefined':
      return null;
    case 'function':
    case 'symbol':
      throw new TypeError(`A ${typeof value} cannot be bound to a statement.`);
  }
}

function encodeObject(value: object | null): EncodedParameter {
  if (value === null) return null;
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return encodeArray(value);
  return JSON.stringify(value);
}

function encodeArray(values: readonly unknown[]): string {
  let text = '{';
  for (let index = 0; index < values.length; index++) {
    if (index > 0) text += ',';
    text += encodeElement(values[index]);
  }
  return `${text}}`;
}

function encodeElement(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' || typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return encodeArray(value);
  const encoded = encodeParameter(value);
  if (encoded === null) return 'null';
  return typeof encoded === 'string' ? quote(encoded) : `"\\\\x${encoded.toString('hex')}"`;
}

/** In an array literal; the engine's JSON.stringify escapes what both escape in a fraction of the time, but others as well. */
function quote(text: string): string {
  if (!SPECIAL.test(text)) return `"${text}"`;
  return ESCAPED_BY_JSON_ALONE.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : JSON.stringify(text);
}

const SPECIAL = /["\\]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const ESCAPED_BY_JSON_ALONE = /[\u0000-\u001f\ud800-\udfff]/;
