import { recordTypeFromJsonSchema } from '@sophia/core';
import { isSophiaError } from '@sophia/shared';
import { BUILTIN_RECORD_TYPES, type JsonObject, type RecordTypeDefinition } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ImportItem } from '../import-item.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { parseMapping } from '../mapping/parse-mapping.ts';
import { chunks, collectEach } from '../testing/chunks.ts';
import { createStreamOpener } from './open-streams.ts';
import { readSinger } from './read-singer.ts';

const define = (name: string, schema: JsonObject): Promise<RecordTypeDefinition> => {
  const { definition, problems } = recordTypeFromJsonSchema(name, schema);
  return definition === undefined ? Promise.reject(new Error(JSON.stringify(problems))) : Promise.resolve(definition);
};
const mapping = parseMapping(
  'source_system: crm\nrecord_type: deal\nsource_id: oid\nfields: { name: title }\nmatch: { files: [opps] }',
  'm.yaml',
  BUILTIN_RECORD_TYPES,
);
const opener = (mappings: readonly Mapping[] = [mapping]) =>
  createStreamOpener({ sourceSystem: 'tap', mappings, recordTypes: BUILTIN_RECORD_TYPES, define });

const schema = (stream: string, properties: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: 'SCHEMA',
  stream,
  schema: { type: 'object', properties },
  key_properties: ['id'],
  ...more,
});
const record = (stream: string, values: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: 'RECORD',
  stream,
  record: values,
  ...more,
});
const state = (value: number): JsonObject => ({ type: 'STATE', value: { at: value } });

/** What comes out, and the code of the error that it ended with. */
async function read(
  messages: readonly (JsonObject | string)[],
  options: { chunk?: number; batchRows?: number; mappings?: readonly Mapping[] } = {},
) {
  const text = messages.map((message) => `${typeof message === 'string' ? message : JSON.stringify(message)}\n`).join('');
  const items: ImportItem[] = [];
  try {
    const stream = chunks(text, options.chunk ?? 100_000);
    for await (const item of readSinger(stream, { openStream: opener(options.mappings).open, batchRows: options.batchRows }))
      items.push(item);
  } catch (error) {
    if (!isSophiaError(error)) throw error;
    return { items, code: error.code, message: error.message };
  }
  return { items, code: undefined, message: undefined };
}

const brief = (items: readonly ImportItem[]) =>
  items.map((item) => {
    if (item.kind === 'rows') return [item.target.recordType, ...item.rows.map((row) => row.source_id)];
    return item.kind === 'state' ? { state: item.state } : { activate: item.version, of: item.target.recordType };
  });

const ITEMS = schema('items', { id: { type: 'integer' }, size: { type: ['null', 'number'] } });

