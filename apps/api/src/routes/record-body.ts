import { Readable } from 'node:stream';
import { isSophiaError, SophiaError } from '@sophia/shared';
import type { FastifyInstance } from 'fastify';
import { isArray, jsonParser } from '../server/parsers.ts';

/**
 * Takes JSON bodies of rows: one within the limit is parsed whole; a longer one is handed to the handler unread if it is
 * an array, whose rows come one by one, as those of an array with a row that holds too much. Errors: `payload_too_large`
 * for one value that would have to be held whole, `invalid_request` for a body that cannot be read to its end.
 */
export const registerRecordBody = (app: FastifyInstance, maximumBytes: number): void => {
  const parse = jsonParser(app);
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', (request, payload, done) => {
    collect(payload, maximumBytes, (error, body) => {
      if (error !== null) done(error);
      else if (body instanceof Buffer) parse(request, body, (problem, value) => done(...orByRow(body, problem, value)));
      else done(null, body);
    });
  });
};

type Parsed = [error: Error | null, body?: unknown];

/** A list with a row that holds too much is read row by row, so that this one alone is rejected. */
const orByRow = (body: Buffer, problem: Error | null, value: unknown): Parsed =>
  isSophiaError(problem) && problem.code === 'too_many_members' && isArray(body) ? [null, Readable.from([body])] : [problem, value];

/** All of the stream, or the stream as it was where it is a longer array. */
const collect = (stream: Readable, maximumBytes: number, done: (error: Error | null, body?: Buffer | Readable) => void): void => {
  const chunks: Buffer[] = [];
  let length = 0;
  const leave = (): void => void stream.off('data', onData).off('end', onEnd).off('error', onError);
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    length += chunk.length;
    if (length <= maximumBytes) return;
    leave();
    const read = Buffer.concat(chunks);
    if (isArray(read)) {
      stream.pause();
      stream.unshift(read);
      return done(null, stream);
    }
    // The caller reads the answer when all is sent.
    stream.resume();
    done(new SophiaError('payload_too_large', `One record takes at most ${maximumBytes} bytes; of an array each row is read by itself.`));
  };
  const onEnd = (): void => {
    leave();
    const [only] = chunks;
    done(null, only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks));
  };
  const onError = (cause: Error): void => {
    leave();
    // What gave up waiting for it says so itself.
    done(
      isSophiaError(cause) ? cause : new SophiaError('invalid_request', `The body cannot be read to its end: ${cause.message}.`, { cause }),
    );
  };
  stream.on('data', onData).on('end', onEnd).on('error', onError);
  // What unpacks a compressed body comes paused.
  stream.resume();
};
