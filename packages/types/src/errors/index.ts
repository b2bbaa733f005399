import { ANALYTICS_ERRORS } from './analytics-errors.ts';
import { AUTH_ERRORS } from './auth-errors.ts';
import { BACKUP_ERRORS } from './backup-errors.ts';
import { CATALOG_ERRORS } from './catalog-errors.ts';
import { COMMON_ERRORS } from './common-errors.ts';
import { DATABASE_ERRORS } from './database-errors.ts';
import { EVENT_LOG_ERRORS } from './event-log-errors.ts';
import { RECORD_TYPE_ERRORS } from './record-type-errors.ts';
import { ROW_ERRORS } from './row-errors.ts';
import { SEMANTIC_ERRORS } from './semantic-errors.ts';
import { SOURCE_ERRORS } from './source-errors.ts';
import { WAREHOUSE_ERRORS } from './warehouse-errors.ts';

export type { ErrorCode } from './error-code.ts';
export type { RowErrorCode } from './row-errors.ts';

/** Every stable error code; `docs/reference/errors.md` is generated from it. */
export const ERROR_CODES = {
  ...ANALYTICS_ERRORS,
  ...AUTH_ERRORS,
  ...BACKUP_ERRORS,
  ...CATALOG_ERRORS,
  ...COMMON_ERRORS,
  ...DATABASE_ERRORS,
  ...EVENT_LOG_ERRORS,
  ...RECORD_TYPE_ERRORS,
  ...ROW_ERRORS,
  ...SEMANTIC_ERRORS,
  ...SOURCE_ERRORS,
  ...WAREHOUSE_ERRORS,
} as const;

export type ErrorCodeName = keyof typeof ERROR_CODES;
