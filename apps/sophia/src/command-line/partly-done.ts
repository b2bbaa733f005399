import { CommandError } from './command-error.ts';
import { failureOf } from './failure.ts';

/** A failure after some of what was asked is done, which with --json is told beside the problem. */
export class PartlyDone extends CommandError {
  readonly failure: unknown;
  readonly done: object;

  constructor(failure: unknown, done: object) {
    const { exit, message, hint } = failureOf(failure);
    super(exit, message, hint);
    this.name = 'PartlyDone';
    this.failure = failure;
    this.done = done;
  }
}
