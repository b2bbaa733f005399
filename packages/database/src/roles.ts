import { createHmac } from 'node:crypto';
import pg from 'pg';
import { checkServer } from './check-server.ts';
import type { PostgresConnection } from './postgres/connection-settings.ts';
import { withClient } from './postgres/with-client.ts';

export { POOLER } from './check-server.ts';

/** Names of the roles in a cluster; a role is shared by all databases of its cluster. */
export const APP_ROLE = 'sophia_app';
export const LOG_ROLE = 'sophia_log';

export interface RolePasswords {
  readonly app: string;
  readonly log: string;
}

/**
 * Makes the roles over a server of somebody's own, and returns their passwords. Every process derives the same ones: from the
 * owner's password where the server asked for that, so that none need be kept; else, and from then on, from a secret in a table
 * that the owner alone can read. What the server does not ask for anybody may know. Before anything is made the server is
 * looked at. Errors: those of `checkServer`.
 */
export async function prepareRoles(owner: PostgresConnection): Promise<RolePasswords> {
  return withClient(owner, 'sophia-roles', async (client, password) => {
    await checkServer(client);
    await client.query('select pg_advisory_lock($1)', [ROLES_LOCK]);
    const passwords = derive((await keptSecret(client)) ?? password ?? (await makeSecret(client)), owner);
    await ensureEach(client, passwords);
    return passwords;
  });
}

/** Those that `prepareRoles` would return by now; undefined where it would have to make the secret first. Nothing is changed. */
export async function readRolePasswords(owner: PostgresConnection): Promise<RolePasswords | undefined> {
  return withClient(owner, 'sophia-roles', async (client, password) => {
    const key = (await keptSecret(client)) ?? password;
    return key === undefined ? undefined : derive(key, owner);
  });
}

function derive(key: string, { database }: PostgresConnection): RolePasswords {
  const passwordOf = (role: string) => createHmac('sha256', key).update(`sophia ${role} ${database}`).digest('base64url');
  return { app: passwordOf(APP_ROLE), log: passwordOf(LOG_ROLE) };
}

/**
 * Makes the roles that Sophia connects as, or brings them to what they must be. The administrator
 * must be a superuser, or on PostgreSQL 16 and later have CREATEROLE and BYPASSRLS.
 */
export async function ensureRoles(administrator: PostgresConnection, passwords: RolePasswords): Promise<void> {
  await withClient(administrator, 'sophia-roles', async (client) => {
    await client.query('select pg_advisory_lock($1)', [ROLES_LOCK]);
    await ensureEach(client, passwords);
  });
}

const ROLES_LOCK = 7_364_217_002;
/** Row-level security without a policy keeps it from whoever may read tables, by default privileges for one. */
const CREATE_SECRET = `
  create table if not exists role_secret (only_one boolean primary key default true check (only_one), secret text not null);
  alter table role_secret enable row level security`;
const MAKE_SECRET = 'insert into role_secret (secret) values (gen_random_uuid()::text || gen_random_uuid()::text) returning secret';

async function keptSecret(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query<{ exists: boolean }>(`select to_regclass('role_secret') is not null as exists`);
  return rows[0]?.exists === true ? readSecret(client, 'select secret from role_secret') : undefined;
}

async function makeSecret(client: pg.Client): Promise<string> {
  await client.query(CREATE_SECRET);
  return (await readSecret(client, MAKE_SECRET)) as string;
}

async function readSecret(client: pg.Client, text: string): Promise<string | undefined> {
  const { rows } = await client.query<{ secret: string }>(text);
  return rows[0]?.secret;
}

async function ensureEach(client: pg.Client, passwords: RolePasswords): Promise<void> {
  await ensureRole(client, APP_ROLE, 'nobypassrls', passwords.app);
  await ensureRole(client, LOG_ROLE, 'bypassrls', passwords.log);
}

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