describe('a tap', () => {
  test('has no two streams of its own become one record type', async () => {
    const { items, code, message } = await read([
      schema('Order', { id: {} }),
      record('Order', { id: 1 }),
      schema('Order', { id: {}, more: {} }),
      schema('order', { id: {} }),
      record('order', { id: 1 }),
    ]);
    expect([brief(items), code]).toEqual([[['order', 1]], 'mapping_mismatch']);
    expect(message).toContain('The streams Order and order would both be the record type order');
  });

  test('is read by mappings that read paths; those that no stream is read by are told', async () => {
    const byPath = parseMapping(
      'name: paths\nsource_system: crm\nrecord_type: deal\nsource_id: id\nfields: { owner: owner.email }',
      'm.yaml',
      BUILTIN_RECORD_TYPES,
    );
    const streams = opener([mapping, byPath]);
    const owner = { type: ['null', 'object'], properties: { email: { type: 'string' } } };
    const text = [schema('deals', { id: {}, owner }), record('deals', { id: 1, owner: { email: 'a@b' } })]
      .map((message) => `${JSON.stringify(message)}\n`)
      .join('');
    expect(streams.unused()).toEqual([
      'No stream was read by m, which is for streams called opps with oid, title.',
      'No stream was read by paths, which is for streams with id, owner.email.',
    ]);
    expect(await collectEach(readSinger(chunks(text), { openStream: streams.open }))).toMatchObject([
      { target: { recordType: 'deal', sourceSystem: 'crm' }, rows: [{ source_id: 1, fields: { owner: 'a@b' } }] },
    ]);
    expect(streams.unused()).toEqual([expect.stringContaining('read by m,')]);
  });

  test('sends properties of several types, or of any, which are kept as they are', async () => {
    const mixed = schema('mixed', { id: { type: 'integer' }, v: { type: ['null', 'string', 'integer'] }, w: {} });
    const values = ['hello', '007', '1e3', 'null', '{', 7, [1], { a: '1' }];
    const { items } = await read([mixed, ...values.map((value, id) => record('mixed', { id, v: value, w: value }))]);
    const rows = items.flatMap((item) => (item.kind === 'rows' ? item.rows : []));
    expect(rows.map(({ fields, errors }) => [fields, errors])).toEqual(values.map((value) => [{ v: value, w: value }, undefined]));
  });

  test('sends rows, which become records of a type of their own', async () => {
    const { items } = await read([
      ITEMS,
      record('items', { id: 1, size: 2.5, _sdc_batched_at: 'x', other: 'y' }),
      record('items', { id: 2, size: null }, { version: 7 }),
    ]);
    expect(items).toMatchObject([
      {
        kind: 'rows',
        target: { recordType: 'items', sourceSystem: 'tap' },
        rows: [
          { line: 2, source_id: 1, fields: { size: 2.5 } },
          { line: 3, source_id: 2, fields: {}, streamVersion: 7 },
        ],
      },
    ]);
  });

  test('sends states, which come behind the rows before them; several between two batches are one', async () => {
    const messages = [
      ITEMS,
      record('items', { id: 1 }),
      state(1),
      record('items', { id: 2 }),
      state(2),
      record('items', { id: 3 }),
      state(3),
    ];
    expect(brief((await read(messages)).items)).toEqual([['items', 1, 2, 3], { state: { at: 3 } }]);
    expect(brief((await read(messages, { batchRows: 2 })).items)).toEqual([
      ['items', 1, 2],
      { state: { at: 1 } },
      ['items', 3],
      { state: { at: 3 } },
    ]);
    expect(brief((await read([state(1), '', '  ', { type: 'STATE' }])).items)).toEqual([{ state: null }]);
  });

  test('replaces versions, behind the rows before', async () => {
    const messages = [
      ITEMS,
      record('items', { id: 1 }, { version: 2 }),
      state(1),
      { type: 'ACTIVATE_VERSION', stream: 'items', version: 2 },
      record('items', { id: 2 }),
    ];
    expect(brief((await read(messages)).items)).toEqual([['items', 1], { state: { at: 1 } }, { activate: 2, of: 'items' }, ['items', 2]]);
  });

  test('sends several streams, with a mapping or without', async () => {
    const opps = schema('opps', { oid: { type: 'string' }, title: { type: 'string' }, _sdc_table: { type: 'string' } });
    const { items } = await read([
      opps,
      ITEMS,
      record('opps', { oid: 'a', title: 'A', _sdc_table: 'x' }),
      record('items', { id: 1 }),
      record('opps', { oid: 'b', title: 'B' }),
    ]);
    expect(brief(items)).toEqual([
      ['deal', 'a', 'b'],
      ['items', 1],
    ]);
    expect(items[0]).toMatchObject({ target: { sourceSystem: 'crm' }, rows: [{ fields: { name: 'A' } }, { fields: { name: 'B' } }] });
    expect(JSON.stringify(items[0])).not.toContain('_sdc');
  });

  test('may send a schema that says nothing', async () => {
    const open = { type: 'SCHEMA', stream: 'items', schema: {}, key_properties: ['id'] };
    expect((await read([open, record('items', { id: 1, a: 2 })])).items).toMatchObject([
      { rows: [{ source_id: 1, fields: { extra: { a: 2 } } }] },
    ]);
  });

  test('marks records that are gone', async () => {
    const soft = schema('items', { id: { type: 'integer' }, _sdc_deleted_at: { type: ['null', 'string'] } });
    const { items } = await read([
      soft,
      record('items', { id: 1, _sdc_deleted_at: '2017-03-01T00:00:00Z' }),
      record('items', { id: 2, _sdc_deleted_at: null }),
    ]);
    expect(items).toMatchObject([{ rows: [{ source_id: 1, deleted: true }, { source_id: 2 }] }]);
    expect(items[0]?.kind === 'rows' && items[0].rows[1]?.deleted).toBeFalsy();
  });

  test('has records that are gone judged by nothing but their keys', async () => {
    const deals = parseMapping(
      'source_system: crm\nrecord_type: deal\nsource_id: id\nfields: { close_date: { column: on, format: DD.MM.YYYY } }\nmatch: { files: [items] }',
      'm.yaml',
      BUILTIN_RECORD_TYPES,
    );
    const soft = schema('items', { id: { type: 'integer' }, on: { type: 'string' }, _sdc_deleted_at: { type: ['null', 'string'] } });
    const { items } = await read(
      [soft, record('items', { id: 1, on: 'x', _sdc_deleted_at: '2017-03-01T00:00:00Z' }), record('items', { id: 2, on: 'x' })],
      { mappings: [deals] },
    );
    expect(items).toMatchObject([
      {
        rows: [
          { deleted: true, errors: undefined },
          { source_id: 2, errors: [{ column: 'close_date' }] },
        ],
      },
    ]);
  });

  test('has integers of 64 bits, in records and in states', async () => {
    const { items } = await read([
      ITEMS,
      '{"type":"RECORD","stream":"items","record":{"id":1234567890123456789,"size":1}}',
      '{"type":"RECORD","stream":"items","record":{"id":1234567890123456788,"size":1}}',
      '{"type":"STATE","value":{"bookmarks":{"items":{"id":1234567890123456789}}}}',
    ]);
    expect(items).toMatchObject([{ rows: [{ source_id: '1234567890123456789' }, { source_id: '1234567890123456788' }] }, {}]);
    expect(JSON.stringify(items[1])).toBe('{"kind":"state","state":{"bookmarks":{"items":{"id":1234567890123456789}}}}');
  });

  test('may send a schema again, or another one', async () => {
    const wider = schema('items', { id: { type: 'integer' }, size: { type: 'number' }, colour: { type: 'string' } });
    const { items } = await read([
      ITEMS,
      record('items', { id: 1 }),
      ITEMS,
      record('items', { id: 2 }),
      wider,
      record('items', { id: 3, colour: 'red' }),
    ]);
    expect(brief(items)).toEqual([
      ['items', 1, 2],
      ['items', 3],
    ]);
    expect(items[1]).toMatchObject({ rows: [{ fields: { colour: 'red' } }] });
  });

  test('may name another bookmark later', async () => {
    const properties = { id: { type: 'integer' }, at: { type: 'string', format: 'date-time' } };
    const times = ['2017-03-01T10:00:00Z', '2017-03-02T10:00:00Z'];
    const { items } = await read([
      schema('items', properties),
      record('items', { id: 1, at: times[0] ?? '' }),
      schema('items', properties, { bookmark_properties: ['at'] }),
      record('items', { id: 2, at: times[1] ?? '' }),
    ]);
    const rows = items.flatMap((item) => (item.kind === 'rows' ? item.rows : []));
    expect(rows.map((row) => row.occurred_at)).toEqual([undefined, '2017-03-02T10:00:00Z']);
  });

  test('is read in whatever pieces it comes', async () => {
    const messages = [ITEMS, record('items', { id: 1, size: 1 }), state(1), record('items', { id: 'é' }), state(2)];
    const whole = (await read(messages)).items.flatMap((item) => (item.kind === 'rows' ? item.rows : []));
    for (const chunk of [1, 17, 64]) {
      const { items } = await read(messages, { chunk });
      expect(items.flatMap((item) => (item.kind === 'rows' ? item.rows : []))).toEqual(whole);
      expect(items.at(-1)).toEqual({ kind: 'state', state: { at: 2 } });
    }
  });

  test('that pauses has its rows passed on', async () => {
    let passedOn: (() => void) | undefined;
    const wasPassedOn = new Promise<void>((resolve) => {
      passedOn = resolve;
    });
    async function* slow() {
      yield Buffer.from(`${JSON.stringify(ITEMS)}\n${JSON.stringify(record('items', { id: 1 }))}\n`);
      await wasPassedOn;
    }
    for await (const item of readSinger(slow(), { openStream: opener().open })) {
      expect(item.kind).toBe('rows');
      passedOn?.();
    }
  });
});

