import { ERROR_CODES, type ErrorCodeName } from '@sophia/types';

export interface ErrorDetails {
  /** What was found and expected, where; shown to the caller. */
  readonly [key: string]: unknown;
}

/** An error that callers may see: a stable code, what was wrong, the way out. */
export class SophiaError extends Error {
  readonly code: ErrorCodeName;
  readonly details: ErrorDetails;
  /** Seconds after which a retry makes sense. */
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCodeName, message: string, options: { cause?: unknown; details?: ErrorDetails; retryAfter?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SophiaError';
    this.code = code;
    this.details = options.details ?? {};
    this.retryAfter = options.retryAfter;
  }

  /** HTTP status of this error's code. */
  get status(): number {
    return ERROR_CODES[this.code].status;
  }
}

export const isSophiaError = (error: unknown, code?: ErrorCodeName): error is SophiaError =>
  error instanceof SophiaError && (code === undefined || error.code === code);
