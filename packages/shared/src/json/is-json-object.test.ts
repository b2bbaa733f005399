import { expect, test } from 'vitest';
import { isJsonObject } from './is-json-object.ts';

test('objects have members by name; lists, null and plain values have not', () => {
  expect([{}, { a: 1 }].every(isJsonObject)).toBe(true);
  expect([[], [{}], null, undefined, 'a', 1, true].some(isJsonObject)).toBe(false);
});
