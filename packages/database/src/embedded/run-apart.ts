import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Command, EMPTY_ENVIRONMENT } from './confined-command.ts';

/**
 * Runs a program to its end in a process group of its own: Ctrl-C in a terminal is for Sophia, which lets it come to its end.
 * Rejects with its last words (`stderr`), `code` and `signal`, or with the system's error where it could not be begun.
 */
export async function runApart({ file, arguments: parameters }: Command, timeout: number): Promise<void> {
  const child = spawn(file, parameters, { stdio: ['ignore', 'ignore', 'pipe'], env: EMPTY_ENVIRONMENT, timeout, detached: true });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAXIMUM_WORDS);
  });
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw Object.assign(new Error(`${file} failed`), { stderr, code, signal });
}

const MAXIMUM_WORDS = 10_000;
