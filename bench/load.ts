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
  /** Requests a second, whatever the answers take: without it each connection waits for its answer. */
  readonly rate?: number | undefined;
  /** A file with a JSON array of ids: too many for an argument. */
  readonly idsFile?: string | undefined;
  /** Body of each request, in which `{n}` is another text each time. */
  readonly row?: string | undefined;
  /** Keeps the rows of one run apart from those of others. */
  readonly run?: string | undefined;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly failed: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

const GENERATOR = fileURLToPath(new URL('./load-generator.ts', import.meta.url));

/** Drives a server from the load's core; an answer that is not 2xx fails the run. */
export const drive = async (job: LoadJob): Promise<LoadResult> => {
  const result: LoadResult = JSON.parse(
    await runPinned('load', process.execPath, ['--disable-warning=ExperimentalWarning', GENERATOR, JSON.stringify(job)]),
  );
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
