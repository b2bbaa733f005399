import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { SophiaError, withDeadline } from '@sophia/shared';
import type { JsonObject, JsonValue } from '@sophia/types';
import { createLastLines } from './last-lines.ts';
import { folderOfThisProcess, removeLeftFolders } from './left-folders.ts';

export interface TapOptions {
  /** Program and arguments, without `--config`, `--state` and `--catalog`, which are added. */
  readonly command: readonly [program: string, ...args: string[]];
  readonly config: JsonObject;
  readonly state?: JsonValue | undefined;
  readonly catalog?: JsonObject | undefined;
  /** Where a folder is made for the tap's files, readable by nobody else and removed afterwards. */
  readonly directory: string;
  /** The tap's whole environment: nothing of this process goes to it by itself. */
  readonly environment: Readonly<Record<string, string>>;
  /** Each line that the tap writes to its log. */
  readonly log: (line: string) => void;
  /** Longest time between two pieces of output, in milliseconds; 10 minutes unless told. */
  readonly silence?: number | undefined;
  /** How long the tap may take to end when it is told to, in milliseconds; 10 seconds unless told. */
  readonly grace?: number | undefined;
}

export interface RunningTap {
  /** What the tap writes, for `readSinger`; it is read only as fast as this is. Errors: `tap_failed`, `tap_stalled`. */
  readonly output: AsyncIterable<Buffer>;
  /** Stops the tap and what it started, and removes its files. */
  close(): Promise<void>;
}

const SILENCE = 10 * 60_000;
const GRACE = 10_000;

/** Runs a Singer tap as a process group of its own. */
export async function runTap(options: TapOptions): Promise<RunningTap> {
  await mkdir(options.directory, { recursive: true });
  await removeLeftFolders(options.directory);
  const folder = await mkdtemp(join(options.directory, folderOfThisProcess));
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const [program, ...args] = options.command;
    const files = await writeFiles(folder, options);
    const child = spawn(program, [...args, ...files], {
      cwd: folder,
      env: { ...options.environment },
      detached: true, // A process group of its own, so that what it starts ends with it.
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines = createLastLines(options.log);
    child.stderr.on('data', (chunk: Buffer) => lines.add(chunk));
    const ended = whenEnded(child);
    let stopped: Promise<void> | undefined;
    const close = (): Promise<void> => {
      stopped ??= stop(child, ended, options.grace ?? GRACE).finally(removeFolder);
      return stopped;
    };
    return { output: readOutput(child, ended, lines.last, options.silence ?? SILENCE, close), close };
  } catch (error) {
    await removeFolder();
    throw error;
  }
}

async function writeFiles(folder: string, { config, state, catalog }: TapOptions): Promise<readonly string[]> {
  const write = async (name: string, value: JsonValue | undefined): Promise<readonly string[]> => {
    if (value === undefined) return [];
    const path = join(folder, `${name}.json`);
    await writeFile(path, JSON.stringify(value), { mode: 0o600 });
    return [`--${name}`, path];
  };
  return [...(await write('config', config)), ...(await write('state', state ?? undefined)), ...(await write('catalog', catalog))];
}

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not even be started. */
  readonly error?: Error | undefined;
}

type TapProcess = ChildProcessByStdio<null, Readable, Readable>;

const whenEnded = (child: TapProcess): Promise<Ending> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });

async function* readOutput(
  child: TapProcess,
  ended: Promise<Ending>,
  lastLines: () => string,
  silence: number,
  close: () => Promise<void>,
): AsyncGenerator<Buffer> {
  const iterator: AsyncIterator<Buffer> = child.stdout[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await withinSilence(iterator.next(), silence);
      if (done === true) break;
      yield value;
    }
    const ending = await withinSilence(ended, silence);
    if (ending.code !== 0) throw failure(child.spawnfile, ending, lastLines());
  } finally {
    await close();
  }
}

async function withinSilence<T>(work: Promise<T>, silence: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    const error = new SophiaError('tap_stalled', `The tap sent nothing for ${silence} ms and was stopped.`);
    timer = setTimeout(reject, silence, error);
  });
  return Promise.race([work, stalled]).finally(() => clearTimeout(timer));
}

function failure(program: string, { code, signal, error }: Ending, lastLines: string): SophiaError {
  const how =
    error === undefined ? (signal === null ? `ended with code ${code}` : `was ended by ${signal}`) : `did not start: ${error.message}`;
  const told = lastLines === '' ? '' : ` Its last lines: ${lastLines}`;
  return new SophiaError('tap_failed', `The tap ${program} ${how}.${told}`, { cause: error, details: { code, signal } });
}

async function stop(child: TapProcess, ended: Promise<Ending>, grace: number): Promise<void> {
  signalGroup(child, 'SIGTERM');
  child.stdout.destroy(); // What is not read would keep it from closing.
  const inTime = await withDeadline(grace, () => ended).catch(() => undefined);
  if (inTime === undefined) signalGroup(child, 'SIGKILL');
  child.stderr.destroy();
  await ended;
}

function signalGroup(child: TapProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return; // It was never started.
  try {
    process.kill(-child.pid, signal);
  } catch {
    // ESRCH: nothing of the group is left, which is what is wanted. A child of our own refuses no signal.
  }
}
