import { type Clock, type IssuerConfiguration, isSophiaError, SophiaError } from '@sophia/shared';
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from 'jose';
import { createBoundedCache } from '../bounded-cache.ts';
import { readClaims, type TokenIdentity } from './claims.ts';
import { createRemoteKeySet, fetchJson, type RemoteKeySet } from './key-set.ts';

export interface VerifiedToken extends TokenIdentity {
  /** Its subject is unique within it. */
  readonly issuer: string;
}

export interface TokenVerifier {
  /** The token, if it was verified a short time ago and holds. */
  peek(token: string): VerifiedToken | undefined;
  /** Errors: `unauthenticated`, `forbidden`, `unavailable` where the issuer's keys cannot be had. */
  verify(token: string): Promise<VerifiedToken>;
}

/** Signatures by public keys only: a shared secret would have to be known to whoever verifies, and `none` proves nothing. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const CLOCK_TOLERANCE_SECONDS = 30;
const KEEP_MILLISECONDS = 60_000;
const MAXIMUM_KNOWN = 10_000;
const MAXIMUM_LENGTH = 16_384;
/** Keys that are tried for a token that names none. */
const MAXIMUM_KEYS = 10;

/** Verifies web tokens of the configured issuers: signature, algorithm, issuer, audience, time. */
export function createTokenVerifier({ issuers, clock }: { issuers: readonly IssuerConfiguration[]; clock: Clock }): TokenVerifier {
  const trusted = Map.groupBy(
    issuers.map((issuer) => ({ issuer, keys: keysOf(issuer, clock) })),
    ({ issuer }) => issuer.issuer,
  );
  const known = createBoundedCache<string, { readonly token: VerifiedToken; readonly expiresAt: number; readonly believedUntil: number }>(
    MAXIMUM_KNOWN,
  );
  const peek = (token: string): VerifiedToken | undefined => {
    const entry = known.get(token);
    return entry !== undefined && clock.monotonic() < entry.believedUntil && clock.now() < entry.expiresAt ? entry.token : undefined;
  };
  return {
    peek,
    async verify(token) {
      const before = peek(token);
      if (before !== undefined) return before;
      const { iss, aud } = unverified(token);
      const configured = trusted.get(iss ?? '') ?? refuse('The token is of no issuer that is configured.');
      const { issuer, keys } =
        configured.find((each) => [aud].flat().includes(each.issuer.audience)) ??
        refuse('The token is for no audience that is configured of its issuer.');
      const claims = await verifySignature(token, issuer, keys, clock);
      const verified = { ...readClaims(claims, issuer), issuer: issuer.issuer };
      // `exp` was required just now.
      const expiresAt = (claims.exp as number) * 1_000 + CLOCK_TOLERANCE_SECONDS * 1_000;
      known.set(token, { token: verified, expiresAt, believedUntil: clock.monotonic() + KEEP_MILLISECONDS });
      return verified;
    },
  };
}

/** What the token says, which anybody may have written. */
function unverified(token: string): JWTPayload {
  if (token.length > MAXIMUM_LENGTH) refuse('The token is too long.');
  try {
    return decodeJwt(token);
  } catch (cause) {
    return refuse('The credential is neither a key nor a web token.', cause);
  }
}

async function verifySignature(token: string, issuer: IssuerConfiguration, keys: RemoteKeySet, clock: Clock): Promise<JWTPayload> {
  const options = {
    algorithms: ALGORITHMS,
    issuer: issuer.issuer,
    audience: issuer.audience,
    requiredClaims: ['exp', 'sub'],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    currentDate: new Date(clock.now()),
  };
  const verify = () => jwtVerify(token, keys.keyOf, options).catch((error: unknown) => verifyWithEach(token, error, options));
  try {
    const { payload } = await verify().catch(async (error: unknown) => {
      if (!mayBeOfNewKey(token, error) || !(await keys.renew())) throw error;
      return verify();
    });
    return payload;
  } catch (error) {
    // The issuer's keys could not be had: the token may be good.
    if (isSophiaError(error)) throw error;
    return refuse(`The token was refused: ${error}.`, error);
  }
}

/** A token need not name its key (RFC 7515, section 4.1.4): of several that fit, one has to have signed it. Else throws the error. */
async function verifyWithEach(token: string, error: unknown, options: JWTVerifyOptions): Promise<JWTVerifyResult> {
  if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
  let tried = 0;
  for await (const key of error) {
    if (tried++ === MAXIMUM_KEYS) break;
    try {
      return await jwtVerify(token, key, options);
    } catch (refused) {
      if (!(refused instanceof errors.JWSSignatureVerificationFailed)) throw refused;
    }
  }
  throw error;
}

/** Whether none of the keys has signed it, of a token that names none: one that is named is looked for anew when it is missing. */
const mayBeOfNewKey = (token: string, error: unknown): boolean =>
  decodeProtectedHeader(token).kid === undefined &&
  (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSMultipleMatchingKeys);

function keysOf(issuer: IssuerConfiguration, clock: Clock): RemoteKeySet {
  const { allowPrivateAddress } = issuer;
  return createRemoteKeySet({ uri: async () => issuer.jwksUri ?? (await discover(issuer)), clock, allowPrivateAddress });
}

/** OpenID Connect Discovery 1.0, section 4. */
async function discover({ issuer, allowPrivateAddress }: IssuerConfiguration): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const document = await fetchJson(url, allowPrivateAddress);
  const { issuer: stated, jwks_uri: uri } = Object(document);
  if (stated === issuer && typeof uri === 'string' && URL.canParse(uri)) return uri;
  throw new SophiaError('unavailable', `${url} is no discovery document of ${issuer}.`, { retryAfter: 60 });
}

function refuse(message: string, cause?: unknown): never {
  throw new SophiaError('unauthenticated', message, { cause });
}
