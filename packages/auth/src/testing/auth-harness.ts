import type { Database } from '@sophia/database';
import { createTestDatabase, type TestDatabase } from '@sophia/database/testing';
import { createTestObservability, type TestObservability } from '@sophia/observability/testing';
import { createTestClock, type TestClock } from '@sophia/shared/testing';
import { BUILTIN_RECORD_TYPES, type Call, type JsonObject, type Principal } from '@sophia/types';
import { type Auth, type AuthOptions, createAuth } from '../auth.ts';
import type { ApiKeys, NewApiKey } from '../keys/api-keys.ts';
import { AUTH_MIGRATIONS } from '../migrations.ts';
import { systemPrincipal } from '../system-principal.ts';
import type { Workspace } from '../workspaces/workspace.ts';

export interface AuthHarness {
  readonly auth: Auth;
  readonly clock: TestClock;
  readonly database: Database;
  readonly testDatabase: TestDatabase;
  readonly observability: TestObservability;
  readonly main: Workspace;
  /** Data of user records by source id; the directory reads them from here. */
  readonly users: Map<string, JsonObject>;
  /** A call of whoever owns the data folder. */
  readonly owner: Call;
  /** A key of the owner's, of an analyst unless told otherwise. */
  makeKey(wanted?: Partial<NewApiKey>): ReturnType<ApiKeys['create']>;
  /** Another process over the same database. */
  another(options?: Partial<AuthOptions>): Promise<Auth>;
  close(): Promise<void>;
}

export async function createAuthHarness(options: Partial<AuthOptions> = {}): Promise<AuthHarness> {
  const testDatabase = await createTestDatabase({ modules: [AUTH_MIGRATIONS] });
  const database = await testDatabase.open('app');
  const clock = createTestClock(Date.now());
  const observability = createTestObservability({ clock });
  const users = new Map<string, JsonObject>();
  const opened: Auth[] = [];
  const another = async (own: Partial<AuthOptions> = {}): Promise<Auth> => {
    const auth = await createAuth({
      database,
      clock,
      observability,
      directory: {
        recordTypes: async () => BUILTIN_RECORD_TYPES,
        user: async (_workspace, { source_id }) => users.get(source_id) ?? null,
      },
      configuration: {
        issuers: [],
        rateLimit: { requestsPerSecond: 10, burst: 20 },
        audit: { retentionDays: 30, bufferEntries: 1_000 },
        workspace: 'main',
      },
      ...options,
      ...own,
    });
    opened.push(auth);
    return auth;
  };
  const auth = await another();
  const main = await auth.workspaces.ensure('main');
  const owner = callOf(systemPrincipal('test', main));
  return {
    auth,
    clock,
    database,
    testDatabase,
    observability,
    main,
    users,
    owner,
    makeKey: (wanted = {}) => auth.keys.create(owner, { name: 'a key', role: 'analyst', ...wanted }),
    another: (own) => another({ observability: createTestObservability({ clock }), ...own }),
    async close() {
      for (const each of opened) await each.close();
      await observability.close();
      await testDatabase.close();
    },
  };
}

/** A key's text as a request brings it. */
export const bearer = (text: string): string => `Bearer ${text}`;

export const callOf = (principal: Principal, other: Partial<Call> = {}): Call => ({
  principal,
  via: 'rest',
  request: 'request-1',
  address: '192.0.2.1',
  ...other,
});
