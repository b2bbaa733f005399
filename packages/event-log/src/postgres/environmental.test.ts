import { SophiaError } from '@sophia/shared';
import { expect, test } from 'vitest';
import { isEnvironmental } from './environmental.ts';

test.each([
  new SophiaError('unavailable', 'gone'),
  new SophiaError('deadline_exceeded', 'late'),
  new SophiaError('storage_full', 'full'),
  Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }),
  Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }),
])('$message tells of the environment', (error) => {
  expect(isEnvironmental(error)).toBe(true);
});

test.each([
  new SophiaError('invalid_request', 'wrong'),
  new SophiaError('database_error', 'violates a constraint'),
  new TypeError('is not a function'),
  Object.assign(new Error('no such file'), { code: 'ENOENT' }),
  'a text',
  undefined,
])('%s may be the fault of an event', (error) => {
  expect(isEnvironmental(error)).toBe(false);
});
