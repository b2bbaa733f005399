import { type Auth, createAuth, systemPrincipal, type Workspace } from '@sophia/auth';
import { AUTH_MIGRATIONS } from '@sophia/auth/migrations';
import type { Database } from '@sophia/database';
import { createTestDatabase, type TestDatabase } from '@sophia/database/testing';
import { createPostgresEventLog, EVENT_LOG_MIGRATIONS, type PostgresEventLog } from '@sophia/event-log/postgres';
import { createTestObservability, type TestObservability } from '@sophia/observability/testing';
import { systemClock } from '@sophia/shared';
import type { Call, Principal, Role } from '@sophia/types';
import type { Catalog } from '../catalog.ts';
import { type CatalogOptions, createCatalog } from '../create-catalog.ts';
import { createDirectory } from '../directory.ts';
import { CATALOG_MIGRATIONS } from '../migrations.ts';
import { createRecordTypeBook } from '../record-types/record-type-book.ts';

/** A catalog over real PostgreSQL, log, policies and audit. */
export interface CatalogHarness {
  readonly catalog: Catalog;
  readonly auth: Auth;
  readonly eventLog: PostgresEventLog;
  /** As the role `app`. */
  readonly database: Database;
  readonly testDatabase: TestDatabase;
  readonly observability: TestObservability;
  /** A workspace that no other test uses. */
  workspace(): Promise<Workspace>;
  /** One of those, a call of its administrator, and what most tests ask of its catalog. */
  fresh(): Promise<FreshWorkspace>;
  callOf(workspace: Workspace, role?: Role, principal?: Partial<Principal>): Call;
  /** The catalog of another process over the same database. */
  another(options?: Partial<CatalogOptions>): Promise<Catalog>;
  close(): Promise<void>;
}

export interface FreshWorkspace extends Pick<Catalog, 'records' | 'imports' | 'deadLetters' | 'recordTypes'> {
  readonly workspace: Workspace;
  readonly call: Call;
}

let workspaces = 0;

export async function createCatalogHarness(options: Partial<CatalogOptions> = {}): Promise<CatalogHarness> {
  const testDatabase = await createTestDatabase({ modules: [EVENT_LOG_MIGRATIONS, AUTH_MIGRATIONS, CATALOG_MIGRATIONS] });
  const database = await testDatabase.open('app', { pool: { minimum: 2, maximum: 16 } });
  const log = await testDatabase.open('log');
  const observability = createTestObservability();
  const eventLog = await createPostgresEventLog({ app: database, log, logger: observability.logger });
  const clock = systemClock;
  const recordTypes = createRecordTypeBook({ database, clock });
  const auth = await createAuth({
    database,
    clock,
    observability,
    directory: createDirectory(database, recordTypes),
    configuration: {
      issuers: [],
      rateLimit: { requestsPerSecond: 1_000, burst: 1_000 },
      audit: { retentionDays: 30, bufferEntries: 10_000 },
      workspace: 'main',
    },
  });
  const opened: Catalog[] = [];
  const another = async (own: Partial<CatalogOptions> = {}): Promise<Catalog> => {
    const catalog = await createCatalog({
      database,
      eventLog,
      policy: auth.policies,
      authentication: auth.authentication,
      audit: auth.audit,
      clock,
      hasApplied: async () => false,
      isAlone: true,
      observability: opened.length === 0 ? observability : createTestObservability(),
      linger: 20,
      ...options,
      ...own,
    });
    opened.push(catalog);
    return catalog;
  };
  const catalog = await another({ recordTypes });
  const newWorkspace = () => auth.workspaces.ensure(`test-${++workspaces}`);
  const callOf: CatalogHarness['callOf'] = (workspace, role = 'admin', principal = {}) => ({
    principal: { ...systemPrincipal('test', workspace), id: `key:${role}`, name: role, role, ...principal },
    via: 'rest',
    request: 'request-1',
  });
  return {
    catalog,
    auth,
    eventLog,
    database,
    testDatabase,
    observability,
    workspace: newWorkspace,
    async fresh() {
      const workspace = await newWorkspace();
      return { ...catalog, workspace, call: callOf(workspace) };
    },
    callOf,
    another,
    async close() {
      for (const each of opened) await each.close();
      await auth.close();
      await eventLog.close();
      await observability.close();
      await testDatabase.close();
    },
  };
}
