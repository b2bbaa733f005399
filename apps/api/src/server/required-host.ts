import type { RequestListener } from 'node:http';
import { SophiaError } from '@sophia/shared';
import type { ClientErrorOptions } from './client-errors.ts';
import { sendProblem } from './problems.ts';

/**
 * Refuses requests of HTTP/1.1 that do not say once which host they are for (RFC 9112, 3.2) with a problem document:
 * node:http has none for them, and takes the first of several.
 */
export const requiringHost =
  ({ newRequestId, watch }: ClientErrorOptions) =>
  (listener: RequestListener): RequestListener =>
  (request, response) => {
    if (request.httpVersion !== '1.1' || hasOneHost(request.rawHeaders)) return listener(request, response);
    const error = new SophiaError('malformed_http', 'A request of HTTP/1.1 has one header Host.');
    sendProblem(response, error, { requestId: newRequestId(), route: 'unknown', headers: ['connection', 'close'], watch });
  };

/** Names and values take turns. */
const hasOneHost = (headers: readonly string[]): boolean => {
  let count = 0;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count === 1;
};
