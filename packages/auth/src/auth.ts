import type { Database } from '@sophia/database';
import type { Observability } from '@sophia/observability';
import type { PubSub } from '@sophia/pub-sub';
import type { AuthConfiguration, Clock, Configuration } from '@sophia/shared';
import type { Call, WorkspaceId } from '@sophia/types';
import { requireAdministrator, requireInstallationAdministrator } from './administrators.ts';
import type { Audit } from './audit/audit.ts';
import { createAuditDays } from './audit/audit-days.ts';
import { createPostgresAudit } from './audit/postgres-audit.ts';
import { type Authentication, createAuthentication } from './authentication.ts';
import { type ApiKeys, createApiKeys } from './keys/api-keys.ts';
import { createKeyVerifier } from './keys/key-verifier.ts';
import { createPolicies, type Directory, type Policies } from './policies/policies.ts';
import { createRateLimiter } from './rate-limit/rate-limiter.ts';
import { createTokenVerifier } from './tokens/token-verifier.ts';
import { createWorkspaces, type Workspaces } from './workspaces/workspaces.ts';

export interface AuthOptions {
  /** As the role `app`. */
  readonly database: Database;
  readonly clock: Clock;
  readonly observability: Pick<Observability, 'logger' | 'metrics'>;
  readonly directory: Directory;
  readonly configuration: AuthConfiguration & Pick<Configuration, 'rateLimit' | 'audit' | 'workspace'>;
  /** Tells other processes what was revoked or changed; without it they notice within seconds. */
  readonly pubSub?: PubSub | undefined;
  /** Milliseconds for which a key is believed without asking the database; 10,000 unless told. */
  readonly keyMilliseconds?: number | undefined;
}

/** Who may do what, and who did. */
export interface Auth {
  readonly authentication: Authentication;
  readonly keys: ApiKeys;
  readonly workspaces: Workspaces;
  readonly policies: Policies;
  readonly audit: Audit;
  /** Writes what is waiting. */
  close(): Promise<void>;
}

export async function createAuth(options: AuthOptions): Promise<Auth> {
  const { database, clock, observability, directory, configuration, pubSub, keyMilliseconds = 10_000 } = options;

  // Parts that are made below ask when they are called.
  const forWorkspace = (call: Call, action: string, object: string): Promise<void> =>
    requireAdministrator({ policies, audit }, call, action, object);
  const forInstallation = (call: Call, action: string, object: string): Promise<void> =>
    requireInstallationAdministrator({ policies, audit, authentication }, call, action, object);
  const isInstallationAdministrator = ({ principal }: Call): boolean => authentication.isInstallationAdministrator(principal);
  const tell = (topic: string, payload: string): void => {
    pubSub
      ?.publish(topic, payload)
      .catch((error: unknown) => observability.logger.warn({ err: error, topic }, 'other processes were not told'));
  };

  const days = createAuditDays({ database, clock, observability, retentionDays: configuration.audit.retentionDays });
  await days.tend();
  const audit = createPostgresAudit({
    database,
    clock,
    observability,
    requireAdministrator: forWorkspace,
    bufferEntries: configuration.audit.bufferEntries,
  });
  const keyVerifier = createKeyVerifier({ database, clock, keepMilliseconds: keyMilliseconds });
  const common = { database, clock, audit, requireAdministrator: forWorkspace, requireInstallationAdministrator: forInstallation };
  const workspaces = createWorkspaces({
    ...common,
    isInstallationAdministrator,
    onChanged: (id) => tell(WORKSPACE_CHANGED, String(id)),
  });
  const policies = createPolicies({
    ...common,
    directory,
    onChanged: (id) => {
      policies.forget(id);
      tell(POLICY_CHANGED, String(id));
    },
  });
  const keys = createApiKeys({
    ...common,
    onRevoked: (id) => {
      keyVerifier.forget(id);
      tell(KEY_REVOKED, id);
    },
  });
  const authentication = createAuthentication({
    keyVerifier,
    tokenVerifier: createTokenVerifier({ issuers: configuration.issuers, clock }),
    rateLimiter: createRateLimiter({ clock, limits: configuration.rateLimit }),
    limits: configuration.rateLimit,
    defaultWorkspace: configuration.workspace,
    workspaces,
    audit,
    observability,
  });

  const workspaceOf = (payload: string): WorkspaceId => Number(payload) as WorkspaceId;
  const subscriptions = await Promise.all([
    pubSub?.subscribe(KEY_REVOKED, (id) => keyVerifier.forget(id)),
    pubSub?.subscribe(POLICY_CHANGED, (id) => policies.forget(workspaceOf(id))),
    pubSub?.subscribe(WORKSPACE_CHANGED, (id) => void workspaces.forget(workspaceOf(id))),
  ]);

  return {
    authentication,
    keys,
    workspaces,
    policies,
    audit,
    async close() {
      await Promise.all(subscriptions.map((subscription) => subscription?.close()));
      await days.close();
      await audit.close();
    },
  };
}

const KEY_REVOKED = 'auth.key_revoked';
const POLICY_CHANGED = 'auth.policy_changed';
const WORKSPACE_CHANGED = 'auth.workspace_changed';
