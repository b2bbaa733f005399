import { SophiaError } from '@sophia/shared';

/** Begins of DuckDB's messages for what is not the statement's fault: the disk, memory, an interrupt, another writer, a database that gave up. */
const ENVIRONMENT = /^(IO|Connection|INTERRUPT|TransactionContext|FATAL|INTERNAL) Error\b/;
/** Begins as those do, and comes again each time: the transaction altered a table after it removed rows from it. */
const ALTERED_TOO_LATE = /^TransactionContext Error: Failed to commit: Attempting to modify table/;
const OUT_OF_MEMORY = /^Out of Memory Error\b/;
/** After these the instance answers nothing any more until it is opened again. */
const INVALIDATED = /^(FATAL|INTERNAL) Error\b|database has been invalidated/;

/** An error of DuckDB as callers see it; others as they are. */
export function engineError(error: unknown): unknown {
  if (error instanceof SophiaError || !(error instanceof Error)) return error;
  // The lines that follow quote the statement and give advice for the shell.
  const message = error.message.replace(/\n.*/s, '');
  if (OUT_OF_MEMORY.test(message)) {
    return new SophiaError('warehouse_out_of_memory', message, { cause: error, retryAfter: 1 });
  }
  if (ENVIRONMENT.test(message) && !ALTERED_TOO_LATE.test(message)) {
    return new SophiaError('warehouse_unavailable', message, { cause: error, retryAfter: 1 });
  }
  return /^[A-Z][A-Za-z ]* Error\b/.test(message) ? new SophiaError('warehouse_statement_failed', message, { cause: error }) : error;
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whether the instance that threw this must be opened again. */
export const isInvalidating = (error: unknown): boolean => {
  const cause = error instanceof SophiaError ? error.cause : error;
  return cause instanceof Error && INVALIDATED.test(cause.message);
};
