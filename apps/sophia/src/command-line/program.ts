import { Command, Option } from 'commander';
import { plainLines } from '../output/text-width.ts';
import { VERSION } from '../version.ts';
import { defineAnswerCommands } from './define-answer-commands.ts';
import { defineDataCommands } from './define-data-commands.ts';
import { defineServerCommands } from './define-server-commands.ts';
import type { Exit } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';
import { runsIn } from './runs-in.ts';
import { withSubcommands } from './with-subcommands.ts';

/** The whole command line: what it parses, its help, its reference page and its completion all come from here. */
export const createProgram = (invocation: Invocation, ended: (exit: Exit) => void): Command => {
  const program = new Command('sophia')
    .description('Self-hosted, real-time business intelligence over your own records.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print the help of a command')
    .showSuggestionAfterError(true)
    .showHelpAfterError('(sophia <command> --help lists its options)')
    .configureOutput({
      writeOut: (text) => invocation.terminal.out(text),
      writeErr: (text) => invocation.terminal.err(plainLines(text)),
      getOutHelpWidth: () => invocation.terminal.columns ?? 100,
      getOutHasColors: () => invocation.terminal.colour,
    })
    .exitOverride();
  const runs = runsIn(invocation, ended);
  defineServerCommands(program, runs);
  defineAnswerCommands(program, runs);
  defineDataCommands(program, runs);
  for (const command of withSubcommands(program)) addCommonOptions(command);
  return program;
};

const addCommonOptions = (command: Command): void => {
  if (command.commands.length > 0) return;
  command.addOption(new Option('--data-dir <folder>', 'folder of all data (SOPHIA_DATA_DIR, else data)'));
  command.addOption(new Option('--workspace <name>', 'workspace (SOPHIA_WORKSPACE, else main)'));
  command.addOption(new Option('--json', 'print JSON'));
};
