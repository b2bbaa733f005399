import { createHash, randomBytes } from 'node:crypto';
import type pg from 'pg';
import { inject } from 'vitest';
import type { Database } from '../database.ts';
import { FOUNDATION, loadMigrations, type MigrationModule, migrate, renewEpoch } from '../migrations.ts';
import type { DatabaseRole, PostgresConnection } from '../postgres/connection-settings.ts';
import { createPostgresDatabase, type PostgresDatabaseOptions } from '../postgres/create-postgres-database.ts';
import { withClient } from '../postgres/with-client.ts';
import { startTestCluster, type TestClusterConnections } from './test-cluster.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Given by the global set-up where there is one. */
    postgres?: TestClusterConnections;
  }
}

/** A fresh database of the test run's cluster, migrated, with a log epoch of its own. */
export interface TestDatabase {
  readonly name: string;
  connection(role: DatabaseRole): PostgresConnection;
  /** The port as this role; closed with the test database, if not before. A small pool unless told. */
  open(role: DatabaseRole, options?: Partial<PostgresDatabaseOptions>): Promise<Database>;
  /** Closes what was opened and drops the database. */
  close(): Promise<void>;
}

export interface TestDatabaseOptions {
  readonly modules?: readonly MigrationModule[] | undefined;
  /** Of a cluster of one's own; the test run's, unless told. */
  readonly connections?: TestClusterConnections | undefined;
}

/**
 * Made from a template that is migrated once per run and set of migrations. In a test file that runs
 * without the global set-up, a cluster is started for it and stopped with its last database.
 */
export async function createTestDatabase({ modules = [], connections }: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const cluster = connections === undefined ? await borrowCluster() : { connections, giveBack: nothingToGiveBack };
  const at = (role: DatabaseRole, database: string): PostgresConnection => ({ ...cluster.connections[role], database });
  const name = `test_${randomBytes(6).toString('hex')}`;
  const opened: Database[] = [];
  const template = await ensureTemplate(at, modules);
  await asOwner(at('owner', 'postgres'), (client) => client.query(`create database ${name} template ${template}`));
  await renewEpoch(at('owner', name));

  return {
    name,
    connection: (role) => at(role, name),
    async open(role, options = {}) {
      const database = await createPostgresDatabase({ connection: at(role, name), role, pool: { minimum: 1, maximum: 8 }, ...options });
      opened.push(database);
      return database;
    },
    async close() {
      await Promise.all(opened.map((database) => database.close()));
      await asOwner(at('owner', 'postgres'), (client) => client.query(`drop database if exists ${name} with (force)`));
      await cluster.giveBack();
    },
  };
}

async function nothingToGiveBack(): Promise<void> {
  // Whoever started the cluster stops it.
}

interface BorrowedCluster {
  readonly connections: TestClusterConnections;
  giveBack(): Promise<void>;
}

let ownCluster: Promise<{ readonly connections: TestClusterConnections; stop(): Promise<void> }> | undefined;
let borrowers = 0;

async function borrowCluster(): Promise<BorrowedCluster> {
  const provided = inject('postgres');
  if (provided !== undefined) return { connections: provided, giveBack: nothingToGiveBack };
  borrowers++;
  ownCluster ??= startTestCluster();
  const { connections, stop } = await ownCluster;
  return {
    connections,
    async giveBack() {
      borrowers--;
      if (borrowers > 0) return;
      ownCluster = undefined;
      await stop();
    },
  };
}

/** A migrated database that nobody works in; several files may ask for it at once. */
async function ensureTemplate(
  at: (role: DatabaseRole, database: string) => PostgresConnection,
  modules: readonly MigrationModule[],
): Promise<string> {
  const migrations = await loadMigrations([FOUNDATION, ...modules]);
  const hash = createHash('sha256').update(JSON.stringify(migrations.map(({ module, number, checksum }) => [module, number, checksum])));
  const template = `template_${hash.digest('hex').slice(0, 16)}`;
  await asOwner(at('owner', 'postgres'), async (client) => {
    await client.query('select pg_advisory_lock(hashtext($1))', [template]);
    const { rows } = await client.query('select from pg_database where datname = $1', [template]);
    if (rows.length > 0) return;
    const unfinished = `${template}_unfinished`;
    await client.query(`drop database if exists ${unfinished} with (force)`);
    await client.query(`create database ${unfinished}`);
    await migrate(at('owner', unfinished), modules);
    await client.query(`alter database ${unfinished} rename to ${template}`);
  });
  return template;
}

const asOwner = (connection: PostgresConnection, work: (client: pg.Client) => Promise<unknown>) =>
  withClient(connection, 'sophia-test', work);
