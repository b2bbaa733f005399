import { resolvePolicy } from '@sophia/core';
import { createTestClock } from '@sophia/shared/testing';
import { BUILTIN_RECORD_TYPES, type PolicyRule, type Principal, type WorkspaceId } from '@sophia/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { createPolicyCache, type PolicyCache } from './policy-cache.ts';

const FORBID_DEALS: PolicyRule = { rule: 'forbid', roles: ['analyst'], actions: ['read'], record_types: ['deal'] };
const ANALYST: Principal = { id: 'key:1', name: 'ann', role: 'analyst', workspace: 1 as WorkspaceId, workspaceName: 'main' };
const employee = (id: string): Principal => ({
  ...ANALYST,
  id: `key:${id}`,
  role: 'employee',
  userRecord: { source_system: 'crm', source_id: id },
});

describe('resolved policies', () => {
  const clock = createTestClock();
  let cache: PolicyCache;
  let rules: PolicyRule[];
  /** Workspaces that were read, and principals that were resolved. */
  let loaded: number;
  let resolved: string[];
  let failing: 'load' | 'resolve' | undefined;

  beforeEach(() => {
    [rules, loaded, resolved, failing] = [[], 0, [], undefined];
    cache = createPolicyCache({
      clock,
      async load() {
        loaded += 1;
        if (failing === 'load') throw new Error('no database');
        return { version: rules.length, rules, types: BUILTIN_RECORD_TYPES };
      },
      async resolve(basis, principal) {
        resolved.push(principal.id);
        if (failing === 'resolve') throw new Error('no directory');
        return resolvePolicy({ ...basis, role: principal.role, user: null });
      },
    });
  });
  const seesDeals = async (principal = ANALYST) => (await cache.resolve(principal)).records('deal').access === 'records';

  it('are made once, and at hand from then on', async () => {
    expect(cache.peek(ANALYST)).toBeUndefined();
    const policy = await cache.resolve(ANALYST);
    expect(await cache.resolve(ANALYST)).toBe(policy);
    // Another key of the same role.
    expect(await cache.resolve({ ...ANALYST, id: 'key:2' })).toBe(policy);
    expect([cache.peek(ANALYST), loaded, resolved]).toEqual([policy, 1, ['key:1']]);
  });

  it('are one for all who ask at once', async () => {
    const policies = await Promise.all([cache.resolve(ANALYST), cache.resolve({ ...ANALYST, id: 'key:2' })]);
    expect([policies[0] === policies[1], loaded, resolved]).toEqual([true, 1, ['key:1']]);
  });

  it('are made anew when they are forgotten, and after ten seconds', async () => {
    expect(await seesDeals()).toBe(true);
    rules = [FORBID_DEALS];
    expect(await seesDeals()).toBe(true);
    cache.forget(ANALYST.workspace);
    expect(cache.peek(ANALYST)).toBeUndefined();
    expect(await seesDeals()).toBe(false);
    rules = [];
    clock.advance(9_999);
    expect(await seesDeals()).toBe(false);
    clock.advance(1);
    expect(cache.peek(ANALYST)).toBeUndefined();
    expect(await seesDeals()).toBe(true);
  });

  it('of a user are made anew when the user record changes, and no others', async () => {
    const [ann, bob] = [employee('ann'), employee('bob')];
    await Promise.all([ann, bob, ANALYST].map(cache.resolve));
    cache.forgetUser(ANALYST.workspace, { source_system: 'crm', source_id: 'ann' });
    cache.forgetUser(2 as WorkspaceId, { source_system: 'crm', source_id: 'bob' });
    expect([ann, bob, ANALYST].map((principal) => cache.peek(principal) !== undefined)).toEqual([false, true, true]);
    await Promise.all([ann, bob, ANALYST].map(cache.resolve));
    expect([loaded, resolved.toSorted()]).toEqual([1, ['key:1', 'key:ann', 'key:ann', 'key:bob']]);
  });

  it('of a user are made anew when the user record changes, also where one before could not be made', async () => {
    const ann = employee('ann');
    const begun = Promise.withResolvers<void>();
    const first = Promise.withResolvers<never>();
    let calls = 0;
    const own = createPolicyCache({
      clock,
      load: async () => ({ version: 0, rules, types: BUILTIN_RECORD_TYPES }),
      async resolve(basis, { role }) {
        if (calls++ > 0) return resolvePolicy({ ...basis, role, user: null });
        begun.resolve();
        return first.promise;
      },
    });
    const failed = own.resolve(ann);
    await begun.promise;
    own.forgetUser(ann.workspace, { source_system: 'crm', source_id: 'ann' });
    expect(own.peek(ann)).toBeUndefined();
    await own.resolve(ann);
    first.reject(new Error('no directory'));
    await expect(failed).rejects.toThrow('no directory');
    own.forgetUser(ann.workspace, { source_system: 'crm', source_id: 'ann' });
    expect(own.peek(ann)).toBeUndefined();
  });

  it('are made anew for another version of the rules, also where theirs is not known yet', async () => {
    const policy = await cache.resolve(ANALYST);
    cache.forgetOthers(ANALYST.workspace, 0);
    expect(cache.peek(ANALYST)).toBe(policy);
    rules = [FORBID_DEALS];
    cache.forgetOthers(ANALYST.workspace, 1);
    const underWay = cache.resolve(ANALYST);
    cache.forgetOthers(ANALYST.workspace, 1);
    cache.forgetOthers(2 as WorkspaceId, 1);
    expect([await seesDeals(), (await underWay).records('deal').access, loaded]).toEqual([false, 'none', 3]);
  });

  it('that could not be made are tried again', async () => {
    failing = 'load';
    await expect(cache.resolve(ANALYST)).rejects.toThrow('no database');
    failing = 'resolve';
    await expect(cache.resolve(ANALYST)).rejects.toThrow('no directory');
    expect(cache.peek(ANALYST)).toBeUndefined();
    failing = undefined;
    expect(await seesDeals()).toBe(true);
  });
});
