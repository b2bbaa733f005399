import type { Readable } from 'node:stream';
import { EXIT_CODES } from './exit-codes.ts';

/** Where a command writes: results to `out`, all that is for people while they wait to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Characters in a line of results; undefined where they go to a file or program. */
  readonly columns: number | undefined;
  /** Characters in a line on `err`, as its window is now. */
  errColumns(): number;
  /** Whether results may have colours. */
  readonly colour: boolean;
  /** Whether lines on `err` may be written over, and a person can be asked. */
  readonly interactive: boolean;
  readonly input: Readable;
}

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
}
interface Surroundings {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  exit(code: number): void;
}

export const openTerminal = (
  { stdout, stderr, stdin, exit }: Surroundings,
  environment: Readonly<Record<string, string | undefined>>,
): Terminal => {
  // `sophia … | head` has read enough: the rest is for nobody. A disk that is full ends the command.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    stderr.write(`sophia: The results cannot be written: ${error.message}\n`);
    exit(EXIT_CODES.failed.code);
  });
  // There is nowhere to tell it.
  stderr.on('error', () => undefined);
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    columns: stdout.isTTY === true ? (stdout.columns ?? 80) : undefined,
    // Of a terminal that does not know its width, 0 comes too.
    errColumns: () => stderr.columns || 80,
    // https://no-color.org: any value that is not empty.
    colour: stdout.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb',
    interactive: stderr.isTTY === true && stdin.isTTY === true,
    input: stdin,
  };
};
