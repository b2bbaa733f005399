import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { CommandError } from '../command-line/command-error.ts';
import type { Terminal } from '../command-line/terminal.ts';
import { unchangedBytes } from './unchanged-bytes.ts';

/** What stands for standard input among the names of files. */
export const STANDARD_INPUT = '-';

/** Where rows come from. */
export interface ImportSource {
  /** As it was typed. */
  readonly typed: string;
  readonly name: string;
  /** Of a file, which can be read again; standard input cannot. */
  readonly file: { readonly path: string; readonly size: number } | undefined;
  read(): AsyncIterable<Uint8Array>;
  /** When nothing of it is wanted any more. */
  close(): void;
}

/** Errors: `CommandError` where there is none that can be read. */
export const findSource = async (typed: string, { input }: Terminal): Promise<ImportSource> => {
  if (typed === STANDARD_INPUT) {
    // An import may be over before its input is, which would keep the process until then.
    return { typed, name: 'standard input', file: undefined, read: () => bytesOf(input), close: () => void input.destroy() };
  }
  const file = { path: resolve(typed), size: await sizeOf(typed) };
  return { typed, name: basename(typed), file, read: () => unchangedBytes(typed), close: () => undefined };
};

const READ_ONCE = 'What can be read only once comes from standard input: sophia import - < PIPE';

const sizeOf = async (path: string): Promise<number> => {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) {
    throw new CommandError(found.code === 'ENOENT' ? 'notFound' : 'failed', `${path} cannot be read: ${found.message}`);
  }
  if (found.isFile()) return found.size;
  throw new CommandError('usage', `${path} is not a regular file.`, found.isDirectory() ? undefined : READ_ONCE);
};

/** What comes through standard input, as bytes. */
export async function* bytesOf(input: Readable): AsyncGenerator<Uint8Array> {
  for await (const chunk of input) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}
