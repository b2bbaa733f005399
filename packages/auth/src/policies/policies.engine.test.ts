import type { Call, PolicyRule, Principal } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemPrincipal } from '../system-principal.ts';
import { type AuthHarness, callOf, createAuthHarness } from '../testing/auth-harness.ts';

const forbidDeals: PolicyRule = { rule: 'forbid', roles: ['analyst'], actions: ['read'], record_types: ['deal'] };

describe('policies', () => {
  let harness: AuthHarness;
  beforeAll(async () => {
    harness = await createAuthHarness();
  });
  afterAll(() => harness.close());

  const inWorkspace = async (name: string) => {
    const workspace = await harness.auth.workspaces.ensure(name);
    const admin: Call = callOf(systemPrincipal('test', workspace));
    const principal = (role: Principal['role'], user?: string): Principal => ({
      ...admin.principal,
      id: `key:${role}`,
      role,
      ...(user === undefined ? {} : { userRecord: { source_system: 'crm', source_id: user } }),
    });
    return { workspace, admin, principal };
  };

  it('are the built-in ones until a workspace has its own, which are versioned', async () => {
    const { admin, principal } = await inWorkspace('versions');
    const { policies } = harness.auth;
    expect(await policies.rules(admin)).toMatchObject({ version: 0, rules: [], changed_by: null });
    expect((await policies.resolve(principal('analyst'))).records('deal').access).toBe('records');

    const replaced = await policies.replace(admin, [forbidDeals], { ifVersion: 0 });
    expect(replaced).toMatchObject({ version: 1, rules: [forbidDeals], changed_by: 'system:test' });
    expect(replaced.changed_at).not.toBeNull();
    expect(await policies.rules(admin)).toEqual(replaced);
    expect((await policies.resolve(principal('analyst'))).records('deal').access).toBe('none');
    expect((await policies.replace(admin, [])).version).toBe(2);
  });

  it('replaced by two at once keep the first, and tell the second', async () => {
    const { admin } = await inWorkspace('conflict');
    const { policies } = harness.auth;
    const attempts = await Promise.allSettled([1, 2, 3].map(() => policies.replace(admin, [forbidDeals], { ifVersion: 0 })));
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = attempts.find((attempt) => attempt.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'policy_conflict' });
  });

  it('with rules that mean nothing are refused, each with its place', async () => {
    const { admin } = await inWorkspace('invalid');
    const rules: PolicyRule[] = [
      { rule: 'forbid', roles: ['analyst'], actions: ['read'], record_types: ['deals'] },
      { rule: 'mask', roles: ['analyst'], record_types: ['deal'], fields: ['amout'] },
    ];
    await expect(harness.auth.policies.replace(admin, rules)).rejects.toMatchObject({
      code: 'invalid_policy',
      details: {
        problems: [
          { place: '0.record_types.0', message: 'there is no record type deals; did you mean deal?' },
          { place: '1.fields.0', message: 'no record type that the rule concerns has a field amout; did you mean amount?' },
        ],
      },
    });
  });

  it('hold in each workspace for itself', async () => {
    const one = await inWorkspace('here');
    const other = await inWorkspace('there');
    await harness.auth.policies.replace(one.admin, [forbidDeals]);
    expect((await harness.auth.policies.resolve(one.principal('analyst'))).records('deal').access).toBe('none');
    expect((await harness.auth.policies.resolve(other.principal('analyst'))).records('deal').access).toBe('records');
  });

  it('are read and replaced by administrators only', async () => {
    const { principal } = await inWorkspace('admins');
    const call = callOf(principal('executive'));
    await expect(harness.auth.policies.rules(call)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(harness.auth.policies.replace(call, [])).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('are there at once for a principal that asked before', async () => {
    const { admin, principal } = await inWorkspace('peek');
    const { policies } = harness.auth;
    const analyst = principal('analyst');
    expect(policies.peek(analyst)).toBeUndefined();
    const resolved = await policies.resolve(analyst);
    expect(policies.peek(analyst)).toBe(resolved);
    expect(await policies.resolve(principal('analyst'))).toBe(resolved);

    await policies.replace(admin, [forbidDeals]);
    expect(policies.peek(analyst)).toBeUndefined();
    expect((await policies.resolve(analyst)).hash).not.toBe(resolved.hash);

    harness.clock.advance(10_000);
    expect(policies.peek(analyst)).toBeUndefined();
  });

  it('follow the user record of a principal', async () => {
    const { workspace, principal } = await inWorkspace('users');
    const { policies } = harness.auth;
    const ann = principal('employee', 'Ann');
    const bob = principal('employee', 'Bob');
    harness.users.set('Ann', { team: 'North' });
    harness.users.set('Bob', { team: 'North' });
    const before = await policies.resolve(ann);
    expect((await policies.resolve(bob)).hash).toBe(before.hash);

    harness.users.set('Ann', { team: 'South' });
    policies.forgetUser(workspace.id, { source_system: 'crm', source_id: 'Ann' });
    expect(policies.peek(ann)).toBeUndefined();
    expect(policies.peek(bob)).toBeDefined();
    const [mask] = (await policies.resolve(ann)).records('deal').masks;
    expect(mask?.visible).toEqual({ field: 'owner.team', operator: 'eq', values: ['South'] });
    policies.forgetUser(harness.main.id, { source_system: 'crm', source_id: 'Ann' });
    policies.forgetUser((await harness.auth.workspaces.ensure('never-asked')).id, { source_system: 'crm', source_id: 'Ann' });
  });

  it('are renewed by what another process has changed', async () => {
    const { admin, principal } = await inWorkspace('renewed');
    const { policies } = harness.auth;
    const [ann, analyst] = [principal('employee', 'Eve'), principal('analyst')];
    harness.users.set('Eve', { team: 'North' });
    const before = await policies.resolve(ann);
    const other = await harness.another();
    await policies.renew(analyst);
    expect(policies.peek(ann)).toBe(before);
    harness.users.set('Eve', { team: 'South' });
    await policies.renew(ann);
    expect((await policies.resolve(ann)).hash).not.toBe(before.hash);
    await other.policies.replace(admin, [forbidDeals]);
    expect((await policies.resolve(analyst)).records('deal').access).toBe('records');
    await policies.renew(analyst);
    expect((await policies.resolve(analyst)).records('deal').access).toBe('none');
  });

  it('do not look at the user record of a role whose rules do not', async () => {
    const { principal } = await inWorkspace('no-user');
    expect(await harness.auth.policies.resolve(principal('executive', 'Ann'))).toBe(
      await harness.auth.policies.resolve(principal('executive', 'Bob')),
    );
  });

  it('that could not be had are asked for again', async () => {
    const { principal } = await inWorkspace('failing');
    let failing = true;
    const fail = () => {
      if (failing) throw new Error('no catalog');
    };
    const { policies } = await harness.another({
      directory: {
        recordTypes: async () => {
          fail();
          return (await import('@sophia/types')).BUILTIN_RECORD_TYPES;
        },
        user: async () => {
          fail();
          return null;
        },
      },
    });
    await expect(policies.resolve(principal('analyst'))).rejects.toThrow('no catalog');
    const forgotten = policies.resolve(principal('analyst'));
    policies.forget(principal('analyst').workspace);
    await expect(forgotten).rejects.toThrow('no catalog');
    failing = false;
    await policies.resolve(principal('analyst'));
    failing = true;
    await expect(policies.resolve(principal('employee', 'Ann'))).rejects.toThrow('no catalog');
    failing = false;
    await policies.resolve(principal('employee', 'Ann'));
  });
});
