import type { Analytics, Answer } from '@sophia/analytics';
import type { Allowance, Authentication } from '@sophia/auth';
import type { Clock } from '@sophia/shared';
import type { Principal } from '@sophia/types';
import { answerHeaders } from './answer-headers.ts';
import { isKnown } from './entity-tags.ts';
import { allowanceHeaders } from './rate-limit.ts';
import type { ShortRequest, ShortResponse } from './short-request.ts';

export interface HotPathOptions {
  readonly analytics: Analytics;
  readonly authentication: Authentication;
  /** What was taken from a principal's allowance for a request, so that the ordinary way does not take it again. */
  readonly taken: WeakMap<ShortRequest, Allowance>;
  readonly newRequestId: () => string;
  readonly clock: Clock;
  /** Headers of every answer, in pairs. */
  readonly standing: readonly string[];
  /** Told of each request that was answered here. */
  readonly served: (seconds: number, status: 200 | 304) => void;
}

export const QUERY_PATH = '/api/v1/metrics/query?';
/** Larger answers are worth compressing: they take the ordinary way. */
const LARGEST = 16_384;

/**
 * Answers a GET of a metric query that is in memory, for a credential verified before, without the
 * framework: authentication, rate limit, policy, audit and freshness hold as on the ordinary way,
 * which takes every other request (it returns false then).
 */
export const createHotPath = ({ analytics, authentication, taken, newRequestId, clock, standing, served }: HotPathOptions) => {
  const answerOf = (request: ShortRequest, principal: Principal, requestId: string): Answer | undefined => {
    const address = request.socket.remoteAddress;
    return analytics.peek({ principal, via: 'rest', request: requestId, address }, request.url ?? '', LARGEST);
  };

  return (request: ShortRequest, response: ShortResponse): boolean => {
    if (request.method !== 'GET' || request.url?.startsWith(QUERY_PATH) !== true) return false;
    const begun = clock.monotonic();
    const {
      authorization,
      'sophia-after': after,
      'sophia-workspace': workspace,
      'sophia-cache': cache,
      'if-match': ifMatch,
      traceparent,
      origin,
    } = request.headers;
    if (authorization === undefined || (after ?? workspace ?? cache ?? ifMatch ?? traceparent ?? origin) !== undefined) return false;
    const principal = authentication.peek(authorization);
    if (principal === undefined) return false;
    const allowance = authentication.takeAllowance(principal);
    const requestId = newRequestId();
    const answer = allowance.allowed ? answerOf(request, principal, requestId) : undefined;
    if (answer === undefined) {
      // The ordinary way finds the answer, or says no in its own words.
      taken.set(request, { ...allowance });
      return false;
    }
    const headers = [...answerHeaders(answer), 'x-request-id', requestId, ...allowanceHeaders(allowance), ...standing];
    if (isKnown(request.headers['if-none-match'], answer.etag)) {
      response.writeHead(304, headers).end();
      served((clock.monotonic() - begun) / 1000, 304);
      return true;
    }
    const { bytes, envelope } = answer;
    const tail = `,${envelope}}`;
    const length = bytes.length - 1 + Buffer.byteLength(tail);
    const body = Buffer.allocUnsafe(length);
    bytes.copy(body, 0, 0, bytes.length - 1);
    body.write(tail, bytes.length - 1);
    response.writeHead(200, [...headers, 'content-type', 'application/json; charset=utf-8', 'content-length', String(length)]).end(body);
    served((clock.monotonic() - begun) / 1000, 200);
    return true;
  };
};
