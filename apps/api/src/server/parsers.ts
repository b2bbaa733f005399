import { isUtf8 } from 'node:buffer';
import { MAX_ROW_MEMBERS } from '@sophia/connectors';
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

/** Routes whose list is rows or queries, each of which is bounded by itself. */
const OF_LISTS = new Set(['/api/v1/records/:type', '/api/v1/metrics/query']);

/** What goes through a value level by level would run out of stack. */
const MOST_LEVELS = 1_000;
/** More keep the process from all else while they are parsed, judged and told about. */
const MOST_OF_BODY = 20_000;
const codeOf = (sign: string): number => sign.charCodeAt(0);
const [QUOTE, BACKSLASH, COMMA] = [codeOf('"'), codeOf('\\'), codeOf(',')];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [codeOf('['), codeOf(']'), codeOf('{'), codeOf('}')];

interface Bounds {
  /** Most members and values: of the body, or of each item where it is a list of those. */
  readonly most: number;
  readonly isList: boolean;
}

/** Holds a body to its bounds before it is parsed: signs between its texts are counted. */
const boundsProblem = (body: Buffer, { most, isList }: Bounds): SophiaError | undefined => {
  let [depth, count] = [0, 0];
  let isText = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (byte === QUOTE) isText = !isText;
    else if (isText) at += byte === BACKSLASH ? 1 : 0;
    else if (byte === COMMA) count = isList && depth === 1 ? 0 : count + 1;
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth += 1;
      count += 1;
      if (depth > MOST_LEVELS) return new SophiaError('invalid_request', `The body is nested deeper than ${MOST_LEVELS} levels.`);
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1;
    if (count > most)
      return new SophiaError('too_many_members', `${isList ? 'An item' : 'The body'} has more than ${most} members and values.`);
  }
  return undefined;
};

/** What may stand before a value, a byte order mark too. */
const SPACE: ReadonlySet<number | undefined> = new Set(Buffer.from('\ufeff \t\r\n'));

export const isArray = (bytes: Buffer): boolean => bytes[bytes.findIndex((byte) => !SPACE.has(byte))] === OPEN_ARRAY;

/**
 * The framework's own, for bodies that are text: it would put signs of replacement for what is not. Rows have their long
 * integers as text, and members of any name: what they are written with judges each row by itself, in whatever form it
 * comes. Errors: `invalid_encoding`, `too_many_members`, and `invalid_request` where it is nested too deep or has what no
 * text may have, or a member of a name that only rows may have.
 */
export const jsonParser = (app: FastifyInstance) => {
  const parseRows = app.getDefaultJsonParser('ignore', 'ignore');
  const parse = app.getDefaultJsonParser('error', 'error');
  return (request: FastifyRequest, body: Buffer, done: (error: Error | null, body?: unknown) => void): void => {
    if (!isUtf8(body)) return done(new SophiaError('invalid_encoding', 'The body is not UTF-8, which JSON is sent in.'));
    // Many clients send the header with every request.
    if (body.length === 0 && request.method === 'DELETE') return done(null, undefined);
    const route = `${request.routeOptions.url}`;
    const isOfRows = OF_ROWS.has(route);
    const bounds = { most: isOfRows ? MAX_ROW_MEMBERS : MOST_OF_BODY, isList: OF_LISTS.has(route) && isArray(body) };
    const problem = boundsProblem(body, bounds);
    if (problem !== undefined) return done(problem);
    const text = withoutMark(body.toString('utf8'));
    const finish = (error: Error | null, value: JsonValue): void => {
      if (error !== null) return done(error instanceof errorCodes.FST_ERR_CTP_INVALID_JSON_BODY ? mistakeIn(text) : error);
      if (isOfRows) return done(null, withExactIntegers(value, text));
      const place = unstorablePlace(value, text);
      if (place === undefined) return done(null, value);
      return done(new SophiaError('invalid_request', `${place || 'The body'} ${UNSTORABLE}.`));
    };
    // It answers by `done`, and promises nothing.
    void (isOfRows ? parseRows : parse)(request, text, finish);
  };
};

/** A byte order mark, which the framework passes over, is no JSON to who reads the text again. */
const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfe_ff ? text.slice(1) : text);

/** Why a body was refused, in the words of the engine, which tell the place by its number or by what stands around it. */
const mistakeIn = (text: string): SophiaError => {
  try {
    JSON.parse(text);
  } catch (cause) {
    return new SophiaError('invalid_request', `The body is not JSON: ${String(cause).replace('SyntaxError: ', '')}.`, { cause });
  }
  return new SophiaError('invalid_request', 'The body has a member __proto__ or constructor.prototype, which only rows may have.');
};
