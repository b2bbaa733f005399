import { SophiaError } from '@sophia/shared';
import { expect, test } from 'vitest';
import { errorText } from './set-aside.ts';

test.each([
  [new SophiaError('invalid_request', 'wrong'), 'invalid_request: wrong'],
  [new TypeError('not a function'), 'TypeError: not a function'],
  ['a text', 'string: a text'],
  [undefined, 'undefined: undefined'],
])('an event is kept with the code or name of its error, %#', (error, text) => {
  expect(errorText(error)).toBe(text);
});

test('a long error is cut', () => {
  expect(errorText(new Error('x'.repeat(9_999)))).toHaveLength(2_000);
});
