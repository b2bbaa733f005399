import type { FastifyInstance } from 'fastify';

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
};
