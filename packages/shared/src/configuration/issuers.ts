import { ROLES, type Role } from '@sophia/types';
import { isJsonObject } from '../json/is-json-object.ts';
import type { IssuerConfiguration } from './configuration.ts';
import { isUrl } from './setting.ts';

const KEYS = new Set([
  'issuer',
  'audience',
  'jwks_uri',
  'role_claim',
  'roles',
  'workspace_claim',
  'workspace',
  'user_claim',
  'user_source_system',
  'allow_private_address',
]);

/** The issuers of `auth.issuers`, or undefined when one is not well formed or is there twice for the same audience. */
export function readIssuers(found: unknown): readonly IssuerConfiguration[] | undefined {
  if (!Array.isArray(found)) return undefined;
  const issuers = found.map(readIssuer);
  const valid = issuers.filter((issuer) => issuer !== undefined);
  const distinct = new Set(valid.map(({ issuer, audience }) => JSON.stringify([issuer, audience])));
  return distinct.size === issuers.length ? valid : undefined;
}

function readIssuer(found: unknown): IssuerConfiguration | undefined {
  if (!isJsonObject(found) || Object.keys(found).some((key) => !KEYS.has(key))) return undefined;
  const { issuer, audience, allow_private_address: allowPrivateAddress = false } = found;
  const optional = (key: string): string | null | undefined => {
    const value = found[key] ?? null;
    return value === null || (typeof value === 'string' && value !== '') ? value : undefined;
  };
  const jwksUri = optional('jwks_uri');
  const roleClaim = optional('role_claim');
  const roles = readRoles(found.roles);
  const workspaceClaim = optional('workspace_claim');
  const workspace = optional('workspace');
  const userClaim = optional('user_claim');
  const userSourceSystem = optional('user_source_system');
  if (
    typeof issuer !== 'string' ||
    !isUrl(issuer, ['https', 'http']) ||
    typeof audience !== 'string' ||
    audience === '' ||
    typeof allowPrivateAddress !== 'boolean' ||
    jwksUri === undefined ||
    (jwksUri !== null && !isUrl(jwksUri, ['https', 'http'])) ||
    roleClaim === undefined ||
    roles === undefined ||
    workspaceClaim === undefined ||
    workspace === undefined ||
    (workspaceClaim === null && workspace === null) ||
    userClaim === undefined ||
    userSourceSystem === undefined ||
    (userClaim !== null && userSourceSystem === null)
  ) {
    return undefined;
  }
  return {
    issuer,
    audience,
    jwksUri,
    roleClaim: roleClaim ?? 'role',
    roles,
    workspaceClaim,
    workspace,
    userClaim,
    userSourceSystem,
    allowPrivateAddress,
  };
}

function readRoles(found: unknown): Readonly<Record<string, Role>> | null | undefined {
  if (found === undefined || found === null) return null;
  if (!isJsonObject(found)) return undefined;
  const roles: Record<string, Role> = {};
  for (const [value, name] of Object.entries(found)) {
    const role = ROLES.find((known) => known === name);
    if (role === undefined) return undefined;
    roles[value] = role;
  }
  return roles;
}
