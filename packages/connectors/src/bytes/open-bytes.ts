import { constants, createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { SophiaError } from '@sophia/shared';
import { asBuffers } from './as-buffers.ts';
import type { ReadProgress, SourceInput } from './source-input.ts';

export interface OpenedBytes {
  readonly bytes: AsyncIterable<Buffer>;
  progress(): ReadProgress;
}

/** A block that keeps system calls few and one step of parsing within a few milliseconds. */
export const BLOCK_BYTES = 256 * 1024;

/**
 * Opens the input and counts what is read of it. A file must be a regular one: a pipe or device could wait for ever.
 * Errors: `source_not_found`, `source_unreadable`.
 */
export async function openBytes(input: SourceInput): Promise<OpenedBytes> {
  if (input.kind === 'stream') return counted(input.stream, input.size ?? null);
  const file = await openFile(input.path);
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new SophiaError('source_unreadable', `${input.path} is not a regular file.`);
    return counted(readFile(input.path, file), status.size);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openFile(path: string): Promise<Awaited<ReturnType<typeof open>>> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw fileError(path, error);
  }
}

async function* readFile(path: string, file: Awaited<ReturnType<typeof open>>): AsyncGenerator<Buffer> {
  const stream = createReadStream(path, { fd: file, highWaterMark: BLOCK_BYTES });
  try {
    yield* stream;
  } catch (error) {
    throw fileError(path, error);
  } finally {
    stream.destroy();
  }
}

function fileError(path: string, cause: unknown): SophiaError {
  const isMissing = /^Error: (ENOENT|ENOTDIR)\b/.test(String(cause));
  if (isMissing) return new SophiaError('source_not_found', `There is no file ${path}.`, { cause });
  return new SophiaError('source_unreadable', `${path} cannot be read (${String(cause)}).`, { cause });
}

function counted(stream: AsyncIterable<Uint8Array>, bytesTotal: number | null): OpenedBytes {
  let bytesRead = 0;
  async function* bytes(): AsyncGenerator<Buffer> {
    for await (const chunk of asBuffers(stream)) {
      bytesRead += chunk.length;
      yield chunk;
    }
  }
  return { bytes: bytes(), progress: () => ({ bytesRead, bytesTotal }) };
}
