import { readFile } from 'node:fs/promises';
import { CommandError } from '../command-line/command-error.ts';
import type { CommonOptions } from '../command-line/invocation.ts';
import { messageOf } from '../command-line/message-of.ts';
import { ifThere } from '../input/if-there.ts';

/** What a command needs to find Sophia. */
export interface ClientSettings {
  readonly dataDirectory: string;
  readonly workspace: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Text of the configuration file, where there is one. Errors: `CommandError` where one is named that cannot be read. */
export const readConfigurationFile = async (environment: Environment): Promise<string | undefined> => {
  const { SOPHIA_CONFIG: named } = environment;
  if (named !== undefined) return readNamedConfiguration(named);
  return ifThere(readFile('sophia.yaml', 'utf8')).catch((error: unknown) => {
    throw new CommandError(
      'usage',
      `The configuration file sophia.yaml cannot be read: ${messageOf(error)}`,
      'Let this user read it, or set SOPHIA_CONFIG to a file that is there.',
    );
  });
};

const readNamedConfiguration = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: unknown) => {
    throw new CommandError(
      'usage',
      `The configuration file of SOPHIA_CONFIG cannot be read: ${messageOf(error)}`,
      'Set SOPHIA_CONFIG to a file that is there, or leave it out.',
    );
  });

/** Reads the whole configuration only where a file may say where the data are: loading what parses it takes longer than a query. */
export const clientSettings = async (options: CommonOptions, environment: Environment): Promise<ClientSettings> => {
  const { dataDir = environment.SOPHIA_DATA_DIR, workspace = environment.SOPHIA_WORKSPACE } = options;
  const file = dataDir === undefined || workspace === undefined ? await readConfigurationFile(environment) : undefined;
  if (file === undefined) return { dataDirectory: dataDir ?? 'data', workspace };
  const { parseConfiguration } = await import('@sophia/shared');
  const configuration = parseConfiguration({ env: environment, file, arguments: { 'data-dir': dataDir, workspace } });
  return { dataDirectory: configuration.dataDirectory, workspace: configuration.workspace };
};
