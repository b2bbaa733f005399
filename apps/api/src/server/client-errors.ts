import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { SophiaError } from '@sophia/shared';
import { PROBLEM_CONTENT_TYPE, problemDocument } from './problem-document.ts';
import type { ProblemWatch } from './problems.ts';

export interface ClientErrorOptions {
  readonly newRequestId: () => string;
  readonly watch: ProblemWatch;
}

/** For a server's `clientError`: what never became a request is answered with a problem document too, and its connection closed. */
export const answerClientErrors =
  ({ newRequestId, watch }: ClientErrorOptions) =>
  (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (socket.writable && error.code !== 'ECONNRESET') {
      const told = toldOf(error);
      const problem = problemDocument(told, newRequestId());
      watch(told, problem, undefined, socket);
      const body = JSON.stringify(problem);
      const head = [
        `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
        `content-type: ${PROBLEM_CONTENT_TYPE}; charset=utf-8`,
        `content-length: ${Buffer.byteLength(body)}`,
        'connection: close',
      ];
      socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
    }
    socket.destroy(error);
  };

/** By the codes of node:http and of its parser, which say nothing that a caller sent. */
function toldOf({ code }: NodeJS.ErrnoException): SophiaError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new SophiaError('slow_headers', 'The headers of the request were not there in time.');
    case 'HPE_HEADER_OVERFLOW':
      return new SophiaError('headers_too_large', 'The headers of the request, with its address, are larger than 16 KiB.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new SophiaError('payload_too_large', 'The extensions of a chunk are larger than 16 KiB.');
    default:
      return new SophiaError('malformed_http', `What arrived is no request of HTTP/1.1 (${code}).`);
  }
}
