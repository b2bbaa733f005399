import type { RowErrorCode } from '@sophia/types';

/** Why a value is no value of its field: made once for each field and reason, so that bad rows cost no more than good ones. */
export class FieldFailure {
  readonly code: RowErrorCode;
  /** What was expected, as the end of a sentence: `expected a calendar day such as 2017-03-01`. */
  readonly expected: string;

  constructor(code: RowErrorCode, expected: string) {
    this.code = code;
    this.expected = expected;
  }
}

/** The value in its canonical form, undefined for "no value" (null and empty text), or why it is refused. */
export type Normalized<T> = T | undefined | FieldFailure;
