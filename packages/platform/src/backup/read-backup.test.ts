import { Readable } from 'node:stream';
import { crc32, zstdCompressSync } from 'node:zlib';
import { isSophiaError } from '@sophia/shared';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBackup } from './read-backup.ts';

const HEADER = '{"sophia_backup":1,"version":"0.1.0","created_at":"2026-11-20T00:00:00Z","database_number":7}';

const readAll = async (bytes: Buffer, chunk = bytes.length + 1): Promise<unknown[]> => {
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, index) => bytes.subarray(index * chunk, (index + 1) * chunk));
  const { lines } = await readBackup(Readable.from(chunks));
  const found: unknown[] = [];
  for await (const line of lines) found.push(line);
  return found;
};

/** Reads it to its end, or fails with a code of its own. */
const readOrRefuse = async (bytes: Buffer, chunk?: number): Promise<void> => {
  try {
    await readAll(bytes, chunk);
  } catch (error) {
    if (!isSophiaError(error, 'backup_damaged') && !isSophiaError(error, 'backup_newer')) throw error;
  }
};

const wellFormed = [
  '{"model":"main/deal.yaml","text":"a: 1"}',
  '{"sequence":"record_id","last":"7","called":true}',
  '{"table":"record","columns":["id","data"]}',
  '{"id":1,"data":"\u2028"}',
  '{"log":{"tick":2,"at":"2026-11-20T00:00:00Z"}}',
  '{"log":{"event":{"kind":"record.created"}}}',
  '{"end":{"rows":1,"events":1}}',
];

describe('the reader of backups', () => {
  test('holds the text to the checksum at its end, where there is one', async () => {
    const text = `${[HEADER, ...wellFormed.slice(0, -1)].join('\n')}\n`;
    const read = (checksum: unknown) => readAll(zstdCompressSync(`${text}{"end":{"rows":1,"events":1,"crc32":${checksum}}}\n`), 5);
    expect((await read(crc32(text))).at(-1)).toEqual({ end: { rows: 1, events: 1, crc32: crc32(text) } });
    for (const other of [crc32(text) ^ 1, '"x"']) await expect(read(other)).rejects.toMatchObject({ code: 'backup_damaged' });
  });

  test('gives the lines as they were written, rows as text', async () => {
    const found = await readAll(zstdCompressSync([HEADER, ...wellFormed, ''].join('\n')), 3);
    expect(found.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))).toEqual(wellFormed);
    expect(typeof found[3]).toBe('string');
  });

  test('reads any bytes, or refuses them with a code', async () => {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
    const packed = fc.string({ unit: 'binary', maxLength: 300 }).map((text) => zstdCompressSync(text));
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, packed), fc.integer({ min: 1, max: 50 }), (content, chunk) => readOrRefuse(content, chunk)),
      { numRuns: 300 },
    );
  });

  test('reads a backup whose lines are changed, or refuses it with a code', async () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('../x', '__proto__', -1));
    const name = fc.constantFrom(
      'model',
      'sequence',
      'table',
      'log',
      'end',
      'text',
      'columns',
      'tick',
      'event',
      'rows',
      'sophia_backup',
      'database_number',
    );
    const line = fc.oneof(
      fc.constantFrom(HEADER, ...wellFormed),
      fc.dictionary(name, value, { maxKeys: 3 }).map((given) => JSON.stringify(given)),
      fc.record({ log: fc.dictionary(fc.constantFrom('tick', 'at', 'event'), value) }).map((given) => JSON.stringify(given)),
      fc.string({ unit: 'binary', maxLength: 60 }).map((text) => `{"log":${text}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), fc.boolean(), (lines, headed) =>
        readOrRefuse(zstdCompressSync([...(headed ? [HEADER] : []), ...lines].join('\n'))),
      ),
      { numRuns: 500 },
    );
  });

  test('reads a backup that is cut off or has a byte changed, or refuses it with a code', async () => {
    const whole = zstdCompressSync([HEADER, ...wellFormed, ''].join('\n'));
    for (let at = 0; at < whole.length; at += 1) {
      await readOrRefuse(whole.subarray(0, at));
      const changed = Buffer.from(whole);
      changed.writeUInt8(whole.readUInt8(at) ^ (1 << (at % 8)), at);
      await readOrRefuse(changed);
    }
  });

  test('does not keep a line without an end', async () => {
    const endless = zstdCompressSync(Buffer.concat([Buffer.from(`${HEADER}\n`), Buffer.alloc(200 * 2 ** 20, 'a')]));
    await expect(readAll(endless)).rejects.toMatchObject({
      code: 'backup_damaged',
      message: expect.stringContaining('a line is longer than'),
    });
  });
});
