import type { Observability } from '@sophia/observability';
import { isSophiaError, SophiaError } from '@sophia/shared';
import type { Call, Principal, WorkspaceRef } from '@sophia/types';
import type { Audit } from './audit/audit.ts';
import { KEY_PREFIX } from './keys/key-format.ts';
import type { KeyVerifier, VerifiedKey } from './keys/key-verifier.ts';
import type { Allowance, RateLimiter, RateLimits } from './rate-limit/rate-limiter.ts';
import { isSystemPrincipal, systemPrincipal } from './system-principal.ts';
import type { TokenVerifier, VerifiedToken } from './tokens/token-verifier.ts';
import type { Workspaces } from './workspaces/workspaces.ts';

/** What is known of a request before it is known who sent it. */
export type CallOrigin = Pick<Call, 'via' | 'request' | 'address'>;

/** Who sent a request. */
export interface Authentication {
  /**
   * Resolves the `Authorization` header, for the named workspace where the credential is for several. Errors:
   * `unauthenticated`, `forbidden` where it is not for that one, which is audited in its own, `unknown_workspace`,
   * `rate_limited`, `unavailable` where an issuer's keys cannot be had.
   */
  authenticate(authorization: string | undefined, workspace?: string, from?: CallOrigin): Promise<Principal>;
  /** The same without waiting, for its usual workspace, where the credential was verified a moment ago and still holds. */
  peek(authorization: string): Principal | undefined;
  /**
   * Lets a principal go on whose credential is in force: for what takes long. Keys are looked up; a token is good for what it began,
   * and so is a key while the database cannot be asked. Errors: `unauthenticated`.
   */
  hold(principal: Principal): Promise<void>;
  /** The owner of the data folder, who came through its socket; for the usual workspace unless told. Errors: `unknown_workspace`. */
  administrator(workspace?: string): Promise<Principal>;
  /** Takes one request from the principal's allowance. The answer is good until the principal's next call. */
  takeAllowance(principal: Principal): Allowance;
  /** Whether the principal administers the installation, not one workspace alone. */
  isInstallationAdministrator(principal: Principal): boolean;
}

export interface AuthenticationOptions {
  readonly keyVerifier: KeyVerifier;
  readonly tokenVerifier: TokenVerifier;
  readonly rateLimiter: RateLimiter;
  readonly limits: RateLimits;
  readonly defaultWorkspace: string;
  readonly workspaces: Pick<Workspaces, 'find'>;
  readonly audit: Pick<Audit, 'write'>;
  readonly observability: Pick<Observability, 'metrics'>;
}

const BEARER = 'Bearer ';

