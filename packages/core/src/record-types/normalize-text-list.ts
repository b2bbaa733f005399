import { parseExactJson } from '@sophia/shared';
import type { JsonValue } from '@sophia/types';
import { FieldFailure, type Normalized } from './field-failure.ts';
import { normalizeText } from './normalize-text.ts';

const NOT_A_LIST = new FieldFailure('invalid_list', 'expected an array of texts; a text needs a separator set in the mapping');
const TOO_MANY = new FieldFailure('invalid_list', 'expected at most 10,000 items');
const MAX_ITEMS = 10_000;

/** An array of texts, each trimmed and in NFC, the empty ones left out. Text that spells a JSON array is read as one. */
export function normalizeTextList(value: JsonValue | undefined): Normalized<readonly string[]> {
  if (value === null || value === undefined || value === '') return undefined;
  const items = typeof value === 'string' ? parseArray(value) : value;
  if (!Array.isArray(items)) return NOT_A_LIST;
  if (items.length > MAX_ITEMS) return TOO_MANY;
  const texts: string[] = [];
  for (const item of items) {
    const text = normalizeText(item);
    if (text instanceof FieldFailure) return text;
    if (text !== undefined) texts.push(text);
  }
  return texts;
}

function parseArray(text: string): unknown {
  if (!text.trimStart().startsWith('[')) return undefined;
  try {
    return parseExactJson(text);
  } catch {
    return undefined; // Reported as "not a list" by the caller.
  }
}
