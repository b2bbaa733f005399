import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';

/** The measured program and what drives it run on different cores, where there are two. */
export type Core = 'server' | 'load';
const CORES: Record<Core, string> = { server: '0', load: '1' };

/** Starts a program pinned to its core. */
export const spawnPinned = (core: Core, file: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess =>
  availableParallelism() < 2
    ? spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    : spawn('taskset', ['-c', CORES[core], file, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });

/** A program that a row needs, and this machine has not. */
export class ProgramMissing extends Error {}

/** What `taskset` ends with where there is no such program. */
const NO_SUCH_PROGRAM = 127;

/** Runs a program to its end; throws with what it printed where that is not 0. Errors: `ProgramMissing`. */
export const runPinned = async (core: Core, file: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string> => {
  const child = spawnPinned(core, file, args, env);
  let output = '';
  let errors = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const [code] = await once(child, 'close').catch((error) => {
    throw startError(error);
  });
  if (code === NO_SUCH_PROGRAM) throw new ProgramMissing(`no ${file} on the PATH`);
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}:\n${errors}${output}`);
  return output;
};

/** What is to be thrown where a program could not be started. */
export const startError = (error: NodeJS.ErrnoException): Error =>
  error.code === 'ENOENT' ? new ProgramMissing(`no ${error.path} on the PATH`) : error;

const TICKS_PER_SECOND = 100;

/** CPU time in microseconds that a process has used so far. */
export const cpuMicroseconds = async (pid: number): Promise<number> => {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6;
};

/** Most memory in bytes that a process has held. */
export const peakMemory = async (pid: number): Promise<number> => {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
};