describe('what is no message ends the import; what came before is still passed on', () => {
  const before = [ITEMS, record('items', { id: 1 }), state(1)];
  test.each<[string, JsonObject | string, string]>([
    ['very much', `[${'1,'.repeat(100_001)}1]`, 'Line 4 of the tap: expected at most 100000 members and values.'],
    ['no JSON', 'Traceback (most recent call last):', 'Line 4 of the tap is no JSON.'],
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
    ['a record before its schema', record('others', {}), 'expected a SCHEMA of the stream "others" before its rows'],
    [
      'a version before its schema',
      { type: 'ACTIVATE_VERSION', stream: 'others', version: 1 },
      'expected a SCHEMA of the stream "others" before its rows',
    ],
  ])('%s', async (_, message, expected) => {
    const { items, code, message: found } = await read([...before, message]);
    expect(brief(items)).toEqual([['items', 1], { state: { at: 1 } }]);
    expect([code, found]).toEqual(['invalid_singer_message', expect.stringContaining(expected)]);
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
    expect((await read([schema('items', {}, { key_properties: [] })])).code).toBe('mapping_mismatch');
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
      const { code } = await read(messages, { chunk });
      expect([undefined, 'invalid_singer_message', 'mapping_mismatch']).toContain(code);
    }),
    { numRuns: 200 },
  );
});
