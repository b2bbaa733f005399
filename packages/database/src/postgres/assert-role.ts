import { SophiaError } from '@sophia/shared';
import type { Statement } from '../database.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { DatabaseRole } from './connection-settings.ts';

/** Refuses to serve requests with rights that go past row-level security, and to read the log without them. */
export async function assertRole(pool: ConnectionPool, role: DatabaseRole): Promise<void> {
  if (role === 'owner') return;
  const connection = await pool.acquire(5_000);
  try {
    const { results, error } = await connection.run([{ statement: FLAGS, values: [] }]);
    if (error !== undefined) throw error;
    const flags = results[0]?.rows[0] as { readonly name: string; readonly superuser: boolean; readonly bypasses: boolean };
    const wanted = role === 'log';
    if (flags.superuser || flags.bypasses !== wanted) {
      throw new SophiaError(
        'invalid_configuration',
        `The database role ${flags.name} serves as ${role}: it must be no superuser and ${wanted ? 'must' : 'must not'} have BYPASSRLS.`,
        { details: { role: flags.name, superuser: flags.superuser, bypassrls: flags.bypasses } },
      );
    }
  } finally {
    pool.release(connection);
  }
}

const FLAGS: Statement = {
  name: 'sophia_role_flags',
  text: 'select rolname as name, rolsuper as superuser, rolbypassrls as bypasses from pg_roles where rolname = current_user',
};
