export type { PoolOptions } from './connection-pool.ts';
export type { DatabaseRole, PostgresConnection } from './connection-settings.ts';
export { createPostgresDatabase, EMBEDDED_POOL, type PostgresDatabaseOptions } from './create-postgres-database.ts';
export { createDatabaseObservers, type DatabaseObservers } from './database-observer.ts';
export type { RenewPassword } from './password-renewal.ts';
