import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { CommandError } from '../command-line/command-error.ts';
import { wayOutOf } from '../command-line/failure.ts';
import type { ClientInvocation, CommonOptions } from '../command-line/invocation.ts';
import { messageOf } from '../command-line/message-of.ts';
import { createProgressLine } from '../output/progress.ts';

/** Writes everything into one file, as of one moment. It has its name when it is whole and on the disk; one that is cut off leaves none. */
export const backup = async ({ api, terminal }: ClientInvocation, file: string, { json }: CommonOptions): Promise<void> => {
  const progress = createProgressLine(terminal);
  const begun = performance.now();
  await requireFree(file);
  const unfinished = `${file}.unfinished`;
  const output = await create(file, unfinished);
  let bytes = 0;
  try {
    const answer = await api.open('GET', '/backup');
    answer.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      progress.show(`${megabytes(bytes)} MiB written`);
    });
    await pipeline(answer, output.createWriteStream({ flush: true }));
    // Renaming takes the place of whatever has come under the name meanwhile.
    await requireFree(file);
    await rename(unfinished, file);
  } catch (error) {
    await output.close();
    await rm(unfinished, { force: true });
    if (error instanceof CommandError) throw error;
    throw new CommandError('failed', `The backup was cut off: ${messageOf(error)}`, wayOutOf(error));
  } finally {
    progress.clear();
  }
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  terminal.out(json === true ? `${JSON.stringify({ file, bytes })}\n` : `${file}: ${megabytes(bytes)} MiB in ${seconds} s\n`);
};

/** Errors: `CommandError` where something has this name. */
const requireFree = async (file: string): Promise<void> => {
  // Whatever else keeps it from being looked at keeps it from being written, and is told then.
  const found = await lstat(file).catch(() => undefined);
  if (found !== undefined) throw new CommandError('failed', `${file} is there already: choose another name.`);
};

/** Errors: `CommandError` where it is there already, or cannot be made. */
const create = (file: string, unfinished: string): Promise<FileHandle> =>
  open(unfinished, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw new CommandError('failed', `${file} cannot be written: ${error.message}`, wayOutOf(error));
    const hint = 'Another backup writes it, or one was killed: remove it then, or choose another name.';
    throw new CommandError('failed', `${unfinished} is there already.`, hint);
  });

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
