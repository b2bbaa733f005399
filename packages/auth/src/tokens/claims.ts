import { keyText } from '@sophia/core';
import { type IssuerConfiguration, SophiaError } from '@sophia/shared';
import { ROLES, type Role } from '@sophia/types';
import type { JWTPayload } from 'jose';

/** What a token says of whoever carries it. */
export interface TokenIdentity {
  readonly subject: string;
  readonly name: string;
  readonly role: Role;
  /** Names of the workspaces it is good for; the first is meant unless another is asked for. */
  readonly workspaces: readonly string[];
  readonly userRecord: { readonly source_system: string; readonly source_id: string } | undefined;
}

/** Reads the claims by the issuer's configuration. Errors: `unauthenticated` without a subject, `forbidden` without a role or workspace. */
export function readClaims(claims: JWTPayload, issuer: IssuerConfiguration): TokenIdentity {
  const sub: unknown = claims.sub;
  // It becomes part of an id, which is written down and compared.
  if (typeof sub !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(sub)) {
    throw new SophiaError('unauthenticated', 'The subject of the token is not one to 255 printable ASCII characters.');
  }
  const role = roleOf(textsAt(claims, issuer.roleClaim), issuer.roles);
  if (role === undefined) throw new SophiaError('forbidden', `The token's claim ${issuer.roleClaim} names no role of Sophia.`);
  const workspaces = issuer.workspaceClaim === null ? [] : textsAt(claims, issuer.workspaceClaim);
  if (workspaces.length === 0 && issuer.workspace !== null) workspaces.push(issuer.workspace);
  if (workspaces.length === 0) throw new SophiaError('forbidden', `The token's claim ${issuer.workspaceClaim} names no workspace.`);
  const [userId] = issuer.userClaim === null ? [] : textsAt(claims, issuer.userClaim);
  const { userSourceSystem } = issuer;
  return {
    subject: sub,
    name: nameOf(claims) ?? sub,
    role,
    workspaces,
    userRecord:
      userId === undefined || userSourceSystem === null ? undefined : { source_system: userSourceSystem, source_id: keyText(userId) },
  };
}

const nameOf = ({ name, preferred_username: username, email }: JWTPayload): string | undefined =>
  [name, username, email].find((text): text is string => typeof text === 'string' && text !== '')?.slice(0, 200);

/** The mightiest of the roles that the values stand for. */
function roleOf(values: readonly string[], mapping: IssuerConfiguration['roles']): Role | undefined {
  return ROLES.findLast((role) => values.some((value) => (mapping === null ? value === role : ownValue(mapping, value) === role)));
}

/** The texts of a claim that is one text or a list; dots lead into nested claims. */
function textsAt(claims: JWTPayload, path: string): string[] {
  // A claim whose own name has dots, as in https://example.org/role, is meant before a nested one.
  const found = ownValue(claims, path) ?? path.split('.').reduce<unknown>((value, key) => ownValue(value, key), claims);
  const values = Array.isArray(found) ? found : [found];
  return values.filter((value) => typeof value === 'string' && value !== '');
}

function ownValue(container: unknown, key: string): unknown {
  if (typeof container !== 'object' || container === null || !Object.hasOwn(container, key)) return undefined;
  return (container as Readonly<Record<string, unknown>>)[key];
}
