import type { JsonValue } from '@sophia/types';
import { FieldFailure, type Normalized } from './field-failure.ts';

const NOT_TEXT = new FieldFailure('invalid_text', 'expected text');
const NUL = new FieldFailure('invalid_text', 'expected text without the character U+0000, which PostgreSQL cannot hold');
const BROKEN_UNICODE = new FieldFailure('invalid_text', 'expected well-formed Unicode; half of a surrogate pair was found');

/** Anything but printable ASCII without spaces at its ends: only that needs a second look. */
const NEEDS_WORK = /[^\x20-\x7e]|^\x20|\x20$/;

/** Text trimmed and in Unicode's NFC; a number becomes its decimal form, since ids are often numbers. */
export function normalizeText(value: JsonValue | undefined): Normalized<string> {
  if (typeof value === 'string') {
    if (!NEEDS_WORK.test(value)) return value === '' ? undefined : value;
    return wellFormed(value.trim());
  }
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return NOT_TEXT;
}

function wellFormed(text: string): Normalized<string> {
  const failure = textFailure(text);
  if (failure !== undefined) return failure;
  return text === '' ? undefined : text.normalize('NFC');
}

/** Why PostgreSQL's jsonb would refuse this text. */
export function textFailure(text: string): FieldFailure | undefined {
  if (text.includes('\0')) return NUL;
  return text.isWellFormed() ? undefined : BROKEN_UNICODE;
}
