import { expect, it } from 'vitest';
import { isSophiaError, SophiaError } from './errors.ts';

it('an error has a code, its status, details, a cause and when to retry', () => {
  const cause = new Error('the reason');
  const error = new SophiaError('unavailable', 'No answer.', { cause, details: { dependency: 'x' }, retryAfter: 3 });
  expect(error).toMatchObject({
    name: 'SophiaError',
    code: 'unavailable',
    status: 503,
    details: { dependency: 'x' },
    retryAfter: 3,
    cause,
  });
  const plain = new SophiaError('not_found', 'Nothing.');
  expect([plain.details, plain.retryAfter, plain.cause]).toEqual([{}, undefined, undefined]);
});

it('is told from others, by its code too', () => {
  const error = new SophiaError('not_found', 'Nothing.');
  expect(isSophiaError(error)).toBe(true);
  expect(isSophiaError(error, 'not_found')).toBe(true);
  expect(isSophiaError(error, 'unavailable')).toBe(false);
  expect(isSophiaError(new Error('x'))).toBe(false);
});
