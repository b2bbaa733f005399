/**
 * What Vitest is told of the words behind `./sophia test`: the name of a project means all of it, and `--json` is none of its
 * options. Where no test is selected that is a mistake, but for what changed, of which there may be none.
 */
export function vitestArguments(words: readonly string[], projects: readonly string[]): string[] {
  const told = words.filter((word) => word !== '--json');
  return [
    ...told.map((word, place) => (projects.includes(word) && !isOption(told[place - 1]) ? `--project=${word}` : word)),
    ...(words.some((word) => /^--changed(=|$)/.test(word)) ? ['--passWithNoTests'] : []),
  ];
}

/** What stands behind it may be its value, as in `-t unit`. */
const isOption = (word: string | undefined): boolean => word !== undefined && /^-[^=]*$/.test(word);
