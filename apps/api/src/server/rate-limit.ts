import type { Allowance } from '@sophia/auth';
import { SophiaError } from '@sophia/shared';

/** `RateLimit` and `RateLimit-Policy` fields (draft of the HTTPAPI working group), in pairs. */
export const allowanceHeaders = ({ limit, remaining, reset }: Allowance): string[] => [
  'ratelimit',
  `"default";r=${remaining};t=${reset}`,
  'ratelimit-policy',
  `"default";q=${limit};w=1`,
];

/** Errors: `rate_limited`, with the seconds to wait. */
export const requireAllowance = (allowance: Allowance): void => {
  if (!allowance.allowed) {
    throw new SophiaError('rate_limited', `More than ${allowance.limit} requests a second with this key.`, {
      retryAfter: Math.max(1, allowance.reset),
    });
  }
};
