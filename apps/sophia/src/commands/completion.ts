import type { Command } from 'commander';
import { CommandError } from '../command-line/command-error.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { withSubcommands } from '../command-line/with-subcommands.ts';

const SHELLS = ['bash', 'zsh', 'fish'];

/** A script for a shell, made from the command definitions. */
export const completion = async ({ terminal }: Invocation, shell: string, program: Command): Promise<void> => {
  switch (shell) {
    case 'bash':
      return terminal.out(bash(program));
    case 'zsh':
      return terminal.out(`autoload -U +X bashcompinit && bashcompinit\n${bash(program)}`);
    case 'fish':
      return terminal.out(fish(program));
    default:
      throw new CommandError('usage', `There is no completion for ${shell}; there is one for ${SHELLS.join(', ')}.`);
  }
};

const pathOf = (command: Command): readonly string[] => (command.parent === null ? [] : [...pathOf(command.parent), command.name()]);
const wordsOf = (command: Command): readonly string[] => [
  ...command.commands.map((each) => each.name()),
  ...command.options.flatMap(({ long }) => long ?? []),
];

/** Words by the commands typed so far, or by the option before; files where a command takes arguments. */
const bash = (program: Command): string => {
  const cases = withSubcommands(program)
    .map((command) => `    '${pathOf(command).join(' ')}') words='${wordsOf(command).join(' ')}' ;;`)
    .join('\n');
  const paths = withSubcommands(program)
    .slice(1)
    .map((command) => `'${pathOf(command).join(' ')}'`);
  const choices = withSubcommands(program).flatMap((command) =>
    command.options.flatMap(({ long, argChoices }) =>
      long === null || long === undefined || argChoices === undefined
        ? []
        : [`    '${pathOf(command).join(' ')} ${long}') words='${argChoices.join(' ')}' ;;`],
    ),
  );
  return `_sophia() {
  local word path='' words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in ${paths.join('|')}) path="\${path:+$path }$word" ;; esac
  done
  case $path in
${cases}
  esac
  case "$path \${COMP_WORDS[COMP_CWORD-1]}" in
${choices.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _sophia sophia ./sophia
`;
};

const fish = (program: Command): string => {
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = withSubcommands(program).flatMap((command) => {
    const path = pathOf(command);
    const subcommands = command.commands.map((each) => each.name());
    const seen = path.map((name) => `__fish_seen_subcommand_from ${name}`);
    const none = subcommands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${subcommands.join(' ')}`];
    const condition = [...seen, ...none].join('; and ');
    return [
      ...command.commands.map((each) => `complete -c sophia -f -n ${quoted(condition)} -a ${each.name()} -d ${quoted(each.description())}`),
      ...command.options.flatMap(({ long, description, argChoices }) => {
        if (long === null || long === undefined) return [];
        const values = argChoices === undefined ? '' : ` -x -a ${quoted(argChoices.join(' '))}`;
        return [`complete -c sophia -n ${quoted(condition)} -l ${long.slice(2)}${values} -d ${quoted(description)}`];
      }),
    ];
  });
  return `${lines.join('\n')}\n`;
};
