import type { MigrationModule } from '@sophia/database/migrations';

export { type ExportedLine, exportLog } from './log-export.ts';
export { type ImportReport, importLog } from './log-import.ts';
export { createPostgresEventLog, type PostgresEventLog, type PostgresEventLogOptions } from './postgres-event-log.ts';

/** The tables of the log. */
export const EVENT_LOG_MIGRATIONS: MigrationModule = { module: 'event_log', directory: new URL('../../migrations/', import.meta.url) };
