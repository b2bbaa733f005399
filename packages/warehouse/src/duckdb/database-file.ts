import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { SophiaError } from '@sophia/shared';
import { engineError, messageOf } from './engine-error.ts';
import { releaseConnection, releaseInstance } from './release.ts';

export interface DatabaseFileOptions {
  readonly path: string;
  readonly memoryLimitMb: number;
  readonly threads: number;
}

/** One open file of DuckDB, locked against other processes. */
export interface DatabaseFile {
  readonly path: string;
  connect(): Promise<DuckDBConnection>;
  disconnect(connection: DuckDBConnection): void;
  /** Gives everything back; nothing may be running on its connections. */
  release(): void;
}

/**
 * Opens or makes the file. Throws `warehouse_in_use` where another process holds it, `warehouse_unavailable` where it
 * cannot be read, `warehouse_damaged` where it is not as it was written.
 */
export async function openDatabaseFile({ path, memoryLimitMb, threads }: DatabaseFileOptions): Promise<DatabaseFile> {
  const instance = await DuckDBInstance.create(path, {
    memory_limit: `${memoryLimitMb}MB`,
    threads: String(threads),
    // Checkpoints are made between batches, not within a commit; this bound is for what escapes that.
    wal_autocheckpoint: '1GB',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    enable_external_access: 'false',
  }).catch((error: unknown) => {
    throw lockError(error, path);
  });
  const connections = new Set<DuckDBConnection>();
  return {
    path,
    async connect() {
      const connection = await instance.connect();
      connections.add(connection);
      await connection.run("set TimeZone = 'UTC'");
      // Closing does not wait; what is to be folded into the file is folded in before.
      await connection.run('pragma disable_checkpoint_on_shutdown');
      return connection;
    },
    disconnect(connection) {
      connections.delete(connection);
      releaseConnection(connection);
    },
    release() {
      for (const connection of connections) releaseConnection(connection);
      releaseInstance(instance);
    },
  };
}

/** DuckDB's message names the process that holds the file. */
function lockError(error: unknown, path: string): unknown {
  const holder = /Could not set lock on file .*?: (.*)/.exec(messageOf(error));
  return holder === null ? engineError(error, path) : inUse(path, `another process: ${holder[1]}`);
}

export const inUse = (path: string, holder: string): SophiaError =>
  new SophiaError('warehouse_in_use', `The warehouse ${path} is held by ${holder}`, { details: { path } });
