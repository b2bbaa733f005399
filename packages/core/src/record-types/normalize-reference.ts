import type { JsonObject, JsonValue } from '@sophia/types';
import { FieldFailure, type Normalized } from './field-failure.ts';
import { normalizeText } from './normalize-text.ts';

/** Longest source id in characters: four bytes each still fit PostgreSQL's limit of 2,704 bytes for an index entry, with the rest of the key. */
export const MAX_SOURCE_ID_LENGTH = 500;
/** Longest name of a source system in characters. */
export const MAX_SOURCE_SYSTEM_LENGTH = 100;

const NOT_A_REFERENCE = new FieldFailure('invalid_reference', 'expected a source id, or an object of source_system and source_id');
const TOO_LONG = new FieldFailure('source_id_too_long', `expected at most ${MAX_SOURCE_ID_LENGTH} characters`);

export type Reference = string | { readonly source_system: string; readonly source_id: string };

/** A source id, trimmed and in NFC; a number in its decimal form. */
export function normalizeSourceId(value: JsonValue | undefined): Normalized<string> {
  const text = normalizeText(value);
  return typeof text === 'string' && text.length > MAX_SOURCE_ID_LENGTH ? TOO_LONG : text;
}

/** A reference within the record's own source system, or to another one. An object whose source id is empty refers to nothing. */
export function normalizeReference(value: JsonValue | undefined): Normalized<Reference> {
  if (typeof value !== 'object' || value === null) return typeof value === 'boolean' ? NOT_A_REFERENCE : normalizeSourceId(value);
  if (!isReferenceObject(value)) return NOT_A_REFERENCE;
  const system = normalizeText(value.source_system);
  const id = normalizeSourceId(value.source_id);
  if (system instanceof FieldFailure || system === undefined || system.length > MAX_SOURCE_SYSTEM_LENGTH) return NOT_A_REFERENCE;
  return typeof id === 'string' ? { source_system: system, source_id: id } : id;
}

const isReferenceObject = (value: JsonObject | readonly JsonValue[]): value is JsonObject =>
  Object.keys(value).length === 2 && 'source_system' in value && 'source_id' in value;
