import { isSophiaError } from '@sophia/shared';
import { CommandError } from '../command-line/command-error.ts';
import { messageOf } from '../command-line/message-of.ts';

/**
 * Says what went wrong at a stop: a database that cannot be reached any more cuts nothing off, what was acknowledged it has.
 * Errors: `CommandError` where something was cut off.
 */
export const tellHowItEnded = (error: unknown, say: (line: string) => void): void => {
  if (!isCutOff(error)) return say(messageOf(error));
  throw new CommandError(
    'failed',
    `Not all ended in time. ${messageOf(error)}`,
    'What was acknowledged is kept. SOPHIA_SHUTDOWN says how long requests and work in hand may take.',
  );
};

const isCutOff = (error: unknown): boolean =>
  error instanceof AggregateError ? error.errors.some(isCutOff) : isSophiaError(error, 'deadline_exceeded');
