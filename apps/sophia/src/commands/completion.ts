import type { Command } from 'commander';
import type { CommonOptions, Invocation } from '../command-line/invocation.ts';
import { withSubcommands } from '../command-line/with-subcommands.ts';

/** What there is a completion for. */
export type Shell = 'bash' | 'zsh' | 'fish';

/** A script for a shell, made from the command definitions. */
export const completion = async ({ terminal }: Invocation, shell: Shell, { json }: CommonOptions, program: Command): Promise<void> => {
  const script = SCRIPTS[shell](program);
  terminal.out(json === true ? `${JSON.stringify({ shell, script })}\n` : script);
};

const pathOf = (command: Command): readonly string[] => (command.parent === null ? [] : [...pathOf(command.parent), command.name()]);
/** Also `help`, where there is one. */
const commandsBelow = (command: Command): readonly Command[] => command.createHelp().visibleCommands(command);
const namesOf = (commands: readonly Command[]): readonly string[] => commands.map((each) => each.name());
const wordsOf = (command: Command): readonly string[] => [
  ...namesOf(commandsBelow(command)),
  ...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  ...command.options.flatMap(({ long }) => long ?? []),
];

/** Patterns of a shell's `case`, and what is offered there, for bash and zsh alike. */
const casesOf = (program: Command) => {
  const commands = withSubcommands(program);
  const offer = (place: string, words: readonly string[]): string => `    '${place}') offered='${words.join(' ')}' ;;`;
  const places = new Map(commands.flatMap((command) => [[pathOf(command).join(' '), wordsOf(command)] as const, ...helpPlaces(command)]));
  return {
    /** Every command by its path. */
    paths: [...places.keys()].flatMap((place) => (place === '' ? [] : [`'${place}'`])).join('|'),
    words: [...places].map(([place, words]) => offer(place, words)).join('\n'),
    /** Behind an option whose values are known. */
    values: commands
      .flatMap((command) =>
        command.options.flatMap(({ long, argChoices }) =>
          argChoices === undefined ? [] : [offer([...pathOf(command), long].join(' '), argChoices)],
        ),
      )
      .join('\n'),
  };
};

/** Help is given for one of the commands below, by its name. */
const helpPlaces = (command: Command): readonly (readonly [string, readonly string[]])[] => {
  if (!namesOf(commandsBelow(command)).includes('help')) return [];
  const help = [...pathOf(command), 'help'].join(' ');
  const names = namesOf(command.commands);
  return [[help, names], ...names.map((name) => [`${help} ${name}`, []] as const)];
};

/**
 * Words by the commands typed so far, or by the option before; files where none of them fits. What stands together with an equals
 * sign, bash takes for three words.
 */
const bash = (program: Command): string => {
  const { paths, words, values } = casesOf(program);
  return `_sophia() {
  local word at='' offered='' typed="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" equals=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${at:+$at }$word" in ${paths}) at="\${at:+$at }$word" ;; esac
  done
  case $at in
${words}
  esac
  if [[ $typed == '=' ]]; then typed='' equals=1; fi
  if [[ $before == '=' ]]; then before="\${COMP_WORDS[COMP_CWORD-2]}" equals=1; fi
  if [[ -n $equals ]]; then offered=''; fi
  case "$at $before" in
${values}
  esac
  COMPREPLY=($(compgen -W "$offered" -- "$typed"))
}
complete -o default -F _sophia sophia ./sophia
`;
};

/** The same by zsh's own completion, which knows the words under other names. */
const zsh = (program: Command): string => {
  const { paths, words, values } = casesOf(program);
  return `(( \${+functions[compdef]} )) || { autoload -Uz compinit && compinit; }
_sophia() {
  local word at='' offered=''
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${at:+$at }$word" in (${paths}) at="\${at:+$at }$word" ;; esac
  done
  case $at in
${words}
  esac
  case "$at \${words[CURRENT-1]}" in
${values}
  esac
  compadd -- \${=offered} || _files
}
compdef _sophia sophia ./sophia
`;
};

const fish = (program: Command): string => {
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = withSubcommands(program).flatMap((command) => {
    const path = pathOf(command);
    const below = commandsBelow(command);
    const subcommands = namesOf(below);
    const seen = path.map((name) => `__fish_seen_subcommand_from ${name}`);
    const none = subcommands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${subcommands.join(' ')}`];
    const condition = [...seen, ...none].join('; and ');
    const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
    return [
      ...(choices.length === 0 ? [] : [`complete -c sophia -f -n ${quoted(condition)} -a ${quoted(choices.join(' '))}`]),
      ...below.map((each) => `complete -c sophia -f -n ${quoted(condition)} -a ${each.name()} -d ${quoted(each.description())}`),
      ...command.options.flatMap(({ long, description, argChoices }) => {
        if (long === null || long === undefined) return [];
        const values = argChoices === undefined ? '' : ` -x -a ${quoted(argChoices.join(' '))}`;
        return [`complete -c sophia -n ${quoted(condition)} -l ${long.slice(2)}${values} -d ${quoted(description)}`];
      }),
    ];
  });
  const help = `complete -c sophia -f -n '__fish_seen_subcommand_from help' -a ${quoted(namesOf(program.commands).join(' '))}`;
  return `${[...lines, help].join('\n')}\n`;
};

const SCRIPTS: Readonly<Record<Shell, (program: Command) => string>> = { bash, zsh, fish };
