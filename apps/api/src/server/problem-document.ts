import { isSophiaError, SophiaError } from '@sophia/shared';
import { ERROR_CODES, type ErrorCodeName } from '@sophia/types';
import { fewOf, problemDetails } from './told-problems.ts';

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** RFC 9457, with Sophia's stable `code` and what the error knows beside it. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCodeName;
  readonly detail: string;
  readonly instance: string;
  readonly retry_after?: number | undefined;
  readonly [detail: string]: unknown;
}

/** The form of any error towards a caller; a defect tells nothing but where to look. */
export const problemDocument = (error: unknown, requestId: string): ProblemDocument => {
  const known = isSophiaError(error) ? error : fromFramework(error);
  if (known === undefined) {
    return {
      ...head('internal_error'),
      detail: 'Something failed inside Sophia; the logs tell more under this request id.',
      instance: requestId,
    };
  }
  return {
    ...known.details,
    ...head(known.code),
    detail: known.message,
    instance: requestId,
    ...(known.retryAfter === undefined ? {} : { retry_after: known.retryAfter }),
  };
};

const head = (code: ErrorCodeName) => ({
  type: `/errors/${code}`,
  title: ERROR_CODES[code].title,
  status: ERROR_CODES[code].status,
  code,
});

/** Errors that Fastify throws before a handler runs, by status: its own codes are not part of the interface. */
const fromFramework = (error: unknown): SophiaError | undefined => {
  if (!(error instanceof Error)) return undefined;
  const { statusCode, validation } = error as Error & { statusCode?: number; validation?: readonly ValidationProblem[] };
  if (validation !== undefined) {
    return new SophiaError('invalid_request', fewOf(validation.map(describeValidation), '; '), {
      details: problemDetails(validation.map((problem) => ({ path: problem.instancePath ?? '', message: problem.message ?? '' }))),
    });
  }
  switch (statusCode) {
    case 400:
      return new SophiaError('invalid_request', error.message);
    case 404:
      return new SophiaError('not_found', error.message);
    case 413:
      return new SophiaError('payload_too_large', error.message);
    case 415:
      return new SophiaError('unsupported_media_type', error.message);
    case 503:
      return new SophiaError('overloaded', error.message, { retryAfter: 1 });
    case 403:
      // A path out of the folder of the pages: nothing is there.
      return new SophiaError('not_found', 'There is no such page.');
    default:
      return undefined;
  }
};

interface ValidationProblem {
  readonly instancePath?: string;
  readonly message?: string;
  readonly params?: { readonly additionalProperty?: string; readonly allowedValues?: readonly unknown[] };
}

const describeValidation = ({ instancePath = '', message = 'is not valid', params }: ValidationProblem): string => {
  const extra = params?.additionalProperty ?? params?.allowedValues?.join(', ');
  return `${instancePath === '' ? 'the request' : instancePath} ${message}${extra === undefined ? '' : ` (${extra})`}`;
};
