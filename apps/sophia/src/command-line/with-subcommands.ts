import type { Command } from 'commander';

/** A command and all below it. */
export const withSubcommands = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(withSubcommands)];
