import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IssuerConfiguration } from '@sophia/shared';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemPrincipal } from '../system-principal.ts';
import { type AuthHarness, callOf, createAuthHarness } from '../testing/auth-harness.ts';

interface TestKey {
  readonly kid: string;
  readonly publicJwk: JWK;
  readonly privateKey: CryptoKey;
}

describe('tokens of an OpenID issuer', () => {
  let harness: AuthHarness;
  let server: Server;
  let address: string;
  let first: TestKey;
  let second: TestKey;
  /** What the issuer serves, and how often its keys were asked for. */
  const served: { keys: JWK[]; status: number; issuer: string | undefined; body: string | undefined; requests: number } = {
    keys: [],
    status: 200,
    issuer: undefined,
    body: undefined,
    requests: 0,
  };

  beforeAll(async () => {
    [harness, first, second] = await Promise.all([createAuthHarness(), makeKey('first'), makeKey('second')]);
    server = createServer((request, response) => {
      const isDiscovery = request.url === '/.well-known/openid-configuration';
      if (!isDiscovery) served.requests++;
      response.statusCode = served.status;
      const document = isDiscovery ? { issuer: served.issuer ?? address, jwks_uri: `${address}/keys` } : { keys: served.keys };
      response.end(served.body ?? JSON.stringify(document));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await harness.auth.workspaces.ensure('sales');
  });
  beforeEach(() => {
    Object.assign(served, { keys: [first.publicJwk], status: 200, issuer: undefined, body: undefined, requests: 0 });
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await harness.close();
  });

  const issuer = (other: Partial<IssuerConfiguration>): IssuerConfiguration => ({
    issuer: address,
    audience: 'sophia',
    jwksUri: `${address}/keys`,
    roleClaim: 'role',
    roles: null,
    workspaceClaim: null,
    workspace: 'main',
    userClaim: null,
    userSourceSystem: null,
    allowPrivateAddress: true,
    ...other,
  });
  const authentication = async (...others: Partial<IssuerConfiguration>[]) => {
    const configuration = {
      issuers: (others.length === 0 ? [{}] : others).map(issuer),
      rateLimit: { requestsPerSecond: 10, burst: 20 },
      audit: { retentionDays: 30, bufferEntries: 1_000 },
      workspace: 'main',
    };
    return (await harness.another({ configuration })).authentication;
  };
  const sign = (claims: JWTPayload, { key = first, isNamed = true, alg = 'ES256', expires = 3_600 } = {}) =>
    new SignJWT({ sub: 'ann', iss: address, aud: 'sophia', role: 'analyst', ...claims })
      .setProtectedHeader({ alg, ...(isNamed ? { kid: key.kid } : {}) })
      .setExpirationTime(Math.floor(harness.clock.now() / 1_000) + expires)
      .sign(key.privateKey);
  const bearer = async (claims: JWTPayload = {}, options = {}) => `Bearer ${await sign(claims, options)}`;

  it('let their bearer in, by the claims that the configuration names', async () => {
    const verifier = await authentication({
      roleClaim: 'realm_access.roles',
      roles: { bi_boss: 'executive', bi_user: 'viewer' },
      workspaceClaim: 'https://sophia.example/workspaces',
      userClaim: 'employee_id',
      userSourceSystem: 'crm',
    });
    const token = await bearer({
      name: 'Ann',
      realm_access: { roles: ['other', 'bi_user', 'bi_boss'] },
      'https://sophia.example/workspaces': ['sales', 'main'],
      employee_id: 'Zoe\u0308',
    });
    const principal = await verifier.authenticate(token);
    expect(principal).toMatchObject({
      id: `user:ann@${new URL(address).host}`,
      name: 'Ann',
      role: 'executive',
      workspaceName: 'sales',
      userRecord: { source_system: 'crm', source_id: 'Zo\u00eb' },
    });
    expect(verifier.peek(token)).toBe(principal);
    expect(await verifier.authenticate(token)).toBe(principal);
    expect((await verifier.authenticate(token, 'main')).workspaceName).toBe('main');
    await expect(verifier.authenticate(token, 'elsewhere')).rejects.toMatchObject({ code: 'forbidden' });
    const own = callOf(systemPrincipal('test', await harness.auth.workspaces.ensure('sales')));
    expect((await harness.auth.audit.list(own, { action: 'authenticate' })).entries).toEqual([
      expect.objectContaining({ principal: principal.id, object: 'workspace:elsewhere', result: 'forbidden' }),
    ]);
    expect(served.requests).toBe(1);
  });

  it('of two realms on one host are of two principals, though their subject is the same', async () => {
    const realms = [`${address}/a`, `${address}/b/`];
    const verifier = await authentication(...realms.map((realm) => ({ issuer: realm })));
    const ids = await Promise.all(realms.map(async (iss) => (await verifier.authenticate(await bearer({ iss }))).id));
    expect(ids).toEqual(['a', 'b'].map((realm) => `user:ann@${new URL(address).host}/${realm}`));
  });

  it('are judged by the audience that they are for, where the issuer is configured for several', async () => {
    const verifier = await authentication(
      { audience: 'dashboard', roles: { staff: 'analyst' } },
      { audience: 'agents', roles: { staff: 'viewer' }, workspace: 'sales' },
    );
    const principalOf = async (aud: string | string[]) => verifier.authenticate(await bearer({ aud, role: 'staff' }));
    expect(await principalOf('dashboard')).toMatchObject({ role: 'analyst', workspaceName: 'main' });
    expect(await principalOf('agents')).toMatchObject({ role: 'viewer', workspaceName: 'sales' });
    expect(await principalOf(['agents', 'other'])).toMatchObject({ role: 'viewer' });
    expect(await principalOf(['agents', 'dashboard'])).toMatchObject({ role: 'analyst' });
    await expect(principalOf('other')).rejects.toMatchObject({ code: 'unauthenticated', message: expect.stringContaining('no audience') });
  });

  it('find their keys by the discovery document', async () => {
    const verifier = await authentication({ jwksUri: null });
    expect(await verifier.authenticate(await bearer({ email: 'ann@example.org' }))).toMatchObject({
      name: 'ann@example.org',
      role: 'analyst',
    });
  });

  it('are refused unless the discovery document is the issuer’s own', async () => {
    served.issuer = 'https://elsewhere.example';
    await expect((await authentication({ jwksUri: null })).authenticate(await bearer())).rejects.toMatchObject({ code: 'unavailable' });
  });

  it.each([
    ['another issuer', { iss: 'https://elsewhere.example' }, {}],
    ['no issuer', { iss: undefined }, {}],
    ['another audience', { aud: 'other' }, {}],
    ['no subject', { sub: undefined }, {}],
    ['a subject that is no id', { sub: 'a b' }, {}],
    ['a number as its subject', { sub: 5 }, {}],
    ['an expired one', {}, { expires: -60 }],
    ['one that is not yet valid', { nbf: 4_102_444_800 }, {}],
  ])('are refused: %s', async (_what, claims, options) => {
    await expect((await authentication()).authenticate(await bearer(claims as JWTPayload, options))).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it('are refused with a role or workspace that they do not name', async () => {
    await expect((await authentication()).authenticate(await bearer({ role: 'king' }))).rejects.toMatchObject({ code: 'forbidden' });
    await expect((await authentication({ roles: {} })).authenticate(await bearer())).rejects.toMatchObject({ code: 'forbidden' });
    const without = await authentication({ workspaceClaim: 'workspace', workspace: null });
    await expect(without.authenticate(await bearer())).rejects.toMatchObject({ code: 'forbidden' });
    const nowhere = await bearer({ workspace: 'none' });
    await expect(without.authenticate(nowhere)).rejects.toMatchObject({ code: 'unknown_workspace' });
    expect(without.peek(nowhere)).toBeUndefined();
  });

  it('are refused elsewhere also where their own workspace does not exist any more', async () => {
    const verifier = await authentication({ workspaceClaim: 'workspace', workspace: null });
    await expect(verifier.authenticate(await bearer({ sub: 'stray', workspace: 'gone' }), 'main')).rejects.toMatchObject({
      code: 'forbidden',
      message: 'This token is not for the workspace main.',
    });
    // It would be written down in their own.
    for (const name of ['main', 'sales']) {
      const call = callOf(systemPrincipal('test', await harness.auth.workspaces.ensure(name)));
      const { entries } = await harness.auth.audit.list(call, { action: 'authenticate' });
      expect(entries.filter(({ principal }) => principal.startsWith('user:stray@'))).toEqual([]);
    }
  });

  it('are refused when they are forged', async () => {
    const verifier = await authentication();
    const [header, payload, signature] = (await sign({})).split('.');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { sub: 'ann', iss: address, aud: 'sophia', role: 'admin', exp: 4_102_444_800 };
    const symmetric = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: 'first' })
      .sign(Buffer.from(JSON.stringify(first.publicJwk)));
    const forged = [
      `${header}.${encode(claims)}.${signature}`,
      `${encode({ alg: 'none' })}.${payload}.`,
      symmetric,
      await sign({}, { key: { ...second, kid: 'first' } }),
      `${header}.${payload}`,
      `${header}.${payload}.${signature}${'x'.repeat(20_000)}`,
      'not.a.token',
    ];
    for (const token of forged) {
      await expect(verifier.authenticate(`Bearer ${token}`), token.slice(0, 80)).rejects.toMatchObject({ code: 'unauthenticated' });
      expect(verifier.peek(`Bearer ${token}`)).toBeUndefined();
    }
  });

  it('hold until they expire, also when they were verified before', async () => {
    const verifier = await authentication();
    const token = await bearer({}, { expires: 10 });
    await verifier.authenticate(token);
    harness.clock.advance(39_000);
    expect(verifier.peek(token)).toBeDefined();
    harness.clock.advance(2_000);
    expect(verifier.peek(token)).toBeUndefined();
    await expect(verifier.authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('are verified anew after a minute', async () => {
    const verifier = await authentication();
    const token = await bearer();
    await verifier.authenticate(token);
    harness.clock.advance(60_000);
    expect(verifier.peek(token)).toBeUndefined();
    await verifier.authenticate(token);
    expect(verifier.peek(token)).toBeDefined();
  });

  it('with a new key are taken when the issuer rotates, and invented keys do not make it work', async () => {
    const verifier = await authentication();
    await verifier.authenticate(await bearer());
    served.keys = [second.publicJwk];
    const rotated = await bearer({}, { key: second });
    await expect(verifier.authenticate(rotated)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(served.requests).toBe(1);
    harness.clock.advance(10_001);
    await verifier.authenticate(rotated);
    await expect(verifier.authenticate(await bearer({}, { key: { ...second, kid: 'invented' } }))).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    expect(served.requests).toBe(2);
    await expect(verifier.authenticate(await bearer({ jti: 'new' }))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('without the name of a key are verified by each that fits', async () => {
    const unnamed = ({ kid: _, ...publicJwk }: JWK): JWK => publicJwk;
    const third = await makeKey('third');
    const bearerOf = (key: TestKey, more = {}) => bearer({}, { key, isNamed: false, ...more });
    const verifier = await authentication();
    served.keys = [unnamed(first.publicJwk), unnamed(second.publicJwk)];
    for (const key of [first, second]) expect(await verifier.authenticate(await bearerOf(key))).toMatchObject({ role: 'analyst' });
    await expect(verifier.authenticate(await bearerOf(third))).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(verifier.authenticate(await bearerOf(second, { expires: -60 }))).rejects.toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('exp'),
    });
    served.keys = Array.from({ length: 11 }, (_, index) => unnamed((index < 10 ? third : first).publicJwk));
    const other = await authentication();
    await expect(other.authenticate(await bearerOf(first))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('without the name of a key are taken when the issuer rotates, and forged ones do not make it work', async () => {
    const { kid: _, ...unnamed } = second.publicJwk;
    const bearerOf = (key: TestKey, claims = {}) => bearer(claims, { key, isNamed: false });
    const verifier = await authentication();
    await verifier.authenticate(await bearerOf(first));
    served.keys = [unnamed];
    await expect(verifier.authenticate(await bearerOf(second))).rejects.toMatchObject({ code: 'unauthenticated' });
    harness.clock.advance(10_001);
    await verifier.authenticate(await bearerOf(second));
    await expect(verifier.authenticate(await bearerOf(first, { jti: 'old' }))).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(served.requests).toBe(2);
  });

  it('go on while the issuer is away, for an hour', async () => {
    const verifier = await authentication();
    await verifier.authenticate(await bearer());
    served.status = 500;
    harness.clock.advance(600_001);
    await verifier.authenticate(await bearer());
    await verifier.authenticate(await bearer({ jti: '2' }));
    expect(served.requests).toBe(2);
    harness.clock.advance(3_000_000);
    for (const jti of ['3', 'just after that']) {
      await expect(verifier.authenticate(await bearer({ jti }))).rejects.toMatchObject({ code: 'unavailable', retryAfter: 5 });
    }
    served.status = 200;
    await verifier.authenticate(await bearer({ jti: '4' }));
  });

  it('cannot be verified while the issuer answers with something else', async () => {
    served.body = '<html>';
    await expect((await authentication()).authenticate(await bearer())).rejects.toMatchObject({ code: 'unavailable' });
    served.body = '{"keys": 1}';
    await expect((await authentication()).authenticate(await bearer())).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('of an issuer with a private address are refused unless that is allowed', async () => {
    const verifier = await authentication({ allowPrivateAddress: false });
    await expect(verifier.authenticate(await bearer())).rejects.toMatchObject({ code: 'address_not_allowed' });
    expect(served.requests).toBe(0);
  });
});

async function makeKey(kid: string): Promise<TestKey> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { kid, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' }, privateKey };
}
