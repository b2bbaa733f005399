import { isSophiaError, SophiaError } from '@sophia/shared';

/** The SQLSTATE of an error of PostgreSQL or of the SophiaError around it, else undefined. */
export function sqlStateOf(error: unknown): string | undefined {
  if (isSophiaError(error)) return sqlStateOf(error.cause);
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code) && !error.code.startsWith('E') ? error.code : undefined;
}

/** Whether a row is there already, by an error of PostgreSQL or the SophiaError around it. */
export const isUniqueViolation = (error: unknown): boolean => sqlStateOf(error) === '23505';

/** Whether a lock was not to be had in the time for it. */
export const isLockTimeout = (error: unknown): boolean => sqlStateOf(error) === '55P03';

/** Why a transaction failed, as far as it matters for running it again. */
export type FailureKind =
  /** Serialization failure or deadlock: another transaction won. */
  | 'conflict'
  /** The connection or the server is gone; the transaction, if not in COMMIT, did not happen. */
  | 'lost_connection'
  /** A prepared statement no longer fits the schema, or is unknown to the server: gone with a new connection. */
  | 'stale_statement'
  | 'other';

export function failureKind(error: unknown): FailureKind {
  // One of ours ended it: a deadline, an abort.
  if (isSophiaError(error)) return 'other';
  const state = sqlStateOf(error);
  if (state === undefined) return isConnectionError(error) ? 'lost_connection' : 'other';
  if (CONFLICTS.has(state)) return 'conflict';
  if (state.startsWith('08') || GONE.has(state)) return 'lost_connection';
  if (state === '26000' || (state === '0A000' && /cached plan/.test(messageOf(error)))) return 'stale_statement';
  return 'other';
}

/** The error that callers of the port see; what is one already passes through. */
export function toSophiaError(error: unknown, statement?: string): SophiaError {
  if (isSophiaError(error)) return error;
  const state = sqlStateOf(error);
  const of = statement === undefined ? '' : ` (statement ${statement})`;
  if (state !== undefined && isOutOfSpace(state, error)) {
    return new SophiaError('storage_full', `The database has no room left${of}.`, { cause: error, retryAfter: 30 });
  }
  if (state === '57014')
    return new SophiaError('deadline_exceeded', `The database stopped a statement at its deadline${of}.`, { cause: error, retryAfter: 1 });
  if (state !== undefined && UNSTORABLE.has(state)) {
    return new SophiaError('invalid_request', 'A text holds U+0000 or half a character, or a time is none: the database cannot hold it.', {
      cause: error,
    });
  }
  switch (failureKind(error)) {
    case 'conflict':
      return new SophiaError('unavailable', `Concurrent transactions kept getting in the way${of}.`, { cause: error, retryAfter: 1 });
    case 'lost_connection':
      return new SophiaError('unavailable', `The database cannot be reached: ${messageOf(error)}`, { cause: error, retryAfter: 1 });
    case 'stale_statement':
    case 'other':
      return new SophiaError('database_error', `${messageOf(error)}${of}`, {
        cause: error,
        details: state === undefined ? {} : { sql_state: state },
      });
  }
}

const CONFLICTS = new Set(['40001', '40P01']);
// admin_shutdown, crash_shutdown, cannot_connect_now, idle_in_transaction_session_timeout, too_many_connections, database restarting.
const GONE = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '25P04', '53300', '53200']);
const OUT_OF_SPACE = new Set(['53100', '58030']);
/** A limit of the file system (EFBIG, a quota) comes as an internal error or as too few resources, and names PostgreSQL's file. */
const isOutOfSpace = (state: string, error: unknown): boolean =>
  OUT_OF_SPACE.has(state) || (/^(53|XX)/.test(state) && /could not (extend|write)/.test(messageOf(error)));
/** untranslatable_character, character_not_in_repertoire, invalid_datetime_format, datetime_field_overflow: values, of whoever gave them. */
const UNSTORABLE = new Set(['22P05', '22021', '22007', '22008']);
const SOCKET_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAGAIN',
  'EAI_AGAIN',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string') return SOCKET_ERRORS.has(error.code);
  return /^(Connection terminated|timeout expired|Client (has encountered|was closed)|timeout exceeded)/.test(error.message);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
