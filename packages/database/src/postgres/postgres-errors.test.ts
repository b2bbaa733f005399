import { SophiaError } from '@sophia/shared';
import { describe, expect, test } from 'vitest';
import { failureKind, sqlStateOf, toSophiaError } from './postgres-errors.ts';

const coded = (code: unknown, message = 'it failed') => Object.assign(new Error(message), { code });

describe('an error', () => {
  test.each([
    ['40001', 'conflict', 'unavailable'],
    ['40P01', 'conflict', 'unavailable'],
    ['57P01', 'lost_connection', 'unavailable'],
    ['08006', 'lost_connection', 'unavailable'],
    ['53300', 'lost_connection', 'unavailable'],
    ['26000', 'stale_statement', 'database_error'],
    ['23505', 'other', 'database_error'],
    ['53100', 'other', 'storage_full'],
    ['57014', 'other', 'deadline_exceeded'],
  ])('with the state %s is of the kind %s, and told as %s', (state, kind, code) => {
    const error = coded(state);
    expect(failureKind(error)).toBe(kind);
    expect(toSophiaError(error, 'some_statement')).toMatchObject({
      code,
      cause: error,
      message: expect.stringContaining(kind === 'lost_connection' ? 'it failed' : 'some_statement'),
    });
    expect(sqlStateOf(toSophiaError(error))).toBe(state);
  });

  test.each(['22021', '22P05', '22007', '22008'])(
    'of a value that cannot be held (%s) is the caller’s, and names no statement',
    (state) => {
      const error = toSophiaError(coded(state), 'some_statement');
      expect(error).toMatchObject({ code: 'invalid_request', message: expect.not.stringContaining('some_statement') });
      expect(failureKind(coded(state))).toBe('other');
    },
  );

  test.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT'])('of the socket (%s) is a lost connection', (code) => {
    expect(failureKind(coded(code))).toBe('lost_connection');
    expect(sqlStateOf(coded(code))).toBeUndefined();
  });

  test.each(['Connection terminated unexpectedly', 'timeout expired', 'Client has encountered a connection error and is not queryable'])(
    'of the driver (%s) is a lost connection',
    (message) => {
      expect(failureKind(new Error(message))).toBe('lost_connection');
    },
  );

  test.each([[new Error('other')], [coded(7)], ['text'], [undefined], [new SophiaError('unavailable', 'ours')]])(
    'of any other kind (%s) is no matter of the connection',
    (error) => {
      expect(failureKind(error)).toBe('other');
      expect(sqlStateOf(error)).toBeUndefined();
    },
  );

  test.each(['could not extend file "base/1/2": File too large', 'could not write to file "base/pgsql_tmp/1": Disk quota exceeded'])(
    'of a limit of the file system (%s) is told as no room, without the file',
    (message) => {
      for (const state of ['XX000', '53400'])
        expect(toSophiaError(coded(state, message), 'some_statement')).toMatchObject({
          code: 'storage_full',
          message: 'The database has no room left (statement some_statement).',
          retryAfter: 30,
        });
      expect(toSophiaError(coded('XX000', 'cache lookup failed'))).toMatchObject({ code: 'database_error' });
    },
  );

  test('of a plan that no longer fits is known by its text', () => {
    expect(failureKind(coded('0A000', 'cached plan must not change result type'))).toBe('stale_statement');
    expect(failureKind(coded('0A000', 'cannot do this'))).toBe('other');
  });

  test('that is ours already is left alone', () => {
    const error = new SophiaError('overloaded', 'full');
    expect(toSophiaError(error)).toBe(error);
    expect(toSophiaError('text')).toMatchObject({ code: 'database_error', message: 'text' });
  });
});
