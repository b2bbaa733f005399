import type { RequestListener } from 'node:http';
import { SophiaError } from '@sophia/shared';
import type { ClientErrorOptions } from './client-errors.ts';
import { sendProblem } from './problems.ts';

/**
 * For a server's `checkExpectation`: what a request expects beside `100-continue` is refused (RFC 9110, 10.1.1) with a problem
 * document; node:http has none for it.
 */
export const refuseExpectations =
  ({ newRequestId, watch }: ClientErrorOptions): RequestListener =>
  ({ headers: { expect } }, response) => {
    const error = new SophiaError('expectation_failed', `Expect takes 100-continue, not ${expect}.`);
    sendProblem(response, error, { requestId: newRequestId(), route: 'unknown', headers: ['connection', 'close'], watch });
  };
