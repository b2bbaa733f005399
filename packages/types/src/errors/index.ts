import { COMMON_ERRORS } from './common-errors.ts';

export type { ErrorCode } from './error-code.ts';

/** Every stable error code; `docs/reference/errors.md` is generated from it. */
export const ERROR_CODES = {
  ...COMMON_ERRORS,
} as const;

export type ErrorCodeName = keyof typeof ERROR_CODES;
