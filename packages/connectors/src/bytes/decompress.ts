import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { SophiaError } from '@sophia/shared';
import { BLOCK_BYTES } from './open-bytes.ts';
import { type Peekable, peekable } from './peekable.ts';

export type Compression = 'none' | 'gzip' | 'zstd';
type Unpacker = Gunzip | ZstdDecompress;

/** Magic bytes: RFC 1952, RFC 8878. */
const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** A frame to be skipped, with which `pzstd` begins. Its first byte may be any from 0x50 to 0x5f. */
const ZSTD_SKIPPABLE = Buffer.from([0x50, 0x2a, 0x4d, 0x18]);

export interface Decompressed {
  readonly compression: Compression;
  readonly content: Peekable;
}

/** Unpacks gzip and zstd, told by their first bytes. What is damaged or cut off fails with `source_damaged` at that place. */
export async function decompress(stream: AsyncIterable<Buffer>): Promise<Decompressed> {
  const raw = peekable(stream);
  const compression = detectCompression(await raw.peek(ZSTD.length));
  if (compression === 'none') return { compression, content: raw };
  return { compression, content: peekable(unpacked(raw, compression)) };
}

function detectCompression(head: Buffer): Compression {
  if (head.subarray(0, GZIP.length).equals(GZIP)) return 'gzip';
  return isZstd(head.subarray(0, ZSTD.length)) ? 'zstd' : 'none';
}

function isZstd(magic: Buffer): boolean {
  if (magic.equals(ZSTD)) return true;
  const [first = 0] = magic;
  return (first & 0xf0) === ZSTD_SKIPPABLE[0] && magic.subarray(1).equals(ZSTD_SKIPPABLE.subarray(1));
}

const createUnpacker = (compression: Exclude<Compression, 'none'>): Unpacker =>
  compression === 'gzip' ? createGunzip({ chunkSize: BLOCK_BYTES }) : createZstdDecompress({ chunkSize: BLOCK_BYTES });

/** A zstd stream of Node ends with a frame where more follows in the same chunk: what follows goes to the next one. */
async function* unpacked(raw: Peekable, compression: Exclude<Compression, 'none'>): AsyncGenerator<Buffer> {
  const packed = raw.bytes[Symbol.asyncIterator]();
  try {
    for (let rest: Buffer | undefined = Buffer.alloc(0); rest !== undefined; ) {
      const unpack = createUnpacker(compression);
      const fed = feed(rest, packed, unpack);
      fed.catch(() => undefined); // It is awaited below, perhaps too late for the runtime.
      try {
        yield* unpack;
      } catch (error) {
        await fed; // Throws what the input threw, if that is why.
        throw damaged(compression, error);
      } finally {
        unpack.destroy();
      }
      rest = await fed;
    }
  } finally {
    await packed.return?.();
  }
}

/**
 * Feeds chunks until the input ends, or the frame within a chunk, whose rest is then the result. Where the input fails, what
 * it brought before is still unpacked.
 */
async function feed(first: Buffer, packed: AsyncIterator<Buffer>, unpack: Unpacker): Promise<Buffer | undefined> {
  try {
    for (let chunk: Buffer | undefined = first; chunk !== undefined; chunk = await nextChunk(packed)) {
      const before = unpack.bytesWritten;
      await write(unpack, chunk);
      if (unpack.destroyed) return undefined;
      const used = unpack.bytesWritten - before;
      if (used < chunk.length) return chunk.subarray(used);
    }
    unpack.end();
  } catch (error) {
    unpack.push(null);
    throw error;
  }
  return undefined;
}

async function nextChunk(packed: AsyncIterator<Buffer>): Promise<Buffer | undefined> {
  const { done, value } = await packed.next();
  return done === true ? undefined : value;
}

/** Resolves when the chunk is unpacked and taken, or the stream is closed: then its callback is never called. */
const write = (unpack: Unpacker, chunk: Buffer): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      unpack.off('close', done);
      resolve();
    };
    unpack.once('close', done);
    unpack.write(chunk, done);
  });

const damaged = (compression: Compression, cause: unknown): SophiaError =>
  new SophiaError('source_damaged', `The ${compression} data is damaged or cut off (${String(cause)}).`, { cause });
