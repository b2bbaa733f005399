import { connect } from 'node:net';
import { CommandError } from '../command-line/command-error.ts';
import type { ClientInvocation, CommonOptions, Invocation } from '../command-line/invocation.ts';
import { adminSocketPath } from '../server/run-directory.ts';
import type { ServeAloneOptions } from '../server/serve-alone.ts';
import { createApiClient, type ServerAddress } from './api-client.ts';
import { watchInterruption } from './interruption.ts';
import { clientSettings } from './settings.ts';

/** Milliseconds to wait for a Sophia that holds the folder and does not answer yet: it starts. */
const STARTING = 60_000;
const LOOK_EVERY = 100;

/**
 * Runs `work` against the Sophia of `SOPHIA_URL`, else the one that holds the data folder, else one
 * that is started for this command alone and answers through the same socket.
 */
export const withSophia = async <Result>(
  { terminal, environment }: Invocation,
  options: CommonOptions,
  work: (found: Pick<ClientInvocation, 'api' | 'interrupted'>) => Promise<Result>,
): Promise<Result> => {
  const { dataDirectory, workspace } = await clientSettings(options, environment);
  const { SOPHIA_URL: url, SOPHIA_KEY: key } = environment;
  const ask = (server: ServerAddress): Promise<Result> => whileWatched(server, workspace, work);
  if (url !== undefined) return ask({ url: parseUrl(url), key });
  const socketPath = adminSocketPath(dataDirectory);
  if (await answers(socketPath)) return ask({ socketPath });
  const alone = await startAlone({ dataDirectory, workspace, environment, say: (line) => terminal.err(`${line}\n`) });
  if (alone === undefined) {
    await waitFor(socketPath, STARTING);
    return ask({ socketPath });
  }
  try {
    return await ask({ socketPath });
  } finally {
    await alone.close();
  }
};

/** Errors: `CommandError` where Ctrl-C has ended it and the work has nothing to say about that itself. */
const whileWatched = async <Result>(
  server: ServerAddress,
  workspace: string | undefined,
  work: (found: Pick<ClientInvocation, 'api' | 'interrupted'>) => Promise<Result>,
): Promise<Result> => {
  const { signal: interrupted, close } = watchInterruption();
  try {
    return await work({ api: createApiClient(server, workspace, interrupted), interrupted });
  } catch (error) {
    if (!interrupted.aborted || (error instanceof CommandError && error.exit === 'interrupted')) throw error;
    throw new CommandError('interrupted', 'The command was interrupted.');
  } finally {
    close();
  }
};

/** Undefined where another process holds the folder: it is about to answer. */
const startAlone = async (options: ServeAloneOptions): Promise<{ close(): Promise<void> } | undefined> => {
  const { serveAlone } = await import('../server/serve-alone.ts');
  try {
    return await serveAlone(options);
  } catch (error) {
    if (error instanceof Error && 'code' in error && HELD.has(error.code)) return undefined;
    throw error;
  }
};

/** Over a database of its own a folder is held by its warehouse alone. */
const HELD: ReadonlySet<unknown> = new Set(['data_folder_in_use', 'warehouse_in_use']);

const parseUrl = (url: string): URL => {
  const parsed = URL.parse(url);
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return parsed;
  throw new CommandError(
    'usage',
    `SOPHIA_URL is ${JSON.stringify(url)}, which is no address of HTTP.`,
    'Write it like http://127.0.0.1:8080 or https://sophia.example.com.',
  );
};

/** Whether a Sophia listens there. */
export const answers = (socketPath: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/** Errors: `CommandError` where nobody listens after so many milliseconds. */
export const waitFor = async (socketPath: string, deadline: number): Promise<void> => {
  const { setTimeout: sleep } = await import('node:timers/promises');
  const latest = performance.now() + deadline;
  while (!(await answers(socketPath))) {
    if (performance.now() > latest) throw new CommandError('temporary', 'The Sophia that holds the data folder does not answer.');
    await sleep(LOOK_EVERY);
  }
};
