import type { ClientConfig } from 'pg';
import type { Statement } from '../database.ts';
import type { PostgresConnection } from './connection-settings.ts';

/** How `pg` connects: with the session settings that the port promises and takes for granted, whatever a server, database or role has set. */
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

/** How long statements, locks and transactions may take is what callers' deadlines say. A space in a value is written as `\ `. */
const SESSION_SETTINGS = {
  // By it a session tells that they arrived: a pooler in between may pass by them.
  'sophia.session': 'on',
  jit: 'off',
  client_min_messages: 'warning',
  // How values are written and read.
  TimeZone: 'UTC',
  DateStyle: 'ISO,MDY',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  // What statements see and may do.
  search_path: 'public',
  row_security: 'on',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  default_transaction_isolation: 'read\\ committed',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
};
const SESSION_OPTIONS = Object.entries(SESSION_SETTINGS)
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(' ');

/**
 * What cannot be set while connecting: time-outs that not every version of PostgreSQL has, and that a write is on the disk when it is
 * acknowledged, which may wait for replicas too where a server says so.
 */
export const REMAINING_SETTINGS: Statement = {
  name: 'sophia_remaining_settings',
  text: `select set_config(name, '0', false) from unnest(array['idle_session_timeout', 'transaction_timeout']) as name
    where current_setting(name, true) is not null
    union all
    select set_config('synchronous_commit', 'local', false) where current_setting('synchronous_commit') = 'off'`,
};

/** Milliseconds to connect and authenticate. */
const CONNECT_TIMEOUT = 5_000;
