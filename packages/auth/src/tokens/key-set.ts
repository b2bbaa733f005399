import { type Clock, guardedRequest, SophiaError } from '@sophia/shared';
import { type CryptoKey, createLocalJWKSet, errors, type FlattenedJWSInput, type JSONWebKeySet, type JWSHeaderParameters } from 'jose';

/** Gives the key that a token says it is signed with. */
export type KeyOfToken = (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>;

export interface RemoteKeySet {
  readonly keyOf: KeyOfToken;
  /** Fetches the keys anew, unless that was done a short time ago: whether it did. */
  renew(): Promise<boolean>;
}

export interface RemoteKeySetOptions {
  /** Where the keys are. */
  readonly uri: () => Promise<string>;
  readonly clock: Clock;
  readonly allowPrivateAddress: boolean;
}

/** A key that is not known is looked for anew at most this often: tokens with invented keys cost an issuer no more. */
const COOL_DOWN = 10_000;
/** Keys are fetched anew after so long, so that one that was withdrawn stops to count. */
const MAXIMUM_AGE = 600_000;
/** While the issuer cannot be reached, its last keys hold for so long. */
const MAXIMUM_STALE_AGE = 3_600_000;

interface KeySet {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly at: number;
}

/** An issuer's public keys: kept, and fetched again when a token names one that is not among them (rotation). */
export function createRemoteKeySet({ uri, clock, allowPrivateAddress }: RemoteKeySetOptions): RemoteKeySet {
  let keys: KeySet | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let fetching: Promise<KeySet> | undefined;

  const age = (set: KeySet): number => clock.monotonic() - set.at;
  const mayTry = (): boolean => fetching !== undefined || clock.monotonic() - triedAt > COOL_DOWN;
  const fetchKeys = async (): Promise<KeySet> => {
    triedAt = clock.monotonic();
    const set = await fetchJson(await uri(), allowPrivateAddress);
    // createLocalJWKSet refuses what is no key set.
    keys = { find: createLocalJWKSet(set as JSONWebKeySet), at: clock.monotonic() };
    return keys;
  };
  const refresh = (): Promise<KeySet> => {
    fetching ??= fetchKeys().finally(() => {
      fetching = undefined;
    });
    return fetching;
  };
  const current = async (): Promise<KeySet> => {
    if (keys === undefined) return refresh();
    if (age(keys) <= MAXIMUM_AGE || (age(keys) <= MAXIMUM_STALE_AGE && !mayTry())) return keys;
    const last = keys;
    return refresh().catch((error: unknown) => {
      if (age(last) > MAXIMUM_STALE_AGE) throw error;
      return last;
    });
  };

  const keyOf: KeyOfToken = async (header, token) => {
    const set = await current();
    try {
      return await set.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey && mayTry())) throw error;
      return (await refresh()).find(header, token);
    }
  };
  const renew = async (): Promise<boolean> => {
    if (!mayTry()) return false;
    await refresh();
    return true;
  };
  return { keyOf, renew };
}

/** JSON from an issuer. Errors: `unavailable`, `address_not_allowed`. */
export async function fetchJson(url: string, allowPrivateAddress: boolean): Promise<unknown> {
  const { status, body } = await guardedRequest(url, { allowPrivateAddress, headers: { accept: 'application/json' } });
  if (status !== 200) throw new SophiaError('unavailable', `${url} answered with status ${status}.`, { retryAfter: 5 });
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new SophiaError('unavailable', `${url} answered with something that is not JSON.`, { cause, retryAfter: 5 });
  }
}
