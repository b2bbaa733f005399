import type { JsonObject } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ImportItem } from '../import-item.ts';
import { chunks, collectEach } from '../testing/chunks.ts';
import { brief, define, ITEMS, mapping, opener, readTap, record, schema, state } from '../testing/tap-messages.ts';
import { createStreamOpener } from './open-streams.ts';
import { readSinger } from './read-singer.ts';

describe('what is no message ends the import; what came before is still passed on', () => {
  const before = [ITEMS, record('items', { id: 1 }), state(1)];
  test.each<[string, JsonObject | string, string]>([
    ['very much', `[${'1,'.repeat(100_001)}1]`, 'Line 4 of the tap: expected at most 100000 members and values.'],
    [
      'a deep state',
      `{"type":"STATE","value":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      'expected at most 500 levels of objects and arrays',
    ],
    ['no JSON', 'Traceback (most recent call last):', 'Line 4 of the tap is no JSON.'],
    [
      'NaN and Infinity',
      '{"type":"RECORD","stream":"items","record":{"id":1,"x":"NaN","y":-Infinity}}',
      'Line 4 of the tap is no JSON: it has -Infinity, for which the tap must write null.',
    ],
    ['a cut line with a text of them', '{"type":"RECORD","stream":"items","record":{"id":"NaN or', 'Line 4 of the tap is no JSON.'],
    ['a line of a log', 'NaN read', 'Line 4 of the tap is no JSON.'],
    ['no object', '[1]', 'Line 4 of the tap: expected a message, which is an object.'],
    ['an unknown type', { type: 'BATCH' }, 'expected a message of type SCHEMA, RECORD, STATE or ACTIVATE_VERSION'],
    ['a record without a stream', { type: 'RECORD', record: {} }, 'expected a stream'],
    ['a record that is none', { type: 'RECORD', stream: 'items', record: [] }, 'expected an object in record'],
    ['a schema that is none', { type: 'SCHEMA', stream: 'items' }, 'expected an object in schema'],
    [
      'keys that are none',
      { type: 'SCHEMA', stream: 'items', schema: {}, key_properties: [1] },
      'expected a list of names in key_properties',
    ],
    [
      'bookmarks that are none',
      { type: 'SCHEMA', stream: 'items', schema: {}, bookmark_properties: {} },
      'expected a list of names in bookmark_properties',
    ],
    ['a version that is none', { type: 'ACTIVATE_VERSION', stream: 'items', version: 'x' }, 'expected a number in version'],
    ['a version of a record that is none', record('items', { id: 2 }, { version: '3' }), 'expected a number in version'],
    ['a version that is not whole', record('items', { id: 2 }, { version: 4.5 }), 'expected a number in version'],
    ['a version that is left out', { type: 'ACTIVATE_VERSION', stream: 'items', version: null }, 'expected a number in version'],
    ['a record before its schema', record('others', {}), 'expected a SCHEMA of the stream "others" before its rows'],
    [
      'a version before its schema',
      { type: 'ACTIVATE_VERSION', stream: 'others', version: 1 },
      'expected a SCHEMA of the stream "others" before its rows',
    ],
  ])('%s', async (_, message, expected) => {
    const { items, code, message: found } = await readTap([...before, message]);
    expect(brief(items)).toEqual([['items', 1], { state: { at: 1 } }]);
    expect([code, found]).toEqual(['invalid_singer_message', expect.stringContaining(expected)]);
  });

  test('but a record may have no version, be it null', async () => {
    expect(brief((await readTap([ITEMS, record('items', { id: 1 }, { version: null })])).items)).toEqual([['items', 1]]);
  });

  test('but a line without an end, or with one key by its name, is one', async () => {
    const one = JSON.stringify({ ...ITEMS, key_properties: 'id' });
    const stream = chunks(`${one}\n${JSON.stringify(record('items', { id: 1 }))}`);
    expect(brief(await collectEach(readSinger(stream, { openStream: opener().open })))).toEqual([['items', 1]]);
  });

  test('a line that is no UTF-8', async () => {
    const text = Buffer.concat([
      Buffer.from(`${JSON.stringify(ITEMS)}\n${JSON.stringify(record('items', { id: 1 }))}\n{"x":"`),
      Buffer.from([0xff]),
      Buffer.from('"}\n'),
    ]);
    const items: ImportItem[] = [];
    const reading = (async () => {
      for await (const item of readSinger(chunks(text), { openStream: opener().open })) items.push(item);
    })();
    await expect(reading).rejects.toThrow('Line 3 of the tap: expected UTF-8, at most 8 MiB of it.');
    expect(brief(items)).toEqual([['items', 1]]);
  });

  test('a stream without a key', async () => {
    expect((await readTap([schema('items', {}, { key_properties: [] })])).code).toBe('mapping_mismatch');
  });

  test('a mapping of a type that is not there', async () => {
    const { open: openStream } = createStreamOpener({ sourceSystem: 'tap', mappings: [mapping], recordTypes: [], define });
    const stream = chunks(`${JSON.stringify(schema('opps', { oid: {}, title: {} }))}\n`);
    await expect(collectEach(readSinger(stream, { openStream }))).rejects.toMatchObject({ code: 'unknown_record_type' });
  });
});

test('law: whatever a tap writes, the answer is items or invalid_singer_message', async () => {
  const message = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc
      .record({
        type: fc.constantFrom('SCHEMA', 'RECORD', 'STATE', 'ACTIVATE_VERSION'),
        stream: fc.constantFrom('a', 'b', ''),
        schema: fc.jsonValue(),
        record: fc.jsonValue(),
        value: fc.jsonValue(),
        version: fc.oneof(fc.integer(), fc.jsonValue()),
        key_properties: fc.constantFrom(['id'], 'id', null, [1]),
      })
      .map((value) => JSON.stringify(value)),
    fc.constantFrom(ITEMS, record('items', { id: 1 })).map((value) => JSON.stringify(value)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(message), fc.integer({ min: 1, max: 100 }), async (messages, chunk) => {
      const { code } = await readTap(messages, { chunk });
      expect([undefined, 'invalid_singer_message', 'mapping_mismatch']).toContain(code);
    }),
    { numRuns: 200 },
  );
});
