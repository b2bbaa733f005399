import { once } from 'node:events';
import { createServer } from 'node:net';
import { type ApiServer, createApi } from '@sophia/api';
import type { Observability } from '@sophia/observability';
import { createPlatform, type Platform, type PlatformOptions } from '@sophia/platform';
import {
  closingOnFailure,
  createLifecycle,
  describeConfiguration,
  isSophiaError,
  type Lifecycle,
  type ParsedConfiguration,
  SophiaError,
} from '@sophia/shared';
import { messageOf } from '../command-line/message-of.ts';
import { VERSION } from '../version.ts';
import { catchUp } from './catch-up.ts';
import { emptyFolder } from './empty-folder.ts';
import { refuseHalfRestored } from './half-restored.ts';
import { prepareWorkspace } from './prepare-workspace.ts';
import { adminSocketPath, announceServer, findServer, openFolder, openRunDirectory, withdrawServer } from './run-directory.ts';

export interface ServeOptions {
  readonly parsed: ParsedConfiguration;
  /** Whether programs may call from outside, or only the command line through the socket in the data folder. */
  readonly listens: boolean;
  /** Made from the configuration unless given; then it is the giver's to close. */
  readonly observability?: Observability | undefined;
  /** What happens at the moment, for people. */
  readonly say: (line: string) => void;
}

export interface Served {
  /** `http://host:port`; null where it does not listen. */
  readonly address: string | null;
  readonly platform: Platform;
  close(): Promise<void>;
}

/** The all-in-one server: platform, REST, and the socket for the owner of the data folder. What fails to start leaves nothing running. */
export const serve = async (options: ServeOptions): Promise<Served> => {
  const lifecycle = createLifecycle();
  return closingOnFailure(lifecycle, () => startAll(options, lifecycle));
};

const startAll = async ({ parsed, listens, observability, say }: ServeOptions, lifecycle: Lifecycle): Promise<Served> => {
  const { configuration } = parsed;
  const { dataDirectory } = configuration;
  await refuseHalfRestored(dataDirectory);
  const socketPath = adminSocketPath(dataDirectory);
  // Told before a new folder is filled, unless this folder's own Sophia is who listens there: that is told below.
  if (listens && (await findServer(dataDirectory)) === undefined) await requireFree(configuration);
  await openRunDirectory(dataDirectory);
  const platform = await lifecycle.start('platform', () => startPlatform({ configuration, version: VERSION, observability, say }), {
    startDeadline: PLATFORM_MS,
    closeDeadline: PLATFORM_MS,
  });
  const spoolDirectory = await emptySpool(dataDirectory);
  await prepareWorkspace(platform, { listens, say });
  await catchUp(platform, say);
  const api = await lifecycle.start('api', () => openApi(platform, parsed, spoolDirectory), {
    closeDeadline: Math.max(LEAST_CLOSE_MS, configuration.shutdownMilliseconds),
  });
  // Closed before the interface, which waits for the requests in hand: imports may be among them for hours.
  await lifecycle.start('imports', () => ({ close: platform.catalog.imports.stop }));
  await api.listenAdmin(socketPath);
  const address = listens ? await listen(api, configuration) : null;
  if (address !== null) {
    await announceServer(dataDirectory, { pid: process.pid, address, started_at: new Date().toISOString() });
    await lifecycle.start('announcement', () => ({ close: () => withdrawServer(dataDirectory) }));
  }
  return { address, platform, close: () => lifecycle.close() };
};

/** Its parts have deadlines of their own, and a migration of much data takes its time. */
const PLATFORM_MS = 60 * 60_000;

/** A server without requests needs a moment too. */
const LEAST_CLOSE_MS = 1_000;

const startPlatform = async (options: PlatformOptions): Promise<Platform> => {
  const { dataDirectory } = options.configuration;
  try {
    return await createPlatform(options);
  } catch (error) {
    const holder = isSophiaError(error, 'data_folder_in_use') ? await findServer(dataDirectory) : undefined;
    if (holder === undefined) throw error;
    const { pid, address, started_at } = holder;
    throw new SophiaError(
      'data_folder_in_use',
      `The data folder ${dataDirectory} is held by the Sophia at ${address} (process ${pid}, started ${started_at}).`,
      { cause: error, details: { pid, address } },
    );
  }
};

/** What an earlier process left there is of no use; a link to a larger disk stays one. */
const emptySpool = async (dataDirectory: string): Promise<string> => {
  const spool = await openFolder(dataDirectory, 'spool');
  await emptyFolder(spool);
  return spool;
};

const openApi = (
  { catalog, analytics, auth, observability, configuration, health, ...rest }: Platform,
  parsed: ParsedConfiguration,
  spoolDirectory: string,
): Promise<ApiServer> =>
  createApi({
    ...rest,
    ...auth,
    catalog,
    analytics,
    observability,
    configuration: configuration.http,
    settings: describeConfiguration(parsed),
    spoolDirectory,
    version: VERSION,
    health,
  });

/** Errors: `address_in_use`, `invalid_configuration` where this process may not listen there. */
const requireFree = (configuration: ParsedConfiguration['configuration']): Promise<void> => {
  const { host, port } = configuration.http;
  const probe = createServer();
  return tellingOfOthers(configuration, async () => {
    probe.listen(port, host);
    await once(probe, 'listening');
    probe.close();
    await once(probe, 'close');
  });
};

const listen = (api: ApiServer, configuration: ParsedConfiguration['configuration']): Promise<string> =>
  tellingOfOthers(configuration, () => api.listen());

const tellingOfOthers = async <T>({ http: { host, port } }: ParsedConfiguration['configuration'], work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    const where = `${host}:${port}`;
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new SophiaError('address_in_use', `Something listens at ${where} already: stop it, or choose another port with --port.`, {
        cause: error,
      });
    }
    // An address of another machine, a name that is nobody's, or a port that needs more rights.
    throw new SophiaError(
      'invalid_configuration',
      `This process cannot listen at ${where} (${messageOf(error)}): choose an address of this machine with --host, or another port with --port.`,
      { cause: error },
    );
  }
};
