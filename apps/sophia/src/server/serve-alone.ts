import { readConfiguration } from '@sophia/shared';
import { readConfigurationFile } from '../client/settings.ts';
import { quietObservability } from './quiet-observability.ts';
import { type Served, serve } from './serve.ts';

export interface ServeAloneOptions {
  readonly dataDirectory: string;
  readonly workspace: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
}

/** Sophia for one command: reached through the socket in the data folder only, and quiet but for errors. */
export const serveAlone = async ({ dataDirectory, workspace, environment, say }: ServeAloneOptions): Promise<Served> => {
  const file = await readConfigurationFile(environment);
  const parsed = readConfiguration({ env: environment, file, arguments: { 'data-dir': dataDirectory, workspace } });
  const observability = quietObservability(parsed.configuration);
  const served = await serve({ parsed, listens: false, say, observability });
  return {
    ...served,
    async close() {
      await served.close();
      await observability.close();
    },
  };
};
