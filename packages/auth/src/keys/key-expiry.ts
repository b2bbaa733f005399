import { formatMicros, parseMicros, SophiaError } from '@sophia/shared';

/** Microseconds of 9999-12-31T23:59:59.999999Z: an offset may lead beyond the last year of four digits. */
const LAST = 253_402_300_799_999_999n;

/** The instant at which a key ends, in UTC. Errors: `invalid_key_request` for what is none, or has passed. */
export const readExpiry = (text: string, now: number): string => {
  const expiry = parseMicros(text);
  if (expiry === undefined || expiry > LAST) {
    throw new SophiaError('invalid_key_request', `expires_at is "${text}"; allowed is an instant such as 2027-01-31T00:00:00Z.`);
  }
  if (expiry <= BigInt(Math.trunc(now)) * 1_000n) {
    throw new SophiaError('invalid_key_request', `expires_at is ${text}, which has passed.`);
  }
  return formatMicros(expiry);
};
