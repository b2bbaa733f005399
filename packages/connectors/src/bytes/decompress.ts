import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { SophiaError } from '@sophia/shared';
import { BLOCK_BYTES } from './open-bytes.ts';
import { type Peekable, peekable } from './peekable.ts';

export type Compression = 'none' | 'gzip' | 'zstd';
type Unpacker = Gunzip | ZstdDecompress;

/** Magic bytes: RFC 1952, RFC 8878. */
const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

export interface Decompressed {
  readonly compression: Compression;
  readonly content: Peekable;
}

/** Unpacks gzip and zstd, told by their first bytes. What is damaged or cut off fails with `source_damaged` at that place. */
export async function decompress(stream: AsyncIterable<Buffer>): Promise<Decompressed> {
  const raw = peekable(stream);
  const compression = detectCompression(await raw.peek(ZSTD.length));
  if (compression === 'none') return { compression, content: raw };
  const unpack = compression === 'gzip' ? createGunzip({ chunkSize: BLOCK_BYTES }) : createZstdDecompress({ chunkSize: BLOCK_BYTES });
  return { compression, content: peekable(unpacked(raw, compression, unpack)) };
}

function detectCompression(head: Buffer): Compression {
  if (head.subarray(0, GZIP.length).equals(GZIP)) return 'gzip';
  return head.subarray(0, ZSTD.length).equals(ZSTD) ? 'zstd' : 'none';
}

async function* unpacked(raw: Peekable, compression: Compression, unpack: Unpacker): AsyncGenerator<Buffer> {
  const fed = feed(raw.bytes, unpack).catch(
    (error: unknown) => void unpack.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  try {
    yield* unpack;
  } catch (error) {
    if (!isZlibError(error)) throw error;
    throw new SophiaError('source_damaged', `The ${compression} data is damaged or cut off: ${error.message}.`, { cause: error });
  } finally {
    unpack.destroy();
    await raw.close();
    await fed;
  }
}

/** Node's zstd drops what stands in a chunk behind the end of a frame (`bytesWritten` tells), so that is written again. */
async function feed(bytes: AsyncIterable<Buffer>, unpack: Unpacker): Promise<void> {
  for await (const chunk of bytes) {
    let rest = chunk;
    while (rest.length > 0) {
      const before = unpack.bytesWritten;
      if (!(await write(unpack, rest))) return;
      rest = rest.subarray(unpack.bytesWritten - before);
    }
  }
  unpack.end();
}

/** Whether the chunk was taken: false once the stream has ended or failed, which its reader sees. */
const write = (unpack: Unpacker, chunk: Buffer): Promise<boolean> =>
  new Promise((resolve) => {
    if (unpack.destroyed) resolve(false);
    else unpack.write(chunk, (error) => resolve(error === null || error === undefined));
  });

const isZlibError = (error: unknown): error is Error => error instanceof Error && 'code' in error && /^(Z_|ZSTD_)/.test(String(error.code));
