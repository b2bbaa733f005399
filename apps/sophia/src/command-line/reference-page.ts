import type { Command } from 'commander';
import { readExamples } from './examples.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { withSubcommands } from './with-subcommands.ts';

/** The reference page of the command line, made from what parses it. */
export const commandLinePage = (): string => {
  const nowhere = {
    out: () => undefined,
    err: () => undefined,
    columns: undefined,
    errColumns: () => 80,
    colour: false,
    interactive: false,
    input: process.stdin,
  };
  const program = createProgram({ terminal: nowhere, environment: {} }, () => undefined);
  const commands = withSubcommands(program).filter(({ commands: below }) => below.length === 0);
  return [
    '# Command line\n',
    'Every command that asks Sophia talks to the one that holds the data folder, through `<data>/run/admin.sock`; where none runs it',
    'starts one for itself. With `SOPHIA_URL` and `SOPHIA_KEY` it talks to a Sophia elsewhere. Colours are left out with `NO_COLOR` and',
    'where the output is no terminal.\n',
    'With `--json` a failure too is JSON on standard output, `{"problem": …}`: the problem document that Sophia sent, or of what the command',
    'itself refuses `detail`, `hint`, `exit` and, where it has one, `code`. Where some of several files are imported before one fails, `reports`',
    'stands beside it with theirs. This page is generated: `node scripts/command-line-page.ts`.\n',
    '## Exit codes\n',
    '| code | meaning |\n|---|---|',
    `${Object.values(EXIT_CODES)
      .map(({ code, meaning }) => `| ${code} | ${meaning} |`)
      .join('\n')}\n`,
    ...commands.map(section),
  ].join('\n');
};

const section = (command: Command): string => {
  const args = command.registeredArguments.map((each) => [each.required ? `<${each.name()}>` : `[${each.name()}]`, each.description]);
  const options = command.options.map(({ flags, description, argChoices }) => [
    flags,
    argChoices === undefined ? description : `${description}: ${argChoices.join(', ')}`,
  ]);
  const rows = [...args, ...options].map(([what = '', description = '']) => `| \`${what}\` | ${description.replaceAll('|', '\\|')} |`);
  const examples = readExamples(command);
  return [
    `## ${nameOf(command)}\n`,
    `${command.description()}\n`,
    ...(rows.length === 0 ? [] : ['| | |\n|---|---|', `${rows.join('\n')}\n`]),
    ...(examples.length === 0 ? [] : [`\`\`\`sh\n${examples.join('\n')}\n\`\`\`\n`]),
  ].join('\n');
};

const nameOf = (command: Command): string => (command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`);
