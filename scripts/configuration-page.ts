import { readFile, writeFile } from 'node:fs/promises';
import { SETTINGS, type Setting } from '@sophia/shared';

const PAGE = new URL('../docs/reference/configuration.md', import.meta.url);

/** The reference page of all configuration keys. */
export function configurationPage(settings: readonly Setting<unknown>[] = Object.values(SETTINGS)): string {
  return [
    '# Configuration\n',
    'A setting is taken from the command line where it has an option, else from its environment variable, else from the configuration',
    'file, else it has its default. The file is the one that `SOPHIA_CONFIG` names, else `sophia.yaml` in the folder where Sophia is',
    'started, where it is there. A value that is not allowed, and a variable `SOPHIA_...` that Sophia does not know, stops the start with',
    'a message that says what was found and what is allowed. `sophia config` prints what is in force in the Sophia that runs, or what a',
    'start would use where none does, secrets masked. This page is generated: `node scripts/configuration-page.ts`.\n',
    ...settings.map(section),
  ].join('\n');
}

/** The page as it stands in the repository. */
export const writtenConfigurationPage = (): Promise<string> => readFile(PAGE, 'utf8');

function section({ path, variable, argument, description, allowed, secret, ...setting }: Setting<unknown>): string {
  // What is on unless told has an option only to be turned off.
  const option = setting.default === true ? `--no-${argument}` : `--${argument}`;
  return [
    `## ${path}\n`,
    `${description}\n`,
    `- Set by \`${variable}\`${argument === undefined ? '' : ` or \`${option}\``}`,
    `- Allowed: ${allowed}`,
    `- Default: ${setting.defaultText ?? writtenDefault(setting)}`,
    ...(secret ? ['- Secret: never printed'] : []),
    '',
  ].join('\n');
}

function writtenDefault({ default: value, format }: Pick<Setting<unknown>, 'default' | 'format'>): string {
  return value === null || (Array.isArray(value) && value.length === 0) ? 'none' : `\`${format(value)}\``;
}

if (process.argv[1] === import.meta.filename) await writeFile(PAGE, configurationPage());
