import { SophiaError } from '@sophia/shared';

/** Begins of DuckDB's messages for what is not the statement's fault: the disk, memory, an interrupt, another writer, a database that gave up. */
const ENVIRONMENT = /^(IO|Connection|INTERRUPT|TransactionContext|FATAL|INTERNAL) Error\b/;
/** Begins as those do, and comes again each time: the transaction altered a table after it removed rows from it. */
const ALTERED_TOO_LATE = /^TransactionContext Error: Failed to commit: Attempting to modify table/;
/** Begins as those do, and comes again each time: the file is not as it was written. */
const DAMAGED =
  /not a valid DuckDB database file|^IO Error: Corrupt database file|^IO Error: Could not read enough bytes|: Corrupt WAL file/;
const NO_ROOM = /No space left on device/;
/** Where a file lies is for the log, which has the cause, and for who opens the warehouse; not for everyone who asks. */
const PATHS = /(["'])(?:(?!\1).)*\/(?:(?!\1).)*\1|(?<=\s)\/\S+/g;
const OUT_OF_MEMORY = /^Out of Memory Error\b/;
/** Begins of what DuckDB says of a computed value that its type cannot hold. */
const OVERFLOW = /^(Out of Range Error\b|Conversion Error: (Type \S+ with value .* out of range|Could not cast value))/;
/** After these the instance answers nothing any more until it is opened again. */
const INVALIDATED = /^(FATAL|INTERNAL) Error\b|database has been invalidated/;

/** An error of DuckDB as callers see it: with its paths only where it is of the opening of this file. Others as they are. */
export function engineError(error: unknown, file?: string): unknown {
  if (error instanceof SophiaError || !(error instanceof Error)) return error;
  // The lines that follow quote the statement and give advice for the shell.
  const message = error.message.replace(/\n.*/s, '');
  const told = file === undefined ? message.replace(PATHS, 'of the warehouse') : message;
  if (OUT_OF_MEMORY.test(message)) {
    return new SophiaError('warehouse_out_of_memory', told, { cause: error, retryAfter: 1 });
  }
  if (DAMAGED.test(message)) return damaged(file === undefined ? 'The warehouse' : `The warehouse ${file}`, error, told);
  if (ENVIRONMENT.test(message) && !ALTERED_TOO_LATE.test(message)) {
    const found = NO_ROOM.test(message) ? 'The warehouse has no room left on its disk.' : told;
    return new SophiaError('warehouse_unavailable', found, { cause: error, retryAfter: 1 });
  }
  return /^[A-Z][A-Za-z ]* Error\b/.test(message) ? new SophiaError('warehouse_statement_failed', message, { cause: error }) : error;
}

/** What a query failed with; of an overflow without the values, which may be of one record that is not shown. */
export const queryError = (error: unknown): unknown =>
  OVERFLOW.test(messageOf(error))
    ? new SophiaError('warehouse_overflow', 'A value that the query computes is too large for its type.', { cause: error })
    : error;

/** `what` is damaged, and what to do about it. */
export const damaged = (what: string, cause: unknown, found: string): SophiaError =>
  new SophiaError(
    'warehouse_damaged',
    `${what} is damaged: ${found}. Stop Sophia and move the folder of the warehouse away: the next start makes it anew from the log.`,
    { cause },
  );

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whether the instance that threw this must be opened again. */
export const isInvalidating = (error: unknown): boolean => {
  const cause = error instanceof SophiaError ? error.cause : error;
  return cause instanceof Error && INVALIDATED.test(cause.message);
};
