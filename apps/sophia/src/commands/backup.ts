import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { CommandError } from '../command-line/command-error.ts';
import type { ClientInvocation, CommonOptions } from '../command-line/invocation.ts';
import { createProgressLine } from '../output/progress.ts';

/** Writes everything into one file, as of one moment. */
export const backup = async ({ api, terminal }: ClientInvocation, file: string, { json }: CommonOptions): Promise<void> => {
  const progress = createProgressLine(terminal);
  const begun = performance.now();
  const answer = await api.open('GET', '/backup');
  let bytes = 0;
  let isOurs = false;
  const output = createWriteStream(file, { flags: 'wx', mode: 0o600 }).once('open', () => {
    isOurs = true;
  });
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    progress.show(`${megabytes(bytes)} MiB written`);
  });
  try {
    await pipeline(answer, output);
  } catch (error) {
    if (isOurs) await rm(file, { force: true });
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw new CommandError('failed', `${file} is there already: choose another name.`);
    }
    if (!isOurs && error instanceof Error) throw new CommandError('failed', `${file} cannot be written: ${error.message}`);
    throw new CommandError('failed', `The backup was cut off: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    progress.clear();
  }
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  terminal.out(json === true ? `${JSON.stringify({ file, bytes })}\n` : `${file}: ${megabytes(bytes)} MiB in ${seconds} s\n`);
};

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
