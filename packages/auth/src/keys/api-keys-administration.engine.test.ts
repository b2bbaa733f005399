import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemPrincipal } from '../system-principal.ts';
import { type AuthHarness, bearer, callOf, createAuthHarness } from '../testing/auth-harness.ts';
import type { NewApiKey } from './api-keys.ts';

describe('an API key, by who administers it,', () => {
  let harness: AuthHarness;
  beforeAll(async () => {
    harness = await createAuthHarness();
  });
  afterAll(() => harness.close());

  it('for the installation is good for every workspace, any other for its own', async () => {
    const other = await harness.auth.workspaces.create(harness.owner, 'other');
    const { text } = await harness.makeKey({ role: 'admin', installation: true });
    const principal = await harness.auth.authentication.authenticate(bearer(text), 'other');
    expect(principal).toMatchObject({ workspace: other.id, workspaceName: 'other', role: 'admin' });
    expect(await harness.auth.authentication.authenticate(bearer(text), 'other')).toBe(principal);
    expect(harness.auth.authentication.isInstallationAdministrator(principal)).toBe(true);
    await expect(harness.auth.authentication.authenticate(bearer(text), 'nowhere')).rejects.toMatchObject({ code: 'unknown_workspace' });

    const own = await harness.makeKey();
    const from = { via: 'rest', request: 'elsewhere', address: '192.0.2.5' } as const;
    const elsewhere = () => harness.auth.authentication.authenticate(bearer(own.text), 'other', from);
    await expect(elsewhere()).rejects.toMatchObject({ code: 'forbidden' });
    const { entries } = await harness.auth.audit.list(harness.owner, { action: 'authenticate', principal: `key:${own.key.id}` });
    expect(entries).toEqual([
      expect.objectContaining({ object: 'workspace:other', result: 'forbidden', request: 'elsewhere', address: '192.0.2.5', via: 'rest' }),
    ]);
    // As many are written down as requests are allowed.
    const refused = async (): Promise<unknown> => elsewhere().catch(({ code }) => (code === 'forbidden' ? refused() : code));
    expect(await refused()).toBe('rate_limited');
    expect((await harness.auth.authentication.authenticate(bearer(own.text), 'main')).workspace).toBe(harness.main.id);
  });

  it('for the installation is made by administrators of the installation only', async () => {
    const { text } = await harness.makeKey({ role: 'admin' });
    const call = callOf(await harness.auth.authentication.authenticate(bearer(text)));
    const wanted = { name: 'x', role: 'admin' as const, installation: true };
    await expect(harness.auth.keys.create(call, wanted)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(harness.auth.workspaces.create(call, 'mine')).rejects.toMatchObject({ code: 'forbidden' });
    const { entries } = await harness.auth.audit.list(harness.owner, { result: 'forbidden', principal: call.principal.id });
    expect(entries.map(({ action, object }) => [action, object])).toEqual([
      ['workspace.create', 'workspace:mine'],
      ['key.create', 'keys'],
    ]);
    expect((await harness.auth.workspaces.list(call)).map(({ name }) => name)).toEqual(['main']);
  });

  it('for the installation is revoked by administrators of the installation only', async () => {
    const { key: ofInstallation, text: good } = await harness.makeKey({ role: 'admin', installation: true });
    const { key: own, text } = await harness.makeKey({ role: 'admin' });
    const call = callOf(await harness.auth.authentication.authenticate(bearer(text)));
    await expect(harness.auth.keys.revoke(call, ofInstallation.id)).rejects.toMatchObject({ code: 'forbidden' });
    const principal = await harness.auth.authentication.authenticate(bearer(good));
    const { entries } = await harness.auth.audit.list(harness.owner, { result: 'forbidden', principal: call.principal.id });
    expect(entries.map(({ action, object }) => [action, object])).toEqual([['key.revoke', `key:${ofInstallation.id}`]]);
    await harness.auth.keys.revoke(callOf(principal), own.id);
    await harness.auth.keys.revoke(callOf(principal), ofInstallation.id);
    await expect(harness.auth.authentication.authenticate(bearer(good))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('is made, listed and revoked by administrators only, and what is refused is audited', async () => {
    const { text } = await harness.makeKey({ role: 'executive' });
    const call = callOf(await harness.auth.authentication.authenticate(bearer(text)), { request: 'denied' });
    await expect(harness.auth.keys.create(call, { name: 'x', role: 'viewer' })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(harness.auth.keys.list(call)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(harness.auth.keys.revoke(call, 'any')).rejects.toMatchObject({ code: 'forbidden' });
    const { entries } = await harness.auth.audit.list(harness.owner, { result: 'forbidden', principal: call.principal.id });
    expect(entries.map(({ action }) => action).sort()).toEqual(['key.create', 'key.list', 'key.revoke']);
  });

  it('of another workspace cannot be seen or revoked', async () => {
    const foreign = await harness.auth.workspaces.ensure('foreign');
    const { key } = await harness.makeKey();
    const call = callOf(systemPrincipal('test', foreign));
    expect((await harness.auth.keys.list(call)).keys).toEqual([]);
    await expect(harness.auth.keys.revoke(call, key.id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each([
    [{ name: ' ' }, 'name'],
    [{ name: 'x'.repeat(201) }, 'name'],
    [{ role: 'king' }, 'role is "king"'],
    [{ expiresAt: 'tomorrow' }, 'tomorrow'],
    [{ expiresAt: '2001-01-01T00:00:00Z' }, 'has passed'],
    [{ requestsPerSecond: 0.5 }, 'requests_per_second'],
    [{ installation: true }, 'has the role admin'],
  ])('cannot be made with %o', async (options, message) => {
    await expect(harness.makeKey(options as Partial<NewApiKey>)).rejects.toMatchObject({
      code: 'invalid_key_request',
      message: expect.stringContaining(message),
    });
  });

  it('is listed in pages, without its secret', async () => {
    const workspace = await harness.auth.workspaces.ensure('pages');
    const call = callOf(systemPrincipal('test', workspace));
    for (const name of ['first', 'second', 'third']) {
      harness.clock.advance(1);
      await harness.auth.keys.create(call, { name, role: 'viewer', requestsPerSecond: 5 });
    }
    const userRecord = { source_system: 'crm', source_id: 'Ann' };
    harness.clock.advance(1);
    await harness.auth.keys.create(call, { name: 'fourth', role: 'employee', userRecord });
    const first = await harness.auth.keys.list(call, { limit: 2 });
    const second = await harness.auth.keys.list(call, { limit: 3, cursor: first.cursor ?? '' });
    expect([...first.keys, ...second.keys].map(({ name }) => name)).toEqual(['first', 'second', 'third', 'fourth']);
    expect(second.cursor).toBeNull();
    expect(second.keys.at(-1)?.user_record).toEqual(userRecord);
    expect(first.keys[0]).toMatchObject({
      role: 'viewer',
      workspace: 'pages',
      requests_per_second: 5,
      revoked_at: null,
      user_record: null,
    });
    expect(first.keys[0]).not.toHaveProperty('hash');
    await expect(harness.auth.keys.list(call, { limit: 1_001 })).rejects.toMatchObject({ code: 'invalid_request' });
    const id = `${first.keys[0]?.id}`;
    for (const cursor of ['no cursor', `~${id}`, `2026-13-45T20:00:00Z~${id}`, '2026-11-30T20:00:00Z~no-id']) {
      await expect(harness.auth.keys.list(call, { cursor })).rejects.toMatchObject({ code: 'invalid_cursor' });
    }
  });
});
