import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Files of this process may not grow beyond so many bytes, as if the disk were full. Linux alone can set that for a process that runs. */
export const limitFiles = async (bytes: number | 'unlimited'): Promise<void> => {
  await promisify(execFile)('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);
};

export const canLimitFiles = process.platform === 'linux';
