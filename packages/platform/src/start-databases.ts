import { AUTH_MIGRATIONS } from '@sophia/auth/migrations';
import { CATALOG_MIGRATIONS } from '@sophia/catalog';
import type { Database } from '@sophia/database';
import { migrate, renewEpoch } from '@sophia/database/migrations';
import { createDatabaseObservers, createPostgresDatabase, type PostgresConnection } from '@sophia/database/postgres';
import { EVENT_LOG_MIGRATIONS } from '@sophia/event-log/postgres';
import type { Observability } from '@sophia/observability';
import type { Configuration, Lifecycle } from '@sophia/shared';
import { type ConnectedRole, openDatabase } from './open-database.ts';

export interface DatabasesOptions {
  readonly configuration: Configuration;
  readonly observability: Observability;
  readonly lifecycle: Lifecycle;
  /** What is waited for, for people. */
  readonly say: (line: string) => void;
  /** The epoch in which the database was set back, where that was found. */
  readonly overtaken: unknown;
}

/** PostgreSQL as those who work with it. */
export interface Databases {
  readonly owner: PostgresConnection;
  readonly app: Database;
  readonly log: Database;
}

/** Recovery may have gigabytes to read: the database has a bound of its own, ten minutes. */
const START_MS = 11 * 60_000;
/** The log's role ticks, reads and consumes: few connections, of which each consumer holds one while it works. */
const LOG_POOL = { minimum: 2, maximum: 8 };

/** Starts PostgreSQL, brings its tables up to this version and opens the pools of its roles. */
export const startDatabases = async (options: DatabasesOptions): Promise<Databases> => {
  const { configuration, observability, lifecycle } = options;
  const postgres = await lifecycle.start('postgres', () => openDatabase(configuration.database, observability.logger), {
    startDeadline: START_MS,
  });
  const owner = postgres.connection('owner');
  await prepare(owner, options);
  const observers = createDatabaseObservers(observability);
  const open = (role: ConnectedRole, own: Partial<{ minimum: number; maximum: number }> = {}): Promise<Database> =>
    lifecycle.start(`database as ${role}`, () =>
      createPostgresDatabase({
        connection: postgres.connection(role),
        role,
        renewPassword: postgres.renewalOf(role),
        replicas: role === 'app' ? postgres.replicas : [],
        pool: { ...configuration.database.connections, ...own },
        observers,
      }),
    );
  const [app, log] = await Promise.all([open('app'), open('log', LOG_POOL)]);
  return { owner, app, log };
};

const prepare = async (owner: PostgresConnection, { observability: { logger }, say, overtaken }: DatabasesOptions): Promise<void> => {
  await migrate(owner, [EVENT_LOG_MIGRATIONS, AUTH_MIGRATIONS, CATALOG_MIGRATIONS], {
    onWait(message) {
      logger.warn(message);
      say(message);
    },
  });
  if (typeof overtaken === 'string') {
    logger.error({ epoch: overtaken }, 'the database was set back to an older state: the log has a new epoch, the warehouse is made anew');
    // Another instance that found so may have renewed it.
    await renewEpoch(owner, overtaken);
  }
};
