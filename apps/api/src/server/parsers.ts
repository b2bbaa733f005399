import { isUtf8 } from 'node:buffer';
import { SophiaError } from '@sophia/shared';
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

/** The framework's own, for bodies that are text: it would put signs of replacement for what is not. Errors: `invalid_encoding`. */
export const jsonParser = (app: FastifyInstance) => {
  const parse = app.getDefaultJsonParser('error', 'error');
  return (request: FastifyRequest, body: Buffer, done: (error: Error | null, body?: unknown) => void): void => {
    if (!isUtf8(body)) done(new SophiaError('invalid_encoding', 'The body is not UTF-8, which JSON is sent in.'));
    // It answers by `done`, and promises nothing.
    else void parse(request, body.toString('utf8'), done);
  };
};
