import { CommandError } from '../command-line/command-error.ts';
import type { Invocation } from '../command-line/invocation.ts';

/** Errors: `CommandError` where commands are told to talk to a Sophia elsewhere, and this one is about a folder of this machine. */
export const refuseElsewhere = (command: string, { SOPHIA_URL }: Invocation['environment']): void => {
  if (SOPHIA_URL === undefined) return;
  throw new CommandError(
    'usage',
    `sophia ${command} is about a data folder on this machine, and SOPHIA_URL is set: commands talk to the Sophia there.`,
    'Unset SOPHIA_URL where the folder here is meant.',
  );
};
