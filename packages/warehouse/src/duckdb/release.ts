import type { DuckDBConnection, DuckDBInstance, DuckDBPreparedStatement } from '@duckdb/node-api';

// DuckDB's binding gives back what it holds only by synchronous calls. None of these touches a file: what is to be
// written is written before, by a checkpoint.

export const releaseStatement = (statement: DuckDBPreparedStatement): void => {
  // biome-ignore lint/nursery/noSyncMethods: see above
  statement.destroySync();
};

export const releaseConnection = (connection: DuckDBConnection): void => {
  // biome-ignore lint/nursery/noSyncMethods: see above
  connection.closeSync();
};

export const releaseInstance = (instance: DuckDBInstance): void => {
  // biome-ignore lint/nursery/noSyncMethods: see above
  instance.closeSync();
};
