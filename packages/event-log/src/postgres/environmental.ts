import { isSophiaError } from '@sophia/shared';
import type { ErrorCodeName } from '@sophia/types';

/** Whether an error tells of the surroundings (connection, time-out, memory, disk), never of an event. */
export function isEnvironmental(error: unknown): boolean {
  if (isSophiaError(error)) return CODES.has(error.code);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && SYSTEM_CODES.has(error.code);
}

const CODES: ReadonlySet<ErrorCodeName> = new Set<ErrorCodeName>([
  'unavailable',
  'deadline_exceeded',
  'overloaded',
  'storage_full',
  'commit_unknown',
]);
const SYSTEM_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
]);
