import { gzipSync, zstdCompressSync } from 'node:zlib';
import { isSophiaError } from '@sophia/shared';
import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mapSource, plainItems } from './import-source.ts';
import { parseMapping } from './mapping/parse-mapping.ts';
import type { OpenOptions } from './read/open-options.ts';
import { openSource } from './read/open-source.ts';
import { suggestMapping } from './suggest/suggest-mapping.ts';
import { chunks, collectEach } from './testing/chunks.ts';

/** Reads to the end what can be read; what fails, fails with a stable code. */
async function readThrough(content: Buffer, options: OpenOptions, chunk: number): Promise<void> {
  try {
    const source = await openSource({ kind: 'stream', stream: chunks(content, chunk) }, options);
    try {
      for (const item of await collectEach(plainItems(source, { recordType: 'deal', sourceSystem: 'crm' }))) {
        for (const row of item.kind === 'rows' ? item.rows : [])
          for (const error of row.errors ?? []) expect(JSON.stringify(error)).not.toMatch(/\\u0000|\\ud[89a-f]/);
      }
    } finally {
      await source.close();
    }
  } catch (error) {
    if (!isSophiaError(error)) throw error;
  }
}

const formats = fc.constantFrom<OpenOptions>(
  {},
  { format: 'csv' },
  { format: 'tsv', header: true },
  { format: 'ndjson' },
  { format: 'json' },
  { encoding: 'utf-16le' },
  { encoding: 'shift_jis' },
);
const limits = fc.constantFrom<OpenOptions>({}, { limits: { rowBytes: 20, columns: 3 } }, { sampleRows: 0 }, { sampleRows: 1 });
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
  fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text)),
  fc.stringMatching(/^[a-c1-3",;:{}[\]\\\n\r\t ]{0,300}$/).map((text) => Buffer.from(text)),
  fc.stringMatching(/^[a-c1",\n]{0,100}$/).map((text) => Buffer.from(text, 'utf16le')),
);

describe('whatever comes in', () => {
  test('is read row by row, or refused with a code', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, formats, limits, fc.integer({ min: 1, max: 400 }), async (content, format, limit, chunk) => {
        await readThrough(content, { ...format, ...limit }, chunk);
      }),
      { numRuns: 200 },
    );
  });

  test('packed, cut off and broken too', async () => {
    const pack = fc.constantFrom(gzipSync, zstdCompressSync);
    await fc.assert(
      fc.asyncProperty(
        bytes,
        pack,
        fc.nat(400),
        fc.nat(400),
        fc.integer({ min: 1, max: 400 }),
        async (content, compress, cut, flip, chunk) => {
          const packed = Buffer.from(compress(Buffer.concat([content, content])).subarray(0, Math.max(4, cut)));
          const at = 4 + (flip % Math.max(1, packed.length - 4));
          if (at < packed.length) packed[at] = (packed[at] ?? 0) ^ 0x41;
          await readThrough(packed, {}, chunk);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('is mapped, or refused with a code', async () => {
    const mapping = parseMapping(
      `source_system: crm
record_type: call
source_id: a
occurred_at: { column: b, zone: Europe/Berlin }
fields: { title: a, started_at: b, duration_seconds: { column: c, unit: minutes }, talk_ratio: c, participants: { column: a, separator: ";" } }
repairs: [{ rule: trimmed, trim: true }]`,
      'm.yaml',
      BUILTIN_RECORD_TYPES,
    );
    const call = BUILTIN_RECORD_TYPES.find((type) => type.name === 'call');
    if (call === undefined) throw new Error('There is the type call.');
    const cell = fc.oneof(
      fc.stringMatching(/^[\d/.:, TZAPM+-]{0,20}$/),
      fc.stringMatching(/^\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}( \d{1,2}:\d{2})?$/),
      fc.stringMatching(/^[$€(]?-?\d{1,3}[.,' ]\d{3}[.,]?\d*%?\)?$/),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell, cell), { maxLength: 6 }), async (rows) => {
        const content = ['a,b,c', ...rows.map((row) => row.map(quote).join(','))].join('\n');
        const source = await openSource({ kind: 'stream', stream: chunks(content) }, { format: 'csv', header: true, delimiter: ',' });
        try {
          await suggestMapping(source, BUILTIN_RECORD_TYPES);
          const { items } = await mapSource(source, mapping, call);
          for (const item of await collectEach(items)) expect(item.kind).toBe('rows');
        } catch (error) {
          if (!isSophiaError(error, 'ambiguous_date_format') && !isSophiaError(error, 'ambiguous_number_format')) throw error;
        } finally {
          await source.close();
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('memory is bounded', () => {
  async function* endless(piece: string, bytes: number) {
    const chunk = Buffer.from(piece.repeat(Math.ceil(65_536 / piece.length)));
    for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk;
  }

  test.each([
    ['a line without an end', 'csv', 'x'],
    ['a quoted cell without an end', 'csv', '"x\n'],
    ['one row of delimiters', 'csv', ','],
    ['an object without an end', 'ndjson', '{"a":'],
    ['an array of brackets', 'json', '['],
    ['a text within an array', 'json', '["x'],
    ['white space', 'json', ' '],
  ] as const)('%s', async (_, format, piece) => {
    const limit = { rowBytes: 20_000 };
    let most = 0;
    try {
      const source = await openSource(
        { kind: 'stream', stream: endless(piece, 400_000) },
        { format, limits: limit, sampleRows: 0, header: false },
      );
      for await (const batch of source.rows) most = Math.max(most, JSON.stringify(batch).length);
    } catch (error) {
      if (!isSophiaError(error, 'too_many_columns')) throw error;
    }
    expect(most).toBeLessThan(10_000_000);
  });
});
