import { formatMicros, SophiaError } from '@sophia/shared';
import { parseInstant } from '../parse-instant.ts';

/** The instant at which a key ends, in UTC. Errors: `invalid_key_request` for what is none, or has passed. */
export const readExpiry = (text: string, now: number): string => {
  const expiry = parseInstant(text);
  if (expiry === undefined) {
    throw new SophiaError('invalid_key_request', `expires_at is "${text}"; allowed is an instant such as 2027-01-31T00:00:00Z.`);
  }
  if (expiry <= formatMicros(BigInt(Math.trunc(now)) * 1_000n)) {
    throw new SophiaError('invalid_key_request', `expires_at is ${text}, which has passed.`);
  }
  return expiry;
};
