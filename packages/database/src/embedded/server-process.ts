import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { SophiaError, sendSignal } from '@sophia/shared';
import { type Confiner, EMPTY_ENVIRONMENT } from './confined-command.ts';
import { howItEnded } from './how-it-ended.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import type { ServerSettings } from './server-settings.ts';

export interface ServerProcess {
  readonly pid: number;
  /** Resolves when it has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** A fast shutdown: transactions are rolled back, everything is written; firmer when that takes too long. */
  stop(): Promise<void>;
}

export interface ServerStart {
  readonly binaries: PostgresBinaries;
  readonly confiner: Confiner;
  readonly cluster: string;
  readonly settings: ServerSettings;
  readonly log: (line: string) => void;
  /** Milliseconds until it must take connections; ten minutes unless told, since recovery may have gigabytes to read. */
  readonly readyWithin?: number | undefined;
}

/** Starts PostgreSQL and waits until it takes connections, through recovery where it has to recover. */
export async function startServer({
  binaries,
  confiner,
  cluster,
  settings,
  log,
  readyWithin = 600_000,
}: ServerStart): Promise<ServerProcess> {
  const parameters = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = confiner.command(binaries.postgres, ['-D', cluster, ...parameters]);
  const child = spawn(command.file, command.arguments, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: EMPTY_ENVIRONMENT,
    cwd: cluster,
    // In a process group of its own: Ctrl-C in a terminal is for Sophia, which stops it when it has drained.
    detached: true,
  });
  const lastLines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (lastLines.push(line) > 50) lastLines.shift();
    log(line);
  });
  let hasEnded = false;
  let ending = '';
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      hasEnded = true;
      ending = howItEnded({ code, signal });
      resolve({ code, signal });
    });
  });
  const pid = child.pid;
  if (pid === undefined) await ended;
  const server: ServerProcess = {
    pid: pid as number,
    ended,
    async stop() {
      for (const { signal, wait } of [
        { signal: 'SIGINT', wait: 30_000 },
        { signal: 'SIGQUIT', wait: 5_000 },
        { signal: 'SIGKILL', wait: 5_000 },
      ] as const) {
        if (hasEnded) return;
        sendSignal(server.pid, signal);
        await Promise.race([ended, delay(wait, undefined, { ref: false })]);
      }
    },
  };
  const until = performance.now() + readyWithin;
  while (!(await isReady(cluster, server.pid))) {
    if (hasEnded) throw new SophiaError('embedded_database_failed', `PostgreSQL did not start: ${lastLines.join('\n') || ending}`);
    if (performance.now() > until) {
      await server.stop();
      throw new SophiaError('embedded_database_failed', `PostgreSQL was not ready in time: ${lastLines.join('\n')}`);
    }
    await delay(READY_POLL);
  }
  return server;
}

/** A port of the loopback interface that nobody listens on now. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

const READY_POLL = 10;

/** The eighth line of PostgreSQL's lock file is its state (miscadmin.h). */
async function isReady(cluster: string, pid: number): Promise<boolean> {
  try {
    const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8')).split('\n');
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}
