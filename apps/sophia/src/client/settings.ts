import { readFile } from 'node:fs/promises';
import type { CommonOptions } from '../command-line/invocation.ts';

/** What a command needs to find Sophia. */
export interface ClientSettings {
  readonly dataDirectory: string;
  readonly workspace: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Text of the configuration file, where there is one. */
export const readConfigurationFile = async (environment: Environment): Promise<string | undefined> => {
  const { SOPHIA_CONFIG: named } = environment;
  if (named !== undefined) return readFile(named, 'utf8');
  return readFile('sophia.yaml', 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
};

/** Reads the whole configuration only where a file may say where the data are: loading what parses it takes longer than a query. */
export const clientSettings = async (options: CommonOptions, environment: Environment): Promise<ClientSettings> => {
  const { dataDir = environment.SOPHIA_DATA_DIR, workspace = environment.SOPHIA_WORKSPACE } = options;
  const file = dataDir === undefined || workspace === undefined ? await readConfigurationFile(environment) : undefined;
  if (file === undefined) return { dataDirectory: dataDir ?? 'data', workspace };
  const { parseConfiguration } = await import('@sophia/shared');
  const configuration = parseConfiguration({ env: environment, file, arguments: { 'data-dir': dataDir, workspace } });
  return { dataDirectory: configuration.dataDirectory, workspace: configuration.workspace };
};
