import type { Exit } from './exit-codes.ts';

/** What a command ends with where it cannot do what was asked: told without a stack. */
export class CommandError extends Error {
  readonly exit: Exit;
  readonly hint: string | undefined;

  constructor(exit: Exit, message: string, hint?: string) {
    super(message);
    this.name = 'CommandError';
    this.exit = exit;
    this.hint = hint;
  }
}
