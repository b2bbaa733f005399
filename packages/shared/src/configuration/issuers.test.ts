import { expect, it } from 'vitest';
import { parseConfiguration } from './parse-configuration.ts';

const issuer = { issuer: 'https://login.example/realm', audience: 'sophia', workspace: 'main' };
const issuersOf = (found: unknown) => parseConfiguration({ env: { SOPHIA_AUTH_ISSUERS: JSON.stringify(found) } }).auth.issuers;

it('an issuer needs its name, an audience and a workspace, and has usual claims', () => {
  expect(issuersOf([issuer])).toEqual([
    {
      issuer: 'https://login.example/realm',
      audience: 'sophia',
      jwksUri: null,
      roleClaim: 'role',
      roles: null,
      workspaceClaim: null,
      workspace: 'main',
      userClaim: null,
      userSourceSystem: null,
      allowPrivateAddress: false,
    },
  ]);
});

it('may be there for several audiences', () => {
  expect(issuersOf([issuer, { ...issuer, audience: 'agents', workspace: 'sales' }])).toMatchObject([
    { audience: 'sophia', workspace: 'main' },
    { audience: 'agents', workspace: 'sales' },
  ]);
});

it('is told in YAML as well', () => {
  const file = `auth:
  issuers:
    - issuer: https://login.example
      audience: sophia
      jwks_uri: http://localhost:9000/keys
      role_claim: groups
      roles: { bi-admins: admin, staff: employee }
      workspace_claim: tenant
      user_claim: employee_id
      user_source_system: crm
      allow_private_address: true
`;
  expect(parseConfiguration({ file }).auth.issuers).toEqual([
    {
      issuer: 'https://login.example',
      audience: 'sophia',
      jwksUri: 'http://localhost:9000/keys',
      roleClaim: 'groups',
      roles: { 'bi-admins': 'admin', staff: 'employee' },
      workspaceClaim: 'tenant',
      workspace: null,
      userClaim: 'employee_id',
      userSourceSystem: 'crm',
      allowPrivateAddress: true,
    },
  ]);
});

it.each([
  ['no JSON', 'x'],
  ['no list', issuer],
  ['no object', ['https://login.example']],
  ['null', [null]],
  ['an unknown key', [{ ...issuer, jwks: 'x' }]],
  ['one that is there twice for an audience', [issuer, { ...issuer, workspace: 'sales' }]],
  ['no URL', [{ ...issuer, issuer: 'login' }]],
  ['no audience', [{ ...issuer, audience: '' }]],
  ['no workspace', [{ ...issuer, workspace: undefined }]],
  ['an empty claim', [{ ...issuer, role_claim: '' }]],
  ['no URL of keys', [{ ...issuer, jwks_uri: 'keys' }]],
  ['an unknown role', [{ ...issuer, roles: { a: 'king' } }]],
  ['roles that are no mapping', [{ ...issuer, roles: ['admin'] }]],
  ['users without a source system', [{ ...issuer, user_claim: 'id' }]],
  ['no toggle', [{ ...issuer, allow_private_address: 'yes' }]],
])('is refused with %s', (_what, found) => {
  const env = { SOPHIA_AUTH_ISSUERS: typeof found === 'string' ? found : JSON.stringify(found) };
  expect(() => parseConfiguration({ env })).toThrow(/^SOPHIA_AUTH_ISSUERS is /);
});
