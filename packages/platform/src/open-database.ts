import { sqlStateOf } from '@sophia/database';
import { startEmbeddedPostgres } from '@sophia/database/embedded';
import type { DatabaseRole, PostgresConnection, RenewPassword } from '@sophia/database/postgres';
import { APP_ROLE, LOG_ROLE, POOLER, prepareRoles, readRolePasswords } from '@sophia/database/roles';
import type { Logger } from '@sophia/observability';
import { type DatabaseConfiguration, isSophiaError, SophiaError } from '@sophia/shared';
import { connectionOfUrl } from './connection-of-url.ts';

/** The PostgreSQL that a configuration names, reachable as each role. */
export interface OpenedDatabase {
  connection(role: DatabaseRole): PostgresConnection;
  readonly replicas: readonly PostgresConnection[];
  /** What the role's password is by now; undefined where no other instance may have given it another. */
  renewalOf(role: ConnectedRole): RenewPassword | undefined;
  close(): Promise<void>;
}

/** Whom requests and the log's readers connect as. */
export type ConnectedRole = Exclude<DatabaseRole, 'owner'>;

export const openDatabase = async (configuration: DatabaseConfiguration, logger: Logger): Promise<OpenedDatabase> => {
  switch (configuration.kind) {
    case 'embedded': {
      const log = (line: string): void => logger.debug({ postgres: line }, 'postgres');
      const postgres = await startEmbeddedPostgres({ dataDirectory: configuration.directory, log });
      return {
        connection: (role) => postgres.connection(role),
        replicas: [],
        renewalOf: () => undefined,
        close: () => postgres.stop(),
      };
    }
    case 'postgres': {
      const owner = await connectionOfUrl(configuration.url, 'SOPHIA_DATABASE_URL');
      const followers = await Promise.all(configuration.replicas.map((url) => connectionOfUrl(url, 'SOPHIA_DATABASE_REPLICAS')));
      const passwords = await prepareRoles(owner).catch((error: unknown) => {
        throw unusable(owner, error);
      });
      const app = { user: APP_ROLE, password: passwords.app };
      const connections: Record<DatabaseRole, PostgresConnection> = {
        owner,
        app: { ...owner, ...app },
        log: { ...owner, user: LOG_ROLE, password: passwords.log },
      };
      return {
        connection: (role) => connections[role],
        replicas: followers.map((follower) => ({ ...follower, ...app })),
        renewalOf: (role) => async () => (await readRolePasswords(owner))?.[role],
        close: () => Promise.resolve(),
      };
    }
  }
};

/** Its address does not answer, or it refuses the owner what is asked of it. */
const unusable = ({ host, port, user }: PostgresConnection, error: unknown): SophiaError => {
  if (isSophiaError(error)) return error;
  if (error instanceof Error && /startup parameter/.test(error.message)) {
    return new SophiaError('invalid_configuration', `The PostgreSQL at ${host}:${port} ${POOLER}`, { cause: error });
  }
  const what = `The PostgreSQL of SOPHIA_DATABASE_URL (${user} at ${host}:${port}) cannot be used: ${error instanceof Error ? error.message : String(error)}.`;
  return new SophiaError(sqlStateOf(error) === undefined ? 'unavailable' : 'database_error', what, { cause: error });
};
