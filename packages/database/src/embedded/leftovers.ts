import { readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { identifyProcess, type ProcessIdentity, SophiaError, sendSignal, waitForEnd } from '@sophia/shared';
import { placesIn } from './cluster-folder.ts';

/**
 * Ends what still runs on a cluster whose owner is gone, and removes its lock files, the socket's too: PostgreSQL takes whatever
 * process has the number in them now for the one that wrote them. A PostgreSQL that is shutting down is given the time to do so.
 *
 * @param folder in which the cluster is
 */
export async function endLeftovers(folder: string): Promise<void> {
  const { cluster, socketFile } = placesIn(folder);
  const processes = await findLeftovers(cluster);
  let haveEnded = processes.length === 0;
  for (const { signal, wait } of INCREASINGLY_FIRM) {
    if (haveEnded) break;
    for (const { pid } of processes) sendSignal(pid, signal);
    haveEnded = await waitForEnd(processes, wait);
  }
  // Two servers on one folder would destroy it.
  if (!haveEnded) {
    const pids = processes.map(({ pid }) => pid).join(', ');
    throw new SophiaError('embedded_database_failed', `An earlier PostgreSQL (process ${pids}) cannot be ended on ${cluster}.`);
  }
  for (const lock of [join(cluster, 'postmaster.pid'), `${socketFile}.lock`]) await rm(lock, { force: true });
}

/** Fast shutdown, immediate shutdown, and what nothing resists. */
const INCREASINGLY_FIRM = [
  { signal: 'SIGINT', wait: 15_000 },
  { signal: 'SIGQUIT', wait: 5_000 },
  { signal: 'SIGKILL', wait: 5_000 },
] as const;

/** Server processes of the cluster: each works in its folder, where others, a shell for one, may be too. */
async function findLeftovers(cluster: string): Promise<ProcessIdentity[]> {
  const [postmaster, others] = await Promise.all([readPostmaster(cluster), findByWorkingFolder(cluster)]);
  const pids = new Set(others ?? (postmaster === undefined ? [] : [postmaster]));
  const found = await Promise.all([...pids].map(identifyProcess));
  return found.filter((process) => process !== undefined).filter(({ program }) => program === 'postgres');
}

async function readPostmaster(cluster: string): Promise<number | undefined> {
  try {
    const pid = Number((await readFile(join(cluster, 'postmaster.pid'), 'utf8')).split('\n')[0]);
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined where the system has no /proc: then the lock file alone tells. */
async function findByWorkingFolder(cluster: string): Promise<number[] | undefined> {
  try {
    const folder = await realpath(cluster);
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => undefined)));
    return pids.filter((_, index) => folders[index] === folder).map(Number);
  } catch {
    return undefined;
  }
}
