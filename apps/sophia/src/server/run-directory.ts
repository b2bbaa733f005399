import { access, constants, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { CommandError } from '../command-line/command-error.ts';
import { wayOutOf } from '../command-line/failure.ts';
import { messageOf } from '../command-line/message-of.ts';

/** What a running server leaves in `<data>/run`, for commands that look for it. */
export interface RunningServer {
  readonly pid: number;
  /** When its process began, as the system writes it: numbers are given out again. */
  readonly started: string;
  readonly address: string;
  readonly started_at: string;
  /** The data folder without links: a copy of it has the same announcement. Those of older versions lack it. */
  readonly folder?: string;
}

/** Longest path of a socket that every system takes. */
const LONGEST_SOCKET_PATH = 103;

/** Errors: `CommandError` where the data folder's path is too long for a socket in it. */
export const adminSocketPath = (dataDirectory: string): string => {
  const path = join(dataDirectory, 'run', 'admin.sock');
  // From the working directory it may be short enough where the absolute path is not.
  const short = [path, relative('', path)].find((each) => Buffer.byteLength(each) <= LONGEST_SOCKET_PATH);
  if (short !== undefined) return short;
  throw new CommandError(
    'usage',
    `The path of the data folder ${dataDirectory} is too long: a socket in it is named by at most ${LONGEST_SOCKET_PATH} bytes.`,
    'Choose a folder with a shorter path, or call from a folder that is nearer to it.',
  );
};

/** Errors: `CommandError` where the data folder cannot be made or written. */
export const openRunDirectory = async (dataDirectory: string): Promise<void> => {
  await openFolder(dataDirectory, 'run');
};

/** The path of a folder in the data folder, made where it is missing. Errors: `CommandError` where it cannot be made or written. */
export const openFolder = async (dataDirectory: string, name: string): Promise<string> => {
  const folder = join(dataDirectory, name);
  try {
    await makeFolder(folder);
    // With the slash it must be a folder.
    await access(`${folder}/`, constants.W_OK);
    return folder;
  } catch (error) {
    throw new CommandError(
      'failed',
      `The data folder ${dataDirectory} cannot be used: ${messageOf(error)}`,
      wayOutOf(error) ?? 'Something on the way is no folder, leads to none, or takes none: choose another one with --data-dir.',
    );
  }
};

/** With those above it. Node's own way repeats without end where a folder that is there says of a new one that it is not: /proc. */
const makeFolder = async (path: string): Promise<void> => {
  const make = (): Promise<unknown> =>
    mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  await make().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await make();
  });
};

const serverFile = (dataDirectory: string): string => join(dataDirectory, 'run', 'server.json');

export const announceServer = async (dataDirectory: string, server: Omit<RunningServer, 'started' | 'folder'>): Promise<void> => {
  const file = serverFile(dataDirectory);
  const { identifyProcess } = await import('@sophia/shared');
  const { started = '' } = (await identifyProcess(server.pid)) ?? {};
  // Whoever looks finds all of it or nothing.
  await writeFile(`${file}.new`, `${JSON.stringify({ ...server, started, folder: await realpath(dataDirectory) })}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
};

export const withdrawServer = (dataDirectory: string): Promise<void> => rm(serverFile(dataDirectory), { force: true });

/**
 * The server that holds the folder, as far as it has announced itself; undefined where its process is gone, and where a power
 * cut left an empty or torn announcement: whoever wrote it is gone, and the folder's lock decides.
 * Errors: `CommandError` where it cannot be known.
 */
export const findServer = async (dataDirectory: string): Promise<RunningServer | undefined> => {
  const server = parseServer(await readAnnouncement(dataDirectory));
  if (server === undefined) return undefined;
  // Loaded only where there may be one: most commands never ask.
  const { isRunning } = await import('@sophia/shared');
  return (await isRunning(server)) ? server : undefined;
};

/** Empty where there is none. */
const readAnnouncement = async (dataDirectory: string): Promise<string> => {
  const file = serverFile(dataDirectory);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return '';
    throw new CommandError(
      'failed',
      `Whether a Sophia runs in ${dataDirectory} cannot be known: ${file} is not readable (${messageOf(error)}).`,
      'Call as the user who runs it; where none runs, remove that file.',
    );
  }
};

const parseServer = (text: string): RunningServer | undefined => {
  try {
    const server: RunningServer | null = JSON.parse(text);
    return typeof server?.started === 'string' ? server : undefined;
  } catch {
    return undefined;
  }
};
