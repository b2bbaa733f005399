import { isUtf8 } from 'node:buffer';
import { SophiaError, withExactIntegers } from '@sophia/shared';
import type { JsonValue } from '@sophia/types';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Content types of rows that are read as they arrive, never held whole. */
export const STREAMED_TYPES = [
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'text/csv',
  'text/tab-separated-values',
] as const;

/** Hands streamed bodies to the handler unread; JSON is parsed by the framework, within the body limit. */
export const registerParsers = (app: FastifyInstance): void => {
  app.addContentTypeParser([...STREAMED_TYPES], (_request, payload, done) => done(null, payload));
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, jsonParser(app));
};

/** Routes whose bodies are rows; a number beyond 2^53 in any other is one, such as the maximum of a field. */
const OF_ROWS = /^\/api\/v1\/(?:records|dead-letters)\//;

/**
 * The framework's own, for bodies that are text: it would put signs of replacement for what is not. Rows have their long
 * integers as text. Errors: `invalid_encoding`.
 */
export const jsonParser = (app: FastifyInstance) => {
  const parse = app.getDefaultJsonParser('error', 'error');
  return (request: FastifyRequest, body: Buffer, done: (error: Error | null, body?: unknown) => void): void => {
    if (!isUtf8(body)) return done(new SophiaError('invalid_encoding', 'The body is not UTF-8, which JSON is sent in.'));
    const text = body.toString('utf8');
    const finish = (error: Error | null, value: JsonValue): void =>
      done(error, error === null ? withExactIntegers(value, text) : undefined);
    // It answers by `done`, and promises nothing.
    void parse(request, text, OF_ROWS.test(`${request.routeOptions.url}`) ? finish : done);
  };
};
