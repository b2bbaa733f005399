import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { chunks } from '../testing/chunks.ts';
import { CITIES, CITY_ROWS } from '../testing/cities.ts';
import { readAll } from '../testing/read-all.ts';
import { openSource } from './open-source.ts';

describe('compression', () => {
  test.each([
    ['none', Buffer.from(CITIES)],
    ['gzip', gzipSync(CITIES)],
    ['zstd', zstdCompressSync(CITIES)],
  ])('%s is told by the first bytes', async (compression, content) => {
    for (const chunk of [1, 7, 1000]) {
      const { source, brief } = await readAll(content, {}, chunk);
      expect(source.description.compression).toBe(compression);
      expect(brief).toEqual(CITY_ROWS);
      expect(source.progress()).toEqual({ bytesRead: content.length, bytesTotal: null });
    }
  });

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('%s in several parts is read to its end', async (_, pack) => {
    const rows = Buffer.concat([pack(Buffer.from('id\n')), pack(Buffer.from('1\n2\n')), pack(Buffer.from('3\n'))]);
    for (const chunk of [1, 10, 1000]) expect((await readAll(rows, { header: true }, chunk)).rows).toHaveLength(3);
  });

  test.each([0x50, 0x5f])('zstd may begin with a frame to be skipped, as of pzstd (%i)', async (first) => {
    const skipped = Buffer.from([first, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
    const content = Buffer.concat([skipped, zstdCompressSync(CITIES), skipped]);
    for (const chunk of [1, 7, 1000]) {
      const { source, brief } = await readAll(content, {}, chunk);
      expect([source.description.compression, brief]).toEqual(['zstd', CITY_ROWS]);
    }
  });

  test.each([
    ['gzip', gzipSync(CITIES.repeat(5_000))],
    ['zstd', zstdCompressSync(CITIES.repeat(5_000))],
  ])('%s that is cut off, or broken, fails', async (_, content) => {
    await expect(readAll(content.subarray(0, content.length - 6))).rejects.toMatchObject({ code: 'source_damaged' });
    const broken = Buffer.from(content);
    const middle = Math.floor(content.length / 2);
    broken.fill(0x55, middle, middle + 20);
    await expect(readAll(broken)).rejects.toMatchObject({ code: 'source_damaged' });
  });

  test('is left off when the rows are no longer wanted', async () => {
    const content = gzipSync(`id,city\n${'1,Köln\n'.repeat(200_000)}`);
    let taken = 0;
    async function* slowly() {
      for await (const chunk of chunks(content, 512)) {
        taken += chunk.length;
        yield chunk;
      }
    }
    const source = await openSource({ kind: 'stream', stream: slowly() }, { sampleRows: 1 });
    for await (const batch of source.rows) {
      expect(batch.length).toBeGreaterThan(0);
      break;
    }
    await source.close();
    expect(taken).toBeLessThan(content.length);
  });

  test('an error of the stream comes out as it is', async () => {
    const packed = gzipSync(CITIES.repeat(1000));
    async function* failing() {
      yield packed.subarray(0, 40);
      throw new Error('connection reset');
    }
    await expect(openSource({ kind: 'stream', stream: failing() })).rejects.toThrow('connection reset');
  });
});
