import { CommandError } from '../command-line/command-error.ts';
import { exitOfStatus } from '../command-line/exit-codes.ts';

/** A problem document, as Sophia sends it. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly instance: string;
  readonly retry_after?: number | undefined;
  readonly [detail: string]: unknown;
}

/** Sophia's own no. */
export class ProblemError extends CommandError {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(exitOfStatus(problem.status), problem.detail, hintOf(problem));
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

const hintOf = ({ status, code, instance, retry_after: seconds }: Problem): string => {
  const wait = seconds === undefined ? '' : `Try again in ${seconds} s. `;
  return status >= 500 && status !== 503
    ? `${code}; the logs tell more under ${instance}.`
    : `${wait}${code}: docs/reference/errors.md#${code}`;
};
