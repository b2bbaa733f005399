import { keyText } from '@sophia/core';
import type { JsonValue } from '@sophia/types';

/** A source id as the key will have it, as far as it can be told before the row is judged; null where it cannot. */
export const routableId = (value: JsonValue | undefined): string | null => {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string' || value.includes('\u0000') || !value.isWellFormed()) return null;
  const trimmed = keyText(value);
  return trimmed === '' || trimmed.length > MAX_ID_LENGTH ? null : trimmed;
};

const MAX_ID_LENGTH = 500;
