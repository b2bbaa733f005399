import { BUILT_IN_RULES, policyProblems, type ResolvedPolicy, resolvePolicy } from '@sophia/core';
import type { CallOptions, Database } from '@sophia/database';
import { type Clock, SophiaError } from '@sophia/shared';
import {
  type Call,
  type JsonObject,
  limitsOf,
  type PolicyRule,
  type Principal,
  type RecordTypeDefinition,
  type Transaction,
  type WorkspaceId,
} from '@sophia/types';
import type { Audit } from '../audit/audit.ts';
import { createPolicyCache } from './policy-cache.ts';
import { CURRENT_RULES, INSERT_RULES, type RulesRow } from './policy-statements.ts';

/** What policies are judged by; the catalog has it. */
export interface Directory {
  recordTypes(workspace: WorkspaceId): Promise<readonly RecordTypeDefinition[]>;
  /** Data of a user record; null where there is none. */
  user(workspace: WorkspaceId, key: { readonly source_system: string; readonly source_id: string }): Promise<JsonObject | null>;
}

export interface WorkspaceRules {
  /** 0 while the workspace has none of its own. */
  readonly version: number;
  readonly rules: readonly PolicyRule[];
  /** What holds before them. */
  readonly built_in: readonly PolicyRule[];
  readonly changed_at: string | null;
  readonly changed_by: string | null;
}

export interface Policies {
  /** What this principal may see and do. Kept in memory until it changes, and at most seconds. */
  resolve(principal: Principal): Promise<ResolvedPolicy>;
  /** The same without waiting, where it is known and still in force. */
  peek(principal: Principal): ResolvedPolicy | undefined;
  /** The workspace's own rules. Errors: `forbidden`. */
  rules(call: Call): Promise<WorkspaceRules>;
  /** For who judges the form of rules before they are replaced: those who may not are told no more. Errors: `forbidden`, which is audited. */
  requireReplacer(call: Call): Promise<void>;
  /** Puts these rules in the place of the workspace's own. Errors: `forbidden`, `invalid_policy`, `policy_conflict` where `ifVersion` is not the current one. */
  replace(call: Call, rules: readonly PolicyRule[], options?: { readonly ifVersion?: number | undefined }): Promise<WorkspaceRules>;
  /** Rules or record types of the workspace changed: asks for them again. */
  forget(workspace: WorkspaceId): void;
  /** A user record changed, and with it what its principals may see. */
  forgetUser(workspace: WorkspaceId, key: { readonly source_system: string; readonly source_id: string }): void;
  /** What another process has changed of the rules and of the principal's user record counts from here on. */
  renew(principal: Principal): Promise<void>;
}

export interface PoliciesOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly directory: Directory;
  readonly requireAdministrator: (call: Call, action: string, object: string) => Promise<void>;
  readonly onChanged: (workspace: WorkspaceId) => void;
}

export function createPolicies(options: PoliciesOptions): Policies {
  const { database, clock, audit, directory, requireAdministrator, onChanged } = options;

  const requireReplacer = (call: Call): Promise<void> => requireAdministrator(call, 'policy.replace', 'policy');
  const current = async (workspace: WorkspaceId, limits?: CallOptions): Promise<WorkspaceRules> => {
    const [row] = await database.select<RulesRow>([workspace], CURRENT_RULES, [workspace], limits);
    return toRules(row);
  };
  const cache = createPolicyCache({
    clock,
    load: async (workspace) => {
      const [{ version, rules }, types] = await Promise.all([current(workspace), directory.recordTypes(workspace)]);
      return { version, rules, types };
    },
    resolve: async ({ rules, types }, { role, workspace, userRecord }) => {
      const user = userRecord === undefined ? null : await directory.user(workspace, userRecord);
      return resolvePolicy({ role, rules, types, user });
    },
  });

  return {
    resolve: cache.resolve,
    peek: cache.peek,
    forget: cache.forget,
    forgetUser: cache.forgetUser,
    async renew({ workspace, userRecord }) {
      cache.forgetOthers(workspace, (await current(workspace)).version);
      if (userRecord !== undefined) cache.forgetUser(workspace, userRecord);
    },
    async rules(call) {
      const begun = clock.monotonic();
      await requireAdministrator(call, 'policy.read', 'policy');
      const rules = await current(call.principal.workspace, limitsOf(call));
      await audit.read({
        call,
        action: 'policy.read',
        object: 'policy',
        rows: rules.rules.length,
        milliseconds: clock.monotonic() - begun,
      });
      return rules;
    },
    requireReplacer,
    async replace(call, rules, { ifVersion } = {}) {
      const begun = clock.monotonic();
      const { workspace, id } = call.principal;
      await requireReplacer(call);
      const problems = policyProblems(rules, await directory.recordTypes(workspace));
      if (problems.length > 0) {
        const [first] = problems;
        throw new SophiaError('invalid_policy', `Rule ${first?.place}: ${first?.message}.`, { details: { problems } });
      }
      const put = async (transaction: Transaction): Promise<RulesRow> => {
        const [row] = await database.query<RulesRow>(transaction, INSERT_RULES, [workspace, JSON.stringify(rules), id, ifVersion ?? null]);
        if (row === undefined) {
          throw new SophiaError('policy_conflict', 'The rules were changed meanwhile.', { details: { expected: ifVersion } });
        }
        const details = { version: row.version, rules: rules.length };
        await audit.record(transaction, [
          { call, action: 'policy.replace', object: 'policy', milliseconds: clock.monotonic() - begun, details },
        ]);
        return row;
      };
      const { value } = await database.write([workspace], put, limitsOf(call));
      onChanged(workspace);
      return toRules(value);
    },
  };
}

const toRules = (row: RulesRow | undefined): WorkspaceRules => ({
  version: row?.version ?? 0,
  rules: row?.rules ?? [],
  built_in: BUILT_IN_RULES,
  changed_at: row?.created_at ?? null,
  changed_by: row?.created_by ?? null,
});
