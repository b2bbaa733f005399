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

  /** `hint` where there is a nearer way out than what the code stands for. */
  constructor(problem: Problem, hint: string = hintOf(problem)) {
    super(exitOfStatus(problem.status), problem.detail, hint);
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
