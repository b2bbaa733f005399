import { type FileHandle, open, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { CommandError } from '../command-line/command-error.ts';
import type { ClientInvocation, CommonOptions } from '../command-line/invocation.ts';
import { messageOf } from '../command-line/message-of.ts';
import { createProgressLine } from '../output/progress.ts';

/** Writes everything into one file, as of one moment; one that is cut off leaves no file. */
export const backup = async ({ api, terminal }: ClientInvocation, file: string, { json }: CommonOptions): Promise<void> => {
  const progress = createProgressLine(terminal);
  const begun = performance.now();
  const output = await create(file);
  let bytes = 0;
  try {
    const answer = await api.open('GET', '/backup');
    answer.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      progress.show(`${megabytes(bytes)} MiB written`);
    });
    await pipeline(answer, output.createWriteStream());
  } catch (error) {
    await output.close();
    await rm(file, { force: true });
    throw error instanceof CommandError ? error : new CommandError('failed', `The backup was cut off: ${messageOf(error)}`);
  } finally {
    progress.clear();
  }
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  terminal.out(json === true ? `${JSON.stringify({ file, bytes })}\n` : `${file}: ${megabytes(bytes)} MiB in ${seconds} s\n`);
};

/** Errors: `CommandError` where it is there already, or cannot be made. */
const create = (file: string): Promise<FileHandle> =>
  open(file, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(
      'failed',
      error.code === 'EEXIST' ? `${file} is there already: choose another name.` : `${file} cannot be written: ${error.message}`,
    );
  });

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
