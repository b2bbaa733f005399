import { CommandError } from '../command-line/command-error.ts';
import type { Terminal } from '../command-line/terminal.ts';
import { plainText } from '../output/text-width.ts';
import { askLine } from './ask-line.ts';

/** A column that can be read in two ways. */
export interface FormatQuestion {
  readonly column: string;
  readonly field: string;
  readonly example: string;
  readonly choices: readonly [Choice, ...Choice[]];
}

interface Choice {
  readonly key: string;
  readonly value: string;
  readonly reading: string;
}

/** Asks a person which reading is meant; given up where `signal` is aborted. */
export const askFormat = async (
  terminal: Terminal,
  { column, field, example, choices }: FormatQuestion,
  signal: AbortSignal,
): Promise<string> => {
  terminal.err(`${plainText(`The column ${column} (field ${field}) can be read in several ways. ${JSON.stringify(example)} is:`)}\n`);
  for (const [index, { key, value, reading }] of choices.entries()) terminal.err(`  ${index + 1}  ${reading}   (${key}: ${value})\n`);
  const answer = await askLine(terminal, `Which? [1-${choices.length}] `, signal);
  const chosen = choices[Number(answer) - 1];
  if (chosen === undefined) throw new CommandError('usage', 'None was chosen.', `Set ${choices[0].key} for ${field} in the mapping.`);
  return chosen.value;
};
