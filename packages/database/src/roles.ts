import pg from 'pg';
import type { PostgresConnection } from './postgres/connection-settings.ts';
import { withClient } from './postgres/with-client.ts';

/** Names of the roles in a cluster; a role is shared by all databases of its cluster. */
export const APP_ROLE = 'sophia_app';
export const LOG_ROLE = 'sophia_log';

export interface RolePasswords {
  readonly app: string;
  readonly log: string;
}

/**
 * Makes the roles that Sophia connects as, or brings them to what they must be. The administrator
 * must be a superuser, or on PostgreSQL 16 and later have CREATEROLE and BYPASSRLS.
 */
export async function ensureRoles(administrator: PostgresConnection, passwords: RolePasswords): Promise<void> {
  await withClient(administrator, 'sophia-roles', async (client) => {
    await client.query('select pg_advisory_lock($1)', [ROLES_LOCK]);
    await ensureRole(client, APP_ROLE, 'nobypassrls', passwords.app);
    await ensureRole(client, LOG_ROLE, 'bypassrls', passwords.log);
  });
}

const ROLES_LOCK = 7_364_217_002;

async function ensureRole(client: pg.Client, role: string, bypass: 'bypassrls' | 'nobypassrls', password: string): Promise<void> {
  const { rows } = await client.query('select from pg_roles where rolname = $1', [role]);
  const verb = rows.length === 0 ? 'create' : 'alter';
  await client.query(
    `${verb} role ${pg.escapeIdentifier(role)} login nosuperuser nocreatedb nocreaterole noreplication ${bypass} password ${pg.escapeLiteral(password)}`,
  );
}
