import { isSophiaError } from '@sophia/shared';

/**
 * Whether a sender says of its own source that it ended too early: what came before is good. After any other failure, as of a
 * connection, it sends all of it again.
 */
export const isSendersWord = (error: unknown): boolean => isSophiaError(error, 'tap_failed') || isSophiaError(error, 'tap_stalled');
