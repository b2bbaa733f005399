import { createTestObservability } from '@sophia/observability/testing';
import { createMemoryPubSub } from '@sophia/pub-sub/memory';
import { createGate } from '@sophia/shared/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemPrincipal } from '../system-principal.ts';
import { type AuthHarness, bearer, callOf, createAuthHarness } from '../testing/auth-harness.ts';
import { intercept } from '../testing/intercept.ts';

describe('API keys', () => {
  let harness: AuthHarness;
  beforeAll(async () => {
    harness = await createAuthHarness();
  });
  afterAll(() => harness.close());

  /** Another process, whose database may be away. */
  const besideADatabase = async () => {
    let isAway = false;
    const select: typeof harness.database.select = (workspaces, statement, values, options) =>
      isAway ? Promise.reject(new Error('no database')) : harness.database.select(workspaces, statement, values, options);
    const { authentication } = await harness.another({ database: intercept(harness.database, { select }) });
    const setAway = (away: boolean): void => {
      isAway = away;
    };
    return { authentication, setAway };
  };

  it('lets its bearer in as what it was made for', async () => {
    const userRecord = { source_system: 'crm', source_id: 'Ann' };
    const { key, text } = await harness.makeKey({ name: ' Ann ', role: 'employee', userRecord });
    const principal = await harness.auth.authentication.authenticate(bearer(text));
    expect(principal).toEqual({
      id: `key:${key.id}`,
      name: 'Ann',
      role: 'employee',
      workspace: harness.main.id,
      workspaceName: 'main',
      userRecord,
    });
    expect(await harness.auth.authentication.authenticate(bearer(text))).toBe(principal);
    expect(harness.auth.authentication.peek(bearer(text))).toBe(principal);
  });

  it('names a record of a user as records are found by, however it was typed', async () => {
    const { text } = await harness.makeKey({ role: 'employee', userRecord: { source_system: 'crm', source_id: ' Zoe\u0308 ' } });
    const { userRecord } = await harness.auth.authentication.authenticate(bearer(text));
    expect(userRecord).toEqual({ source_system: 'crm', source_id: 'Zo\u00eb' });
  });

  it('is stored as a hash alone', async () => {
    const { key, text } = await harness.makeKey();
    const rows = await harness.database.select<{ row: string }>(
      [harness.main.id],
      { name: 'test_key_row', text: 'select k::text as row from api_key k where id = $1' },
      [key.id],
    );
    const secret = text.split('_').slice(2).join('_');
    expect(rows[0]?.row).not.toContain(secret);
    expect(secret).toHaveLength(43);
    expect(JSON.stringify(harness.observability.lines())).not.toContain(secret);
  });

  it('is refused with another secret, another id and in any other form', async () => {
    const { text } = await harness.makeKey();
    await harness.auth.authentication.authenticate(bearer(text));
    const other = (await harness.makeKey()).text;
    const [prefix, id] = text.split('_');
    const wrong = [
      `${prefix}_${id}_${other.split('_').slice(2).join('_')}`,
      `${text}x`,
      text.slice(0, -1),
      `${prefix}_${id}`,
      'sophia_',
      'sophia_11aaaaaaaaaaaaaaa_short',
      `${prefix}_99${id?.slice(2)}_${text.split('_')[2]}`,
    ];
    for (const credential of wrong) {
      await expect(harness.auth.authentication.authenticate(bearer(credential)), credential).rejects.toMatchObject({
        code: 'unauthenticated',
      });
      expect(harness.auth.authentication.peek(bearer(credential))).toBeUndefined();
    }
    for (const header of [undefined, '', 'Bearer', 'Bearer ', `Basic ${text}`, `Bearer ${text} more`, text]) {
      await expect(harness.auth.authentication.authenticate(header)).rejects.toMatchObject({ code: 'unauthenticated' });
      expect(harness.auth.authentication.peek(header ?? '')).toBeUndefined();
    }
  });

  it('costs one look-up for all who ask at the same moment, and for guesses of an id that is none', async () => {
    let lookups = 0;
    const select: typeof harness.database.select = (workspaces, statement, values, options) => {
      if (statement.name === 'auth_find_key') lookups++;
      return harness.database.select(workspaces, statement, values, options);
    };
    const { authentication } = await harness.another({ database: intercept(harness.database, { select }) });
    const { text } = await harness.makeKey();
    await Promise.all([1, 2, 3].map(() => authentication.authenticate(bearer(text))));
    expect(lookups).toBe(1);
    const unknown = bearer(text.replace(/_(..)............../, '_$1unknownunknown'));
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(authentication.authenticate(unknown)).rejects.toMatchObject({ code: 'unauthenticated' });
    }
    expect(lookups).toBe(2);
    harness.clock.advance(10_000);
    await expect(authentication.authenticate(unknown)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(lookups).toBe(3);
    const impossible = bearer(text.replace(/_......../, '_7zzzzzzz'));
    await expect(authentication.authenticate(impossible)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(lookups).toBe(3);
  });

  it('expires at its time', async () => {
    const expiresAt = new Date(harness.clock.now() + 60_000).toISOString();
    const { text } = await harness.makeKey({ expiresAt });
    await harness.auth.authentication.authenticate(bearer(text));
    harness.clock.advance(60_000);
    expect(harness.auth.authentication.peek(bearer(text))).toBeUndefined();
    await expect(harness.auth.authentication.authenticate(bearer(text))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('expires at its time though it was verified a moment before', async () => {
    const { authentication } = harness.auth;
    const { text } = await harness.makeKey({ expiresAt: new Date(harness.clock.now() + 4_000).toISOString() });
    const principal = await authentication.authenticate(bearer(text));
    harness.clock.advance(3_999);
    expect(authentication.peek(bearer(text))).toBe(principal);
    harness.clock.advance(1);
    expect(authentication.peek(bearer(text))).toBeUndefined();
    await expect(authentication.authenticate(bearer(text))).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(authentication.hold(principal)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('is refused from the moment it is revoked, and elsewhere when the word comes or a short time is over', async () => {
    const heard = await harness.another();
    const { key, text } = await harness.makeKey();
    await heard.authentication.authenticate(bearer(text));
    await harness.auth.authentication.authenticate(bearer(text));
    await harness.auth.keys.revoke(harness.owner, key.id);
    expect(harness.auth.authentication.peek(bearer(text))).toBeUndefined();
    await expect(harness.auth.authentication.authenticate(bearer(text))).rejects.toMatchObject({ code: 'unauthenticated' });

    expect(heard.authentication.peek(bearer(text))).toBeDefined();
    harness.clock.advance(10_000);
    expect(heard.authentication.peek(bearer(text))).toBeUndefined();
    await expect(heard.authentication.authenticate(bearer(text))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('lets go on what takes long while it is in force, and while that cannot be known', async () => {
    const { authentication, setAway } = await besideADatabase();
    const begin = async (wanted: { readonly expiresAt?: string } = {}) => {
      const { key, text } = await harness.makeKey(wanted);
      return { key, principal: await authentication.authenticate(bearer(text)) };
    };
    const [one, other] = [await begin(), await begin({ expiresAt: new Date(harness.clock.now() + 60_000).toISOString() })];
    await harness.auth.keys.revoke(harness.owner, one.key.id);
    harness.clock.advance(10_000);
    setAway(true);
    for (const { principal } of [one, other]) await authentication.hold(principal);
    setAway(false);
    await expect(authentication.hold(one.principal)).rejects.toMatchObject({ code: 'unauthenticated' });
    await authentication.hold(other.principal);
    harness.clock.advance(50_000);
    await expect(authentication.hold(other.principal)).rejects.toMatchObject({ code: 'unauthenticated' });
    // What is no key is good for what it began.
    await authentication.hold(harness.owner.principal);
  });

  it('in use is asked for again before it is no longer believed, so that nobody waits', async () => {
    let lookups = 0;
    const select: typeof harness.database.select = async (workspaces, statement, values, options) => {
      const rows = await harness.database.select(workspaces, statement, values, options);
      if (statement.name === 'auth_find_key') setImmediate(() => lookups++);
      return rows as never;
    };
    const { authentication } = await harness.another({ database: intercept(harness.database, { select }) });
    const { key, text } = await harness.makeKey();
    const principal = await authentication.authenticate(bearer(text));
    for (let half = 0; half < 4; half++) {
      await expect.poll(() => lookups).toBe(half + 1);
      harness.clock.advance(5_000);
      expect(authentication.peek(bearer(text))).toBe(principal);
      expect(authentication.peek(bearer(text))).toBe(principal);
    }
    await expect.poll(() => lookups).toBe(5);
    await harness.auth.keys.revoke(harness.owner, key.id);
    harness.clock.advance(5_000);
    expect(authentication.peek(bearer(text))).toBe(principal);
    await expect.poll(() => authentication.peek(bearer(text))).toBeUndefined();
    await expect(authentication.authenticate(bearer(text))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('holds as long as it is believed while the database is away, and then is not refused but unavailable', async () => {
    const { authentication, setAway } = await besideADatabase();
    const { text } = await harness.makeKey();
    const principal = await authentication.authenticate(bearer(text));
    setAway(true);
    harness.clock.advance(6_000);
    expect(authentication.peek(bearer(text))).toBe(principal);
    await expect(authentication.authenticate(bearer(text))).resolves.toBe(principal);
    harness.clock.advance(4_000);
    await expect(authentication.authenticate(bearer(text))).rejects.toThrow('no database');
  });

  it.each([true, false])('revoked during its own look-up is not remembered, be it asked for meanwhile (%o)', async (isAskedMeanwhile) => {
    const { key, text } = await harness.makeKey();
    const gate = createGate();
    const select: typeof harness.database.select = async (workspaces, statement, values, options) => {
      const rows = await harness.database.select(workspaces, statement, values, options);
      if (statement.name === 'auth_find_key') await gate.pass();
      return rows as never;
    };
    const { authentication, keys } = await harness.another({ database: intercept(harness.database, { select }) });
    const lookup = authentication.authenticate(bearer(text));
    await gate.reached;
    await keys.revoke(harness.owner, key.id);
    const asked = isAskedMeanwhile ? authentication.authenticate(bearer(text)) : undefined;
    gate.open();
    // It asked before the key was revoked; whoever asks afterwards is refused.
    await expect(lookup).resolves.toMatchObject({ id: `key:${key.id}` });
    expect(authentication.peek(bearer(text))).toBeUndefined();
    await expect(asked ?? authentication.authenticate(bearer(text))).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(authentication.peek(bearer(text))).toBeUndefined();
  });

  it('is refused in other processes when the bus tells them, and what changes in policies and workspaces is told too', async () => {
    const pubSub = createMemoryPubSub({ logger: harness.observability.logger });
    const [here, there] = [await harness.another({ pubSub }), await harness.another({ pubSub })];
    const workspace = await here.workspaces.ensure('told');
    const call = callOf(systemPrincipal('test', workspace));
    const { key, text } = await here.keys.create(call, { name: 'x', role: 'analyst' });
    const principal = await there.authentication.authenticate(bearer(text));
    await there.policies.resolve(principal);
    await there.workspaces.find('told');

    await here.policies.replace(call, [{ rule: 'forbid', roles: ['analyst'], actions: ['export'] }]);
    await expect.poll(() => there.policies.peek(principal)).toBeUndefined();
    const followed: number[] = [];
    there.workspaces.follow(async (id) => void followed.push(id));
    await here.workspaces.configure(call, { week_start: 'sunday' });
    await expect.poll(async () => (await there.workspaces.find('told'))?.settings).toEqual({ week_start: 'sunday' });
    expect(followed).toEqual([workspace.id]);
    await here.keys.revoke(call, key.id);
    await expect.poll(() => there.authentication.peek(bearer(text))).toBeUndefined();
    await pubSub.close();
  });

  it('is refused here though the others cannot be told, which is said', async () => {
    const pubSub = createMemoryPubSub({ logger: harness.observability.logger });
    const { keys, authentication } = await harness.another({ pubSub, observability: harness.observability });
    const { key, text } = await harness.makeKey();
    await authentication.authenticate(bearer(text));
    await pubSub.close();
    await keys.revoke(harness.owner, key.id);
    expect(authentication.peek(bearer(text))).toBeUndefined();
    await expect
      .poll(() => harness.observability.lines())
      .toContainEqual(expect.objectContaining({ msg: 'other processes were not told', topic: 'auth.key_revoked' }));
  });

  it('may have a rate limit of its own', async () => {
    const { text } = await harness.makeKey({ requestsPerSecond: 2 });
    const principal = await harness.auth.authentication.authenticate(bearer(text));
    const { takeAllowance } = harness.auth.authentication;
    const taken = Array.from({ length: 5 }, () => takeAllowance(principal).allowed);
    expect(taken).toEqual([true, true, true, true, false]);
    expect(takeAllowance(principal)).toMatchObject({ limit: 2, remaining: 0, reset: 1 });
    harness.clock.advance(500);
    expect(takeAllowance(principal).allowed).toBe(true);
    const usual = await harness.auth.authentication.authenticate(bearer((await harness.makeKey()).text));
    expect(takeAllowance(usual)).toMatchObject({ allowed: true, limit: 10, remaining: 19 });
  });

  it('has its own rate limit in every workspace, as one allowance', async () => {
    const { authenticate, takeAllowance } = harness.auth.authentication;
    await harness.auth.workspaces.ensure('limited');
    const { text } = await harness.makeKey({ role: 'admin', installation: true, requestsPerSecond: 1 });
    const [own, there] = [await authenticate(bearer(text)), await authenticate(bearer(text), 'limited')];
    expect([own, there, own].map((principal) => ({ ...takeAllowance(principal) }))).toMatchObject([
      { allowed: true, limit: 1, remaining: 1 },
      { allowed: true, limit: 1, remaining: 0 },
      { allowed: false, limit: 1, remaining: 0 },
    ]);
  });

  it('that is refused is counted, and nothing else that goes wrong', async () => {
    const observability = createTestObservability();
    const { authentication } = await harness.another({ observability });
    const { text } = await harness.makeKey({ role: 'admin', installation: true });
    await expect(authentication.authenticate(bearer(text), 'nowhere')).rejects.toMatchObject({ code: 'unknown_workspace' });
    await expect(authentication.authenticate(bearer((await harness.makeKey()).text), 'nowhere')).rejects.toMatchObject({
      code: 'forbidden',
    });
    for (const wrong of [undefined, bearer('none')]) {
      await expect(authentication.authenticate(wrong)).rejects.toMatchObject({ code: 'unauthenticated' });
    }
    expect(await observability.metrics.render()).toMatch(/^sophia_authentication_failures_total 1$/m);
  });
});
