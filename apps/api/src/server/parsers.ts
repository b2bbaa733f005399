import { isUtf8 } from 'node:buffer';
import { SophiaError, withExactIntegers } from '@sophia/shared';
import type { JsonValue } from '@sophia/types';
import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify';
import { UNSTORABLE, unstorablePlace } from './unstorable-text.ts';

/** Content types of rows that are read as they arrive, never held whole. */
export const STREAMED_TYPES = [
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'text/csv',
  'text/tab-separated-values',
] as const;

/**
 * Takes JSON alone, parsed by the framework within the body limit. No bytes of another type, which `curl -d ''` sends as a
 * form, are no body.
 */
export const registerParsers = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, jsonParser(app));
  app.addContentTypeParser('*', ({ headers }, _payload, done) =>
    done(headers['content-length'] === '0' ? null : new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE()),
  );
};

/** Hands streamed bodies to the handler unread: only for routes that read them, since any other would take the stream for a value. */
export const registerStreamedTypes = (app: FastifyInstance): void => {
  app.addContentTypeParser([...STREAMED_TYPES], (_request, payload, done) => done(null, payload));
};

/**
 * Routes whose bodies are rows, each value of which is judged by itself. In any other a number beyond 2^53 is one, such as
 * the maximum of a field, and a text that cannot be kept is refused.
 */
const OF_ROWS = new Set(['/api/v1/records/:type', '/api/v1/records/:type/:id', '/api/v1/dead-letters/:id']);

/** What goes through a value level by level would run out of stack. */
const MOST_LEVELS = 1_000;
const codeOf = (sign: string): number => sign.charCodeAt(0);
const QUOTE = codeOf('"');
const BACKSLASH = codeOf('\\');
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [codeOf('['), codeOf(']'), codeOf('{'), codeOf('}')];

/** Whether arrays and objects stand in each other so deep; signs within texts do not count. */
const isDeep = (body: Buffer): boolean => {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (byte === QUOTE) isText = !isText;
    else if (isText) at += byte === BACKSLASH ? 1 : 0;
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth += 1;
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1;
    if (depth > MOST_LEVELS) return true;
  }
  return false;
};

/**
 * The framework's own, for bodies that are text: it would put signs of replacement for what is not. Rows have their long
 * integers as text. Errors: `invalid_encoding`, and `invalid_request` where it is nested too deep or has what no text may have.
 */
export const jsonParser = (app: FastifyInstance) => {
  const parse = app.getDefaultJsonParser('error', 'error');
  return (request: FastifyRequest, body: Buffer, done: (error: Error | null, body?: unknown) => void): void => {
    if (!isUtf8(body)) return done(new SophiaError('invalid_encoding', 'The body is not UTF-8, which JSON is sent in.'));
    // Many clients send the header with every request.
    if (body.length === 0 && request.method === 'DELETE') return done(null, undefined);
    if (isDeep(body)) return done(new SophiaError('invalid_request', `The body is nested deeper than ${MOST_LEVELS} levels.`));
    const text = body.toString('utf8');
    const isOfRows = OF_ROWS.has(`${request.routeOptions.url}`);
    const finish = (error: Error | null, value: JsonValue): void => {
      if (error !== null) return done(error);
      if (isOfRows) return done(null, withExactIntegers(value, text));
      const place = unstorablePlace(value, text);
      if (place === undefined) return done(null, value);
      return done(new SophiaError('invalid_request', `${place || 'The body'} ${UNSTORABLE}.`));
    };
    // It answers by `done`, and promises nothing.
    void parse(request, text, finish);
  };
};
