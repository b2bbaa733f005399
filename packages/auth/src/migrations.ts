import type { MigrationModule } from '@sophia/database/migrations';

/** Tables of keys, policies and the audit. */
export const AUTH_MIGRATIONS: MigrationModule = { module: 'auth', directory: new URL('../migrations/', import.meta.url) };
