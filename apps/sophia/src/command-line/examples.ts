import type { Command } from 'commander';

const examplesOf = new WeakMap<Command, readonly string[]>();

/** Shows examples below a command's help and in its reference. */
export const withExamples = (command: Command, ...examples: readonly string[]): Command => {
  examplesOf.set(command, examples);
  return command.addHelpText('after', `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`);
};

export const readExamples = (command: Command): readonly string[] => examplesOf.get(command) ?? [];
