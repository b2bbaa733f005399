export type { DatabaseRole, PostgresConnection } from './connection-settings.ts';
export { createPostgresDatabase, DEFAULT_POOL, type PostgresDatabaseOptions } from './postgres-database.ts';
