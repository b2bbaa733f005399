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
  const { rows } = await client.query<{ attributes: string[] }>(ATTRIBUTES, [role]);
  const [found] = rows;
  const wanted = ['login', 'nosuperuser', 'nocreatedb', 'nocreaterole', 'noreplication', bypass];
  // To name an attribute in ALTER ROLE, also one that stays as it is, needs the right to give it.
  const changed = found === undefined ? wanted : wanted.filter((attribute) => !found.attributes.includes(attribute));
  const verb = found === undefined ? 'create' : 'alter';
  await client.query(`${verb} role ${pg.escapeIdentifier(role)} ${changed.join(' ')} password ${pg.escapeLiteral(password)}`);
}

const ATTRIBUTES = `select array[
    case when rolcanlogin then 'login' else 'nologin' end, case when rolsuper then 'superuser' else 'nosuperuser' end,
    case when rolcreatedb then 'createdb' else 'nocreatedb' end, case when rolcreaterole then 'createrole' else 'nocreaterole' end,
    case when rolreplication then 'replication' else 'noreplication' end, case when rolbypassrls then 'bypassrls' else 'nobypassrls' end
  ] as attributes from pg_roles where rolname = $1`;