export function createAuthentication(options: AuthenticationOptions): Authentication {
  const { keyVerifier, tokenVerifier, rateLimiter, limits: usualLimits, defaultWorkspace, workspaces, audit, observability } = options;
  const refused = observability.metrics
    .counter({ name: 'sophia_authentication_failures_total', help: 'Credentials that were refused.' })
    .with();
  const installation = new WeakSet<Principal>();
  const ownLimits = new WeakMap<Principal, RateLimits>();
  // One object for each credential and workspace: what is remembered about a principal is found by its object.
  const keys = new WeakMap<Principal, VerifiedKey>();
  const principals = new WeakMap<VerifiedKey | VerifiedToken, Map<string, Principal>>();

  const findWorkspace = async (name: string) => {
    const found = await workspaces.find(name);
    if (found === undefined) throw new SophiaError('unknown_workspace', `There is no workspace ${name}.`, { details: { workspace: name } });
    return found;
  };
  const remember = (credential: VerifiedKey | VerifiedToken, principal: Principal): Principal => {
    const known = principals.get(credential) ?? new Map<string, Principal>();
    principals.set(credential, known.set(principal.workspaceName, principal));
    return principal;
  };
  const takeAllowance = (principal: Principal): Allowance => rateLimiter.take(principal.id, ownLimits.get(principal) ?? usualLimits);
  /** Whoever tries another workspace is written down in their own. */
  const refuse = async (principal: Principal | undefined, wanted: string, from: CallOrigin, message: string): Promise<never> => {
    if (principal !== undefined) {
      const { allowed, limit, reset } = takeAllowance(principal);
      if (!allowed) throw new SophiaError('rate_limited', `More than ${limit} requests a second.`, { retryAfter: Math.max(1, reset) });
      const call: Call = { ...from, principal };
      await audit.write({ call, action: 'authenticate', object: `workspace:${wanted}`, result: 'forbidden', milliseconds: 0 });
    }
    throw new SophiaError('forbidden', message);
  };
  const ofKey = async (key: VerifiedKey, wanted: string | undefined, from: CallOrigin): Promise<Principal> => {
    const { principal, installation: forAll, requestsPerSecond } = key;
    const name = wanted ?? principal.workspaceName;
    const known = principals.get(key)?.get(name);
    if (known !== undefined) return known;
    if (name !== principal.workspaceName && !forAll) {
      return refuse(principal, name, from, `This key is for the workspace ${principal.workspaceName} alone.`);
    }
    const workspace = name === principal.workspaceName ? principal.workspace : (await findWorkspace(name)).id;
    const there: Principal = name === principal.workspaceName ? principal : { ...principal, workspace, workspaceName: name };
    if (forAll) installation.add(there);
    keys.set(there, key);
    if (requestsPerSecond !== null) ownLimits.set(there, { requestsPerSecond, burst: 2 * requestsPerSecond });
    return remember(key, there);
  };
  const ofToken = async (token: VerifiedToken, wanted: string | undefined, from: CallOrigin): Promise<Principal> => {
    const name = wanted ?? usualWorkspace(token);
    const known = principals.get(token)?.get(name);
    if (known !== undefined) return known;
    if (!token.workspaces.includes(name)) {
      const own = await workspaces.find(usualWorkspace(token));
      const principal = own === undefined ? undefined : tokenPrincipal(token, own);
      return refuse(principal, name, from, `This token is not for the workspace ${name}.`);
    }
    return remember(token, tokenPrincipal(token, await findWorkspace(name)));
  };
  const verify = async (credential: string, workspace: string | undefined, from: CallOrigin): Promise<Principal> => {
    if (!credential.startsWith(KEY_PREFIX)) return ofToken(await tokenVerifier.verify(credential), workspace, from);
    const key = await keyVerifier.verify(credential);
    if (key === undefined) throw new SophiaError('unauthenticated', 'The key is not known, or has expired or been revoked.');
    return ofKey(key, workspace, from);
  };

  return {
    async authenticate(authorization, workspace, from = { via: 'rest' }) {
      if (authorization === undefined)
        throw new SophiaError('unauthenticated', 'The header Authorization with a key or a token is missing.');
      const credential = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
      if (credential === undefined)
        throw new SophiaError('unauthenticated', 'The header Authorization is not of the form Bearer <key or token>.');
      try {
        return await verify(credential, workspace, from);
      } catch (error) {
        if (isSophiaError(error, 'unauthenticated')) refused.add();
        throw error;
      }
    },
    peek(authorization) {
      if (!authorization.startsWith(BEARER)) return undefined;
      if (authorization.startsWith(KEY_PREFIX, BEARER.length)) return keyVerifier.peek(authorization, BEARER.length)?.principal;
      const token = tokenVerifier.peek(authorization.slice(BEARER.length));
      return token === undefined ? undefined : principals.get(token)?.get(usualWorkspace(token));
    },
    async hold(principal) {
      const key = keys.get(principal);
      if (key === undefined || (await keyVerifier.isInForce(key).catch(() => true))) return;
      throw new SophiaError('unauthenticated', 'The key has expired or been revoked meanwhile.');
    },
    administrator: async (workspace = defaultWorkspace) => systemPrincipal('owner', await findWorkspace(workspace)),
    takeAllowance,
    isInstallationAdministrator: (principal) => installation.has(principal) || isSystemPrincipal(principal),
  };
}

// Claims without any workspace were refused.
const usualWorkspace = ({ workspaces }: VerifiedToken): string => workspaces[0] as string;

const tokenPrincipal = ({ subject, issuer, name, role, userRecord }: VerifiedToken, workspace: WorkspaceRef): Principal => ({
  // Issuers may share a host: realms are told apart by their path.
  id: `user:${subject}@${issuer.replace(/^https?:\/\//, '').replace(/\/$/, '')}`,
  name,
  role,
  workspace: workspace.id,
  workspaceName: workspace.name,
  ...(userRecord === undefined ? {} : { userRecord }),
});
