import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SophiaError } from '@sophia/shared';

export interface SpooledFile {
  readonly path: string;
  remove(): Promise<void>;
}

/** Writes a stream into a file of its own, for formats whose end must be read first. Errors: `payload_too_large`. */
export async function spool(bytes: AsyncIterable<Buffer>, directory: string, maxBytes: number): Promise<SpooledFile> {
  const path = join(directory, `spool-${randomUUID()}`);
  const file = await open(path, 'wx', 0o600);
  const remove = (): Promise<void> => rm(path, { force: true });
  let length = 0;
  try {
    for await (const chunk of bytes) {
      length += chunk.length;
      if (length > maxBytes)
        throw new SophiaError('payload_too_large', `The stream is longer than ${maxBytes} bytes, the most that is kept of it.`);
      await file.writeFile(chunk);
    }
  } catch (error) {
    await file.close();
    await remove();
    throw error;
  }
  await file.close();
  return { path, remove };
}
