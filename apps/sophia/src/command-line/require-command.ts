import type { Command } from 'commander';
import { CommandError } from './command-error.ts';

/** Errors: `CommandError` where `--json` stands behind what has commands below it, and none of them is named. */
export const requireCommand = (program: Command, argv: readonly string[]): void => {
  let named: Command | undefined = program;
  for (const word of argv.filter((each) => each !== '--json')) named = named?.commands.find((command) => command.name() === word);
  if (named === undefined || named.commands.length === 0) return;
  const path = named === program ? 'sophia' : `sophia ${named.name()}`;
  const below = named.commands.map((command) => command.name()).join(', ');
  throw new CommandError('usage', `${path} needs a command: ${below}.`, `${path} <command> --help lists its options.`);
};
