import type { ClientConfig } from 'pg';
import type { PostgresConnection } from './connection-settings.ts';

/** How `pg` connects: as the session settings of the port promise, UTC, ISO dates, no JIT, no time-out for locks. */
export function clientConfig(settings: PostgresConnection, applicationName: string): ClientConfig {
  const { host, port, database, user, password, tls } = settings;
  return {
    host,
    port,
    database,
    user,
    password,
    ssl: tls === undefined || typeof tls === 'boolean' ? (tls ?? false) : { ca: tls.authority },
    application_name: applicationName,
    options: SESSION_OPTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}

/** How long a statement waits for a lock is what its caller's deadline says, whatever the database has set for others. */
const SESSION_OPTIONS = '-c jit=off -c TimeZone=UTC -c DateStyle=ISO -c client_min_messages=warning -c lock_timeout=0';
/** Milliseconds to connect and authenticate. */
const CONNECT_TIMEOUT = 5_000;
