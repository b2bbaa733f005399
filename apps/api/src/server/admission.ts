import type { Allowance, Authentication } from '@sophia/auth';
import type { Clock, LoadShedder } from '@sophia/shared';
import type { Call } from '@sophia/types';
import { allowanceHeaders } from './rate-limit.ts';
import type { ShortRequest } from './short-request.ts';

export interface AdmissionOptions {
  readonly authentication: Authentication;
  /** What was taken from a principal's allowance for a request, so that the ordinary way does not take it again. */
  readonly taken: WeakMap<ShortRequest, Allowance>;
  readonly newRequestId: () => string;
  readonly shedder: LoadShedder;
  /** Headers of every answer, in pairs. */
  readonly standing: readonly string[];
  /** Milliseconds for the whole request. */
  readonly deadline: number;
  readonly clock: Clock;
}

/** A request that is answered without the framework. */
export interface Admitted {
  readonly call: Call & { readonly request: string };
  /** What its answer has in any case, in pairs. */
  readonly headers: readonly string[];
  /** Gives its place back; resolves to the seconds that it took. */
  leave(): number;
}

/** Admits a request whose credential was verified before, within its rate limit, where there is room; undefined: the ordinary way says why not. */
export const createAdmission = ({ authentication, taken, newRequestId, shedder, standing, deadline, clock }: AdmissionOptions) => {
  return (request: ShortRequest): Admitted | undefined => {
    const {
      authorization,
      'sophia-after': after,
      'sophia-workspace': workspace,
      'if-match': ifMatch,
      traceparent,
      origin,
    } = request.headers;
    if (authorization === undefined || (after ?? workspace ?? ifMatch ?? traceparent ?? origin) !== undefined) return undefined;
    const principal = authentication.peek(authorization);
    if (principal === undefined) return undefined;
    const allowance = authentication.takeAllowance(principal);
    if (!allowance.allowed || !hasRoom(shedder, principal.id)) {
      taken.set(request, { ...allowance });
      return undefined;
    }
    const begun = clock.monotonic();
    const requestId = newRequestId();
    return {
      call: { principal, via: 'rest', request: requestId, address: request.socket.remoteAddress, deadline },
      headers: ['x-request-id', requestId, ...allowanceHeaders(allowance), 'x-content-type-options', 'nosniff', ...standing],
      leave() {
        shedder.leave(principal.id);
        return (clock.monotonic() - begun) / 1000;
      },
    };
  };
};

const hasRoom = (shedder: LoadShedder, party: string): boolean => {
  try {
    shedder.enter(party);
    return true;
  } catch {
    // Refused again, and said so, on the ordinary way.
    return false;
  }
};
