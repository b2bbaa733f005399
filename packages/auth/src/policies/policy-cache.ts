import { attributesOf, BUILT_IN_RULES, type ResolvedPolicy } from '@sophia/core';
import type { Clock } from '@sophia/shared';
import type { PolicyRule, Principal, RecordTypeDefinition, WorkspaceId } from '@sophia/types';

export interface PolicyBasis {
  /** Of the rules. */
  readonly version: number;
  readonly rules: readonly PolicyRule[];
  readonly types: readonly RecordTypeDefinition[];
}

export interface PolicyCacheOptions {
  readonly clock: Clock;
  readonly load: (workspace: WorkspaceId) => Promise<PolicyBasis>;
  readonly resolve: (basis: PolicyBasis, principal: Principal) => Promise<ResolvedPolicy>;
}

export interface PolicyCache {
  resolve(principal: Principal): Promise<ResolvedPolicy>;
  peek(principal: Principal): ResolvedPolicy | undefined;
  forget(workspace: WorkspaceId): void;
  /** Forgets what was not made of this version of the rules. */
  forgetOthers(workspace: WorkspaceId, version: number): void;
  forgetUser(workspace: WorkspaceId, key: { readonly source_system: string; readonly source_id: string }): void;
}

/** Milliseconds after which everything is asked for again: a bound on what a lost message can do. */
const KEEP = 10_000;
/** Policies of one workspace; when there are more, they are all forgotten. */
const MAXIMUM_POLICIES = 10_000;

/** What is known of one workspace. Forgetting puts a new one in its place, so that what was under way is not kept. */
interface Known {
  readonly basis: Promise<PolicyBasis>;
  /** Undefined until it is known. */
  version: number | undefined;
  readonly until: number;
  /** By role, and by user where the role's rules ask for attributes. */
  readonly policies: Map<string, Slot>;
}

interface Slot {
  readonly promise: Promise<ResolvedPolicy>;
  policy: ResolvedPolicy | undefined;
  forgotten: boolean;
}

/** Resolved policies, for as long as nothing that they were made of has changed. */
export function createPolicyCache({ clock, load, resolve }: PolicyCacheOptions): PolicyCache {
  const workspaces = new Map<WorkspaceId, Known>();
  // The principal of a key is the same object for each request: this is the hot path's look-up.
  const slots = new WeakMap<Principal, { readonly known: Known; readonly slot: Slot }>();

  const knownOf = (workspace: WorkspaceId): Known => {
    const before = workspaces.get(workspace);
    if (before !== undefined && clock.monotonic() < before.until && before.policies.size < MAXIMUM_POLICIES) return before;
    const known: Known = { basis: load(workspace), version: undefined, until: clock.monotonic() + KEEP, policies: new Map() };
    workspaces.set(workspace, known);
    known.basis.then(
      ({ version }) => {
        known.version = version;
      },
      () => {
        if (workspaces.get(workspace) === known) workspaces.delete(workspace);
      },
    );
    return known;
  };
  const makeSlot = (known: Known, key: string, principal: Principal, basis: PolicyBasis): Slot => {
    const slot: Slot = { promise: resolve(basis, principal), policy: undefined, forgotten: false };
    known.policies.set(key, slot);
    slot.promise.then(
      (policy) => {
        slot.policy = policy;
      },
      () => {
        // Another one may have its place by now, which is forgotten with the user's record as long as it is there.
        if (known.policies.get(key) === slot) known.policies.delete(key);
      },
    );
    return slot;
  };

  const peek = (principal: Principal) => {
    const found = slots.get(principal);
    if (found === undefined || found.slot.forgotten || clock.monotonic() >= found.known.until) return undefined;
    return workspaces.get(principal.workspace) === found.known ? found.slot.policy : undefined;
  };

  return {
    peek,
    async resolve(principal) {
      const resolved = peek(principal);
      if (resolved !== undefined) return resolved;
      const known = knownOf(principal.workspace);
      const basis = await known.basis;
      const key = keyOf(principal, basis.rules);
      const slot = known.policies.get(key) ?? makeSlot(known, key, principal, basis);
      slots.set(principal, { known, slot });
      return slot.promise;
    },
    forget(workspace) {
      workspaces.delete(workspace);
    },
    forgetOthers(workspace, version) {
      if (workspaces.get(workspace)?.version !== version) workspaces.delete(workspace);
    },
    forgetUser(workspace, user) {
      const known = workspaces.get(workspace);
      const end = userKey(user);
      for (const [key, slot] of known?.policies ?? []) {
        if (!key.endsWith(end)) continue;
        slot.forgotten = true;
        known?.policies.delete(key);
      }
    },
  };
}

function keyOf({ role, userRecord }: Principal, rules: readonly PolicyRule[]): string {
  const asksForUser = [...BUILT_IN_RULES, ...rules].some(
    (rule) => rule.roles.includes(role) && rule.rows !== undefined && attributesOf(rule.rows).length > 0,
  );
  return asksForUser && userRecord !== undefined ? `${role}${userKey(userRecord)}` : role;
}

const userKey = ({ source_system, source_id }: { readonly source_system: string; readonly source_id: string }): string =>
  ` ${JSON.stringify([source_system, source_id])}`;
