import { mkdir, realpath, stat } from 'node:fs/promises';
import { createBackoff, SophiaError, systemSleep } from '@sophia/shared';
import type { DatabaseRole, PostgresConnection } from '../postgres/connection-settings.ts';
import { quoteIdentifier } from '../postgres/copy-rows.ts';
import { withClient } from '../postgres/with-client.ts';
import { APP_ROLE, ensureRoles, LOG_ROLE } from '../roles.ts';
import { type ClusterFolder, OWNER_ROLE, openClusterFolder, placesIn, SOCKET_PORT } from './cluster-folder.ts';
import { type Confiner, createConfiner, NOBODY } from './confined-command.ts';
import { ownFolder } from './folder-owner.ts';
import { endLeftovers } from './leftovers.ts';
import { embeddedBinaries, type PostgresBinaries } from './postgres-binaries.ts';
import { findFreePort, type ServerProcess, startServer } from './server-process.ts';
import { DURABLE, EMBEDDED_SETTINGS, type ServerSettings } from './server-settings.ts';

export interface EmbeddedPostgresOptions {
  /** A folder of its own; made when missing. */
  readonly dataDirectory: string;
  /** Over the embedded ones; durability cannot be turned off. */
  readonly settings?: ServerSettings | undefined;
  /** Each line of PostgreSQL's log. */
  readonly log?: ((line: string) => void) | undefined;
  /** Those that npm brings, unless told. */
  readonly binaries?: PostgresBinaries | undefined;
  /** How it is run; found out, unless told. */
  readonly confiner?: Confiner | undefined;
}

export interface EmbeddedPostgres {
  /** To the product's database, or to another one of the cluster. */
  connection(role: DatabaseRole, database?: string): PostgresConnection;
  /** Of the server process that runs now: a new one after a crash. */
  readonly pid: number;
  /** Resolves when it was stopped. */
  readonly closed: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Runs PostgreSQL in the data folder, reachable through a socket in that folder alone. It ends with
 * this process, however that ends; one that crashes is started again; what a killed process left
 * behind is ended first. Throws `data_folder_in_use`, `data_folder_copied`, `data_folder_not_owned`, `data_folder_version` or
 * `embedded_database_failed`.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  await mkdir(options.dataDirectory, { recursive: true, mode: 0o700 });
  const folder = await realpath(options.dataDirectory);
  const confiner = options.confiner ?? (await createConfiner());
  await requireReadable(placesIn(folder).cluster, confiner);
  const owner = await ownFolder(folder);
  try {
    const binaries = options.binaries ?? (await embeddedBinaries());
    await endLeftovers(folder);
    const cluster = await openClusterFolder(folder, binaries, confiner);
    const address = await chooseAddress(cluster);
    const settings = { ...EMBEDDED_SETTINGS, ...options.settings, ...DURABLE, ...address.settings };
    const start = () => startServer({ binaries, confiner, cluster: cluster.cluster, settings, log: options.log ?? (() => {}) });
    const connection = (role: DatabaseRole, database = PRODUCT_DATABASE): PostgresConnection => ({
      host: address.host,
      port: address.port,
      database,
      user: USERS[role],
      password: cluster.passwords[role],
    });
    const server = await start();
    try {
      await ensureContents(connection, cluster);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return supervise(server, start, folder, connection, owner.release);
  } catch (error) {
    await owner.release();
    throw error;
  }
}

/** Root's PostgreSQL reads files of root, and of nobody, as which it runs. Errors: `data_folder_not_owned`, before anything is written. */
async function requireReadable(cluster: string, { confinement }: Confiner): Promise<void> {
  if (confinement !== 'user_namespace') return;
  // One that is not there yet, or not to be looked at, is told when it is opened.
  const owner = await stat(cluster).then(
    ({ uid }) => uid,
    () => ROOT,
  );
  if (owner === ROOT || owner === NOBODY) return;
  throw new SophiaError(
    'data_folder_not_owned',
    `The data folder ${cluster} cannot be used by root: it is that of the user ${owner}. Call as that user.`,
    { details: { folder: cluster, owner } },
  );
}

const ROOT = 0;
const PRODUCT_DATABASE = 'sophia';
const USERS: Readonly<Record<DatabaseRole, string>> = { owner: OWNER_ROLE, app: APP_ROLE, log: LOG_ROLE };
/** The kernel's limit for the path of a socket, without its end mark. */
const LONGEST_SOCKET_PATH = 103;

interface Address {
  readonly host: string;
  readonly port: number;
  readonly settings: ServerSettings;
}

/** The socket in the data folder; a path too long for sockets leaves the loopback interface, with passwords as ever. */
async function chooseAddress({ socket, socketFile }: ClusterFolder): Promise<Address> {
  if (Buffer.byteLength(socketFile) <= LONGEST_SOCKET_PATH) {
    return {
      host: socket,
      port: SOCKET_PORT,
      settings: { unix_socket_directories: quoteIdentifier(socket), unix_socket_permissions: '0700', port: String(SOCKET_PORT) },
    };
  }
  const port = await findFreePort();
  return { host: '127.0.0.1', port, settings: { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: String(port) } };
}

/** Roles and the product's database, on first start. */
async function ensureContents(connection: EmbeddedPostgres['connection'], { passwords }: ClusterFolder): Promise<void> {
  const administrator = connection('owner', 'postgres');
  await withClient(administrator, 'sophia-start', async (client) => {
    const { rows } = await client.query('select from pg_database where datname = $1', [PRODUCT_DATABASE]);
    if (rows.length > 0) return;
    await ensureRoles(administrator, passwords);
    await client.query(`create database ${PRODUCT_DATABASE}`);
  });
}

function supervise(
  first: ServerProcess,
  start: () => Promise<ServerProcess>,
  folder: string,
  connection: EmbeddedPostgres['connection'],
  release: () => Promise<void>,
): EmbeddedPostgres {
  const nextDelay = createBackoff({ initialDelay: 100, maximumDelay: 5_000 });
  const stopping = new AbortController();
  let server = first;

  // Without end: what keeps it from starting, a full disk for one, may pass.
  const restart = async (): Promise<void> => {
    for (let attempt = 1; !stopping.signal.aborted; attempt++) {
      try {
        await endLeftovers(folder);
        server = await start();
        return;
      } catch {
        // Its log has told why.
        await systemSleep(nextDelay(attempt), stopping.signal).catch(ignore);
      }
    }
  };
  const watch = async (): Promise<void> => {
    for (;;) {
      await server.ended;
      if (stopping.signal.aborted) return release();
      await restart();
      // It was to be stopped while it came back.
      if (stopping.signal.aborted) await server.stop();
    }
  };
  const closed = watch();
  // Whoever stops it is told; without anyone it must not end the process.
  closed.catch(ignore);

  return {
    connection,
    get pid() {
      return server.pid;
    },
    closed,
    async stop() {
      stopping.abort();
      await server.stop();
      await closed;
    },
  };
}

function ignore(): void {
  // Who has to know looks elsewhere: at the signal, at `stop`.
}
