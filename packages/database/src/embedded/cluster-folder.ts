import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SophiaError } from '@sophia/shared';
import { type Confiner, NOBODY } from './confined-command.ts';
import { howItEnded } from './how-it-ended.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { runApart } from './run-apart.ts';

/** What is where in the data folder of the embedded PostgreSQL. */
export interface ClusterFolder {
  /** PostgreSQL's own. */
  readonly cluster: string;
  readonly socket: string;
  readonly socketFile: string;
  readonly passwords: ClusterPasswords;
}

export interface ClusterPasswords {
  readonly owner: string;
  readonly app: string;
  readonly log: string;
}

/** What is in the folder, also while it is not made yet; a server's socket is named after its port. */
export const placesIn = (folder: string): { readonly cluster: string; readonly socket: string; readonly socketFile: string } => {
  const socket = join(folder, 'socket');
  return { cluster: join(folder, 'cluster'), socket, socketFile: join(socket, `.s.PGSQL.${SOCKET_PORT}`) };
};

export const SOCKET_PORT = 5432;
export const OWNER_ROLE = 'sophia_owner';

/** Opens the folder, and makes the cluster on first use; one that was left half made is made anew. */
export async function openClusterFolder(folder: string, binaries: PostgresBinaries, confiner: Confiner): Promise<ClusterFolder> {
  const { cluster, socket, socketFile } = placesIn(folder);
  await mkdir(socket, { recursive: true, mode: 0o700 });
  const passwords = await ensurePasswords(join(folder, 'passwords.json'));
  if (await exists(cluster)) await checkVersion(cluster, binaries.majorVersion);
  else await initialise(folder, cluster, passwords.owner, binaries, confiner);
  if (confiner.confinement === 'nobody') await giveToNobody([folder, socket, cluster]);
  return { cluster, socket, socketFile, passwords };
}

async function ensurePasswords(file: string): Promise<ClusterPasswords> {
  try {
    return readPasswords(await readFile(file, 'utf8'), file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const passwords: ClusterPasswords = { owner: makePassword(), app: makePassword(), log: makePassword() };
  await writeWhole(file, JSON.stringify(passwords));
  return passwords;
}

/** Errors: `data_folder_damaged`. */
function readPasswords(text: string, file: string): ClusterPasswords {
  try {
    const { owner, app, log } = JSON.parse(text);
    if ([owner, app, log].every((password) => typeof password === 'string')) return { owner, app, log };
    throw new TypeError('a password is not there');
  } catch (error) {
    throw damaged(file, error);
  }
}

const damaged = (file: string, cause: unknown): SophiaError =>
  new SophiaError(
    'data_folder_damaged',
    `The file ${file} is damaged (${String(cause)}). Put it back from a copy of the data folder, or restore a backup into a new folder.`,
    { cause, details: { file } },
  );

const makePassword = (): string => randomBytes(24).toString('base64url');

async function initialise(
  folder: string,
  cluster: string,
  password: string,
  binaries: PostgresBinaries,
  confiner: Confiner,
): Promise<void> {
  const unfinished = join(folder, 'cluster.unfinished');
  const passwordFile = join(folder, 'initial-password');
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (confiner.confinement === 'nobody') await giveToNobody([folder, unfinished, passwordFile]);
  const command = confiner.command(binaries.initdb, [
    `--pgdata=${unfinished}`,
    `--username=${OWNER_ROLE}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    ...LOCALE(binaries.majorVersion),
  ]);
  const begun = performance.now();
  try {
    await runApart(command, 300_000);
  } catch (error) {
    const reason = reasonOf(error, (performance.now() - begun) / 1_000);
    throw new SophiaError('embedded_database_failed', `PostgreSQL could not make its data folder: ${reason}`, { cause: error });
  }
  await rm(passwordFile);
  await rename(unfinished, cluster);
  await writeThrough(folder);
}

/** What a program said that failed, else how it ended: memory that ran out and a time-out leave no word. */
const reasonOf = (error: unknown, seconds: number): string => {
  const { stderr, code, signal, message } = Object(error);
  // A program that was not even begun has the system's word for a code.
  if (typeof code === 'string') return message;
  return String(stderr).trim() || `${howItEnded({ code, signal })} after ${seconds.toFixed(1)} s`;
};

/** Sorted by code point, the quickest; letters are known to be letters where PostgreSQL has that built in. */
const LOCALE = (majorVersion: string): string[] =>
  Number(majorVersion) >= 17 ? ['--no-locale', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : ['--no-locale'];

/** Errors: `data_folder_version`, `data_folder_damaged` where the cluster does not say its version. */
async function checkVersion(cluster: string, majorVersion: string): Promise<void> {
  const file = join(cluster, 'PG_VERSION');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw damaged(file, error);
  });
  const found = text.trim();
  if (found === majorVersion) return;
  throw new SophiaError(
    'data_folder_version',
    `The data folder ${cluster} is of PostgreSQL ${found}; this Sophia brings PostgreSQL ${majorVersion}.`,
    {
      details: { folder: cluster, found, expected: majorVersion },
    },
  );
}

/** Written beside and renamed, so that it is there whole or not at all. */
async function writeWhole(file: string, text: string): Promise<void> {
  const beside = `${file}.unfinished`;
  const handle = await open(beside, 'w', 0o600);
  await handle.writeFile(text);
  await handle.sync();
  await handle.close();
  await rename(beside, file);
  await writeThrough(dirname(file));
}

/** A new name is as lasting as what it names only when its folder is on the disk too. */
async function writeThrough(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync();
  await handle.close();
}

async function giveToNobody(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const isFolder = (await stat(path)).isDirectory();
    await chown(path, NOBODY, NOBODY);
    if (!isFolder) continue;
    for (const name of await readdir(path)) await giveToNobody([join(path, name)]);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
