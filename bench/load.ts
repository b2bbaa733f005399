import { fileURLToPath } from 'node:url';
import { cpuMicroseconds, peakMemory, runPinned } from './processes.ts';
import type { Sample } from './protocol.ts';

export interface LoadJob {
  readonly address: string;
  readonly method: 'GET' | 'POST';
  /** `{id}` stands for one of those in `idsFile`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
  /** A file with an id a line: too many for an argument. */
  readonly idsFile?: string | undefined;
  /** Body of each request, in which `{n}` is another text each time. */
  readonly row?: string | undefined;
  /** Keeps the rows of one run apart from those of others. */
  readonly run?: string | undefined;
}

interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly failed: number;
}

export interface RatedResult extends LoadResult {
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Requests of which one is sent every so often. */
export type RatedJob = Omit<LoadJob, 'row' | 'run' | 'idsFile'> & {
  /** Requests a second, whatever the answers take. */
  readonly rate: number;
};

const REQUESTS = fileURLToPath(new URL('./requests.lua', import.meta.url));
const AT_A_RATE = fileURLToPath(new URL('./load-at-a-rate.ts', import.meta.url));

/**
 * Drives a server from the load's core as fast as it answers, by `wrk`: like `pgbench` on the other side it takes but a few
 * microseconds for a request, so that what is measured is the server. An error status fails the run.
 */
const drive = async (job: LoadJob): Promise<LoadResult> => {
  const { address, method, path, headers, connections, seconds, row = '', run = '', idsFile = '' } = job;
  const whole = Math.max(1, Math.round(seconds));
  const sent = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const shape = ['-t1', `-c${connections}`, `-d${whole}s`, '--timeout', '30s', '-s', REQUESTS, ...sent, address];
  const output = await runPinned('load', 'wrk', [...shape, '--', method, path, row, run, idsFile]);
  return assertAnswered(JSON.parse(output.trim().split('\n').at(-1) ?? ''));
};

/** The same at a constant rate, which shows latencies without coordinated omission. */
export const driveAtRate = async (job: RatedJob): Promise<RatedResult> =>
  assertAnswered(
    JSON.parse(await runPinned('load', process.execPath, ['--disable-warning=ExperimentalWarning', AT_A_RATE, JSON.stringify(job)])),
  );

const assertAnswered = <Result extends LoadResult>(result: Result): Result => {
  if (result.failed > 0) throw new Error(`${result.failed} of ${result.requests} requests failed`);
  return result;
};

/** The same as a sample, with what the server's process used. */
export const driveServer = async (pid: number, job: LoadJob): Promise<Sample> => {
  const before = await cpuMicroseconds(pid);
  const { requests, seconds } = await drive(job);
  const cpu = ((await cpuMicroseconds(pid)) - before) / requests;
  return { operations: requests, seconds, cpuMicroseconds: cpu, peakMemory: await peakMemory(pid) };
};
