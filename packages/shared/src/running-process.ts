import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** A process by its number and its beginning: numbers are given out again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** As the system writes it; only compared. */
  readonly started: string;
}

export interface RunningProcess extends ProcessIdentity {
  /** Name of its program, without folders. */
  readonly program: string;
}

/** Undefined where no such process runs. */
export async function identifyProcess(pid: number): Promise<RunningProcess | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold anything; field 22 is the start in clock ticks, field 3 the state.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    const program = status.slice(status.indexOf('(') + 1, status.lastIndexOf(')'));
    return fields[0] === 'Z' ? undefined : { pid, started: fields[19] ?? '', program };
  } catch {
    return identifyByPs(pid);
  }
}

export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identifyProcess(identity.pid))?.started === identity.started;
}

/** Resolves to whether all of them ended within so many milliseconds. */
export async function waitForEnd(processes: readonly ProcessIdentity[], milliseconds: number): Promise<boolean> {
  const until = performance.now() + milliseconds;
  for (;;) {
    const running = await Promise.all(processes.map(isRunning));
    if (!running.includes(true)) return true;
    if (performance.now() >= until) return false;
    await delay(POLL);
  }
}

/** A signal for a process that may have ended by now. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, which is what signals are sent for here.
  }
}

const POLL = 25;
const LSTART_LENGTH = 24;

/** Of where there is no /proc (macOS). */
export async function identifyByPs(pid: number): Promise<RunningProcess | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-o', 'comm=', '-p', String(pid)], { timeout: 5_000 });
    // `Sat Nov 21 08:03:12 2026 /usr/bin/node`: the time has always as many characters.
    return { pid, started: stdout.slice(0, LSTART_LENGTH), program: basename(stdout.slice(LSTART_LENGTH).trim()) };
  } catch {
    return undefined;
  }
}
