import { addAbortListener } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { SophiaError } from '@sophia/shared';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { STREAMED_TYPES } from './parsers.ts';

export interface BodyLimitsOptions {
  /** Milliseconds for a body that is held whole to arrive. */
  readonly wholeMilliseconds: number;
  /** Bytes of such a body at most: a longer one is read as it arrives. */
  readonly wholeBytes: number;
  /** Milliseconds without a byte after which a body that is read as it arrives is given up. */
  readonly idleMilliseconds: number;
  /** Milliseconds for the rest of a body whose request is answered. */
  readonly restMilliseconds: number;
  /** Whoever came through the admin socket may take their time: a tap may think for long. */
  readonly isAdminRequest: (request: IncomingMessage) => boolean;
}

/** Milliseconds without a byte for which a server that closes waits for the rest of a body. */
const CLOSING_IDLE_MS = 1_000;

/**
 * Answers 408 `slow_body` to whoever does not send the body that they announced: what waits for it holds a place.
 * Of a request that is answered before its body has come, the rest is let go by. Returns what tells that the server
 * closes: whose body is waited for as a whole, and does not go on, is answered 503 `unavailable` then.
 */
export const registerBodyLimits = (app: FastifyInstance, options: BodyLimitsOptions): (() => void) => {
  const closing = new AbortController();
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (hasBody(request.raw)) {
      if (!options.isAdminRequest(request.raw)) watch(request, reply, options);
      // An import ends by itself.
      if (!OF_IMPORTS.has(typeOf(request))) giveUpWhenClosing(request, reply, closing.signal);
    }
    done(null, payload);
  });
  app.addHook('onSend', ({ raw }, _reply, payload, done) => {
    if (hasBody(raw)) closeAfterRest(raw);
    done(null, payload);
  });
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    if (!raw.complete) letRestGoBy(raw, options.restMilliseconds);
    done();
  });
  return () => closing.abort();
};

/**
 * A connection that is to be closed with the answer ends our side, and closes when the body has come or is given up: closed at once
 * it would be reset under whoever still sends, a proxy for one, and the answer lost.
 */
const closeAfterRest = (raw: IncomingMessage): void => {
  const { socket } = raw;
  const close = (): void => Socket.prototype.destroySoon.call(socket);
  // What node:http calls when the last answer of a connection is sent.
  socket.destroySoon = () => {
    if (raw.complete) return close();
    socket.end();
    raw.once('end', close);
  };
};

/** Who still sends reads the answer afterwards, and may use the connection again. What nobody read would hold both ends. */
const letRestGoBy = (raw: IncomingMessage, milliseconds: number): void => {
  const timer = setTimeout(() => raw.destroy(), milliseconds).unref();
  raw.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
  raw.unpipe();
  raw.resume();
};

/** Most bodies have arrived with their headers. */
const hasBody = ({ complete, headers }: IncomingMessage): boolean =>
  !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0);

const watch = (request: FastifyRequest, reply: FastifyReply, options: BodyLimitsOptions): void => {
  const { socket } = request.raw;
  const begun = socket.bytesRead;
  const untilIdle = (): void =>
    whenIdle(request.raw, options.idleMilliseconds, () => giveUp(request, reply, slow(`Nothing came for ${options.idleMilliseconds} ms.`)));
  if (isStreamed(request)) return untilIdle();
  whenOpenAfter(request.raw, options.wholeMilliseconds, () => {
    if (socket.bytesRead - begun > options.wholeBytes) untilIdle();
    else giveUp(request, reply, slow(`The body was not there within ${options.wholeMilliseconds} ms.`));
  });
};

const slow = (message: string): SophiaError => new SophiaError('slow_body', message);

const giveUpWhenClosing = (request: FastifyRequest, reply: FastifyReply, closing: AbortSignal): void => {
  const { raw } = request;
  const listening = addAbortListener(closing, () =>
    whenIdle(raw, CLOSING_IDLE_MS, () =>
      giveUp(request, reply, new SophiaError('unavailable', 'This instance is closing.', { retryAfter: 1 })),
    ),
  );
  raw.once('close', () => listening[Symbol.dispose]());
};

/** After so many milliseconds in which nothing of a body came. */
const whenIdle = (raw: IncomingMessage, milliseconds: number, then: () => void): void => {
  const seen = raw.socket.bytesRead;
  whenOpenAfter(raw, milliseconds, () => {
    // What has arrived and is not read yet waits for us, not we for the sender.
    if (raw.socket.bytesRead === seen && raw.readableLength === 0) then();
    else whenIdle(raw, milliseconds, then);
  });
};

/** After so many milliseconds, if not all of a body has come by then. */
const whenOpenAfter = (raw: IncomingMessage, milliseconds: number, then: () => void): void => {
  const timer = setTimeout(() => {
    raw.off('close', stop);
    if (!raw.complete) then();
  }, milliseconds).unref();
  const stop = (): void => clearTimeout(timer);
  raw.once('close', stop);
};

const isStreamed = (request: FastifyRequest): boolean =>
  request.routeOptions.config.deadline !== undefined || STREAMED.has(typeOf(request));

const STREAMED: ReadonlySet<string> = new Set(STREAMED_TYPES);
/** Types of bodies that imports read as they arrive. */
const OF_IMPORTS: ReadonlySet<string> = new Set([...STREAMED_TYPES, 'multipart/form-data']);

const typeOf = ({ headers }: FastifyRequest): string => headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';

const giveUp = ({ raw }: FastifyRequest, reply: FastifyReply, error: SophiaError): void => {
  // Whoever reads the body hears of it too, which an answered request alone does not tell them.
  reply.raw.once('close', () => raw.destroy(error));
  if (reply.sent || reply.raw.headersSent) reply.raw.destroy();
  // The rest of the body is of no use: the connection is closed with the answer.
  else reply.header('connection', 'close').send(error);
};
