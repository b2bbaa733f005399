import type { JsonValue } from '@sophia/types';
import { FieldFailure, type Normalized } from './field-failure.ts';

const NOT_BOOLEAN = new FieldFailure('invalid_boolean', 'expected true or false');

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['t', true],
  ['yes', true],
  ['y', true],
  ['1', true],
  ['false', false],
  ['f', false],
  ['no', false],
  ['n', false],
  ['0', false],
]);

/** A boolean; in text true, t, yes, y, 1 and their opposites in any case. */
export function normalizeBoolean(value: JsonValue | undefined): Normalized<boolean> {
  if (typeof value === 'boolean') return value;
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'string' && typeof value !== 'number') return NOT_BOOLEAN;
  const word = String(value).trim().toLowerCase();
  return word === '' ? undefined : (WORDS.get(word) ?? NOT_BOOLEAN);
}
