import { type DescribedSetting, describeConfiguration, readConfiguration } from '@sophia/shared';
import { clientSettings, readConfigurationFile } from '../client/settings.ts';
import { answers, withSophia } from '../client/with-sophia.ts';
import type { CommonOptions, Invocation } from '../command-line/invocation.ts';
import { NONE } from '../output/format-cell.ts';
import { stylesOf } from '../output/styles.ts';
import { renderTable } from '../output/table.ts';
import { adminSocketPath } from '../server/run-directory.ts';

/** What is in force where Sophia runs, else what a start would use, and where it comes from, secrets masked. */
export const config = async (invocation: Invocation, options: CommonOptions): Promise<void> => {
  const { terminal } = invocation;
  const { settings, told } = await findSettings(invocation, options);
  terminal.err(`${told}\n`);
  if (options.json === true) return terminal.out(`${JSON.stringify(settings)}\n`);
  terminal.out(
    renderTable(
      ['Setting', 'Value', 'From', 'Variable'].map((title) => ({ title })),
      settings.map(({ path, value, in_words, origin, variable }) => [path, in_words ?? value ?? NONE, origin, variable]),
      { width: terminal.columns, styles: stylesOf(terminal) },
    ),
  );
};

interface FoundSettings {
  readonly settings: readonly DescribedSetting[];
  /** Whose they are. */
  readonly told: string;
}

const findSettings = async (invocation: Invocation, options: CommonOptions): Promise<FoundSettings> => {
  const { SOPHIA_URL: url } = invocation.environment;
  if (url !== undefined) {
    const settings = await askSettings(invocation, options);
    // Without what may stand before the host, which is a secret.
    return { settings, told: `In force in the Sophia at ${new URL(url).origin}:` };
  }
  const { dataDirectory } = await clientSettings(options, invocation.environment);
  if (!(await answers(adminSocketPath(dataDirectory)))) return settingsOfStart(invocation, options);
  return { settings: await askSettings(invocation, options), told: `In force in the Sophia that runs in ${dataDirectory}:` };
};

const askSettings = (invocation: Invocation, options: CommonOptions): Promise<readonly DescribedSetting[]> =>
  withSophia(invocation, options, async ({ api }) => {
    const { settings } = await api.call<{ settings: readonly DescribedSetting[] }>('GET', '/configuration');
    return settings;
  });

const settingsOfStart = async ({ environment }: Invocation, { dataDir, workspace }: CommonOptions): Promise<FoundSettings> => {
  const parsed = readConfiguration({
    env: environment,
    file: await readConfigurationFile(environment),
    arguments: { 'data-dir': dataDir, workspace },
  });
  const { dataDirectory } = parsed.configuration;
  return { settings: describeConfiguration(parsed), told: `None runs in ${dataDirectory}: what a start here would use.` };
};
