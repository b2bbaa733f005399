import { type Clock, systemClock } from '@sophia/shared';
import type { Database } from '../database.ts';
import { assertRole } from './assert-role.ts';
import { ConnectionPool, type PoolOptions } from './connection-pool.ts';
import type { DatabaseRole, PostgresConnection } from './connection-settings.ts';
import { type DatabaseObservers, UNOBSERVED } from './database-observer.ts';
import { openerOf, type RenewPassword } from './password-renewal.ts';
import type { OpenOptions } from './postgres-connection.ts';
import { PostgresDatabase } from './postgres-database.ts';
import { toSophiaError } from './postgres-errors.ts';
import { createReadServer } from './read-server.ts';
import { ReplicaSet } from './replica-set.ts';

export interface PostgresDatabaseOptions {
  /** The primary, with the user that is this role. */
  readonly connection: PostgresConnection;
  readonly role: DatabaseRole;
  /** Of the connection's user and the replicas', where somebody else may change it. */
  readonly renewPassword?: RenewPassword | undefined;
  /** Servers that follow the primary; reads that may be stale go to them. */
  readonly replicas?: readonly PostgresConnection[] | undefined;
  readonly pool?: Partial<PoolOptions> | undefined;
  /** How the server's own views name the connections; `sophia-<role>` unless told. */
  readonly applicationName?: string | undefined;
  readonly observers?: DatabaseObservers | undefined;
  readonly clock?: Clock | undefined;
}

/** For the embedded profile: with all roles fewer than 20 connections are open at rest. A server of its own takes 20 to 100. */
export const EMBEDDED_POOL: PoolOptions = {
  minimum: 4,
  maximum: 16,
  queue: 10_000,
  idleMs: 300_000,
  recycleAfterQueries: 50_000,
  failFastAfterMs: 5_000,
};

/** Connects as one role; resolves when the pool is warm and the role's rights are what they must be. */
export async function createPostgresDatabase(options: PostgresDatabaseOptions): Promise<Database> {
  const { role, clock = systemClock, replicas = [] } = options;
  const observer = options.observers?.(role) ?? UNOBSERVED;
  const openOptions: OpenOptions = { ...SERVER_LIMITS, applicationName: options.applicationName ?? `sophia-${role}` };
  const poolOptions: PoolOptions = { ...EMBEDDED_POOL, ...options.pool };
  const openConnection = openerOf(options.renewPassword);
  const openToPrimary = async () => {
    const connection = await openConnection(options.connection, openOptions);
    replicaSet.connectedTo(connection.incarnation);
    return connection;
  };
  const pool = new ConnectionPool(poolOptions, openToPrimary, clock);
  // Its callers alone say how long a statement of a session may take.
  const openOutside = (timeout: number, signal: AbortSignal | undefined) =>
    openConnection(options.connection, { ...openOptions, statementTimeout: 0 }, timeout, signal);
  const followers = replicas.map((connection) => ({
    name: `${connection.host}:${connection.port}`,
    pool: new ConnectionPool(poolOptions, () => openConnection(connection, openOptions), clock),
    connect: (timeout: number) => openConnection(connection, openOptions, timeout, AbortSignal.timeout(timeout)),
  }));
  const replicaSet = new ReplicaSet({ primary: pool, followers, clock, observer });
  try {
    await pool.warm();
    await assertRole(pool, role);
  } catch (error) {
    await Promise.all([pool.close(), replicaSet.close()]);
    throw toSophiaError(error);
  }
  observer.watchPool(pool);
  observer.watchReplicas(() => replicaSet.lags());
  return new PostgresDatabase({ primary: createReadServer(pool, observer), pool, replicas: replicaSet, openOutside, clock, observer });
}

/** Milliseconds; the server's own limits stand behind the callers' deadlines. */
const SERVER_LIMITS = { statementTimeout: 60_000, idleInTransactionTimeout: 30_000 };
