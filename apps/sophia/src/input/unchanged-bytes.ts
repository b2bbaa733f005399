import { open } from 'node:fs/promises';
import { CommandError } from '../command-line/command-error.ts';

/** Bytes that are read at once. */
const CHUNK = 256 * 1024;

/**
 * The bytes of a file that nobody writes meanwhile: one that becomes shorter would end in the middle of a row.
 * Errors: `CommandError` behind the last byte where somebody did; what the system says.
 */
export async function* unchangedBytes(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  try {
    const before = await file.stat();
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK);
      if (bytesRead === 0) break;
      yield buffer.subarray(0, bytesRead);
    }
    const after = await file.stat();
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw changed(path);
  } finally {
    await file.close();
  }
}

const changed = (path: string): CommandError =>
  new CommandError(
    'failed',
    `${path} was changed while it was read; what was committed stays.`,
    'Import it again when nobody writes it: rows that are there already are not written twice.',
  );
