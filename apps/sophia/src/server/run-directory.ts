import { access, constants, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '../command-line/command-error.ts';

/** What a running server leaves in `<data>/run`, for commands that look for it. */
export interface RunningServer {
  readonly pid: number;
  readonly address: string;
  readonly started_at: string;
}

/** Longest path of a socket that every system takes. */
const LONGEST_SOCKET_PATH = 103;

export const adminSocketPath = (dataDirectory: string): string => {
  const path = join(dataDirectory, 'run', 'admin.sock');
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return path;
  // A path below the working directory may be short enough where the absolute one is not.
  return path.startsWith(process.cwd()) ? path.slice(process.cwd().length + 1) : path;
};

/** Errors: `CommandError` where the data folder cannot be made or written. */
export const openRunDirectory = async (dataDirectory: string): Promise<void> => {
  const run = join(dataDirectory, 'run');
  try {
    await mkdir(run, { recursive: true, mode: 0o700 });
    await access(run, constants.W_OK);
  } catch (error) {
    throw new CommandError(
      'failed',
      `The data folder ${dataDirectory} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      'Let this user write there, or choose another folder with --data-dir.',
    );
  }
};

const serverFile = (dataDirectory: string): string => join(dataDirectory, 'run', 'server.json');

export const announceServer = (dataDirectory: string, server: RunningServer): Promise<void> =>
  writeFile(serverFile(dataDirectory), `${JSON.stringify(server)}\n`, { mode: 0o600 });

export const withdrawServer = (dataDirectory: string): Promise<void> => rm(serverFile(dataDirectory), { force: true });

/** The server that holds the folder, as far as it has announced itself; undefined where its process is gone. */
export const findServer = async (dataDirectory: string): Promise<RunningServer | undefined> => {
  const text = await readFile(serverFile(dataDirectory), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const server: RunningServer = JSON.parse(text);
  return isAlive(server.pid) ? server : undefined;
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};
