import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import { describe, expect, test } from 'vitest';
import { parseMapping } from '../mapping/parse-mapping.ts';
import { chunks, collectEach } from '../testing/chunks.ts';
import { brief, ITEMS, mapping, opener, readTap, record, schema, state } from '../testing/tap-messages.ts';
import { readSinger } from './read-singer.ts';

describe('a tap', () => {
  test('has no two streams of its own become one record type', async () => {
    const { items, code, message } = await readTap([
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
    const { items } = await readTap([mixed, ...values.map((value, id) => record('mixed', { id, v: value, w: value }))]);
    const rows = items.flatMap((item) => (item.kind === 'rows' ? item.rows : []));
    expect(rows.map(({ fields, errors }) => [fields, errors])).toEqual(values.map((value) => [{ v: value, w: value }, undefined]));
  });

  test('sends rows, which become records of a type of their own', async () => {
    const { items } = await readTap([
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

  test('may send columns of its own tools that it does not declare, which are no part of a record', async () => {
    const { items } = await readTap([
      ITEMS,
      record('items', { id: 1, size: 2.5, _sdc_received_at: '2020-01-01', _sdc_sequence: 7, other: 'y' }),
      record('items', { id: 2, _sdc_batched_at: 'x' }),
    ]);
    expect(items.flatMap((item) => (item.kind === 'rows' ? item.rows.map(({ fields }) => fields) : []))).toEqual([
      { size: 2.5, extra: { other: 'y' } },
      {},
    ]);
  });

  test('may have properties with points in their names, which are no paths into others', async () => {
    const { items } = await readTap([
      schema('nested', { id: {}, o: { type: 'object' }, 'o.x': { type: 'integer' }, 'p.x': { type: 'integer' } }),
      record('nested', { id: 1, o: { x: 1 }, p: { x: 2 } }),
      record('nested', { id: 2, 'o.x': 3 }),
    ]);
    expect(items.flatMap((item) => (item.kind === 'rows' ? item.rows.map(({ fields }) => fields) : []))).toEqual([
      { o: { x: 1 }, extra: { p: { x: 2 } } },
      { o_x: 3 },
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
    expect(brief((await readTap(messages)).items)).toEqual([['items', 1, 2, 3], { state: { at: 3 } }]);
    expect(brief((await readTap(messages, { batchRows: 2 })).items)).toEqual([
      ['items', 1, 2],
      { state: { at: 1 } },
      ['items', 3],
      { state: { at: 3 } },
    ]);
    expect(brief((await readTap([state(1), '', '  ', { type: 'STATE' }])).items)).toEqual([{ state: null }]);
  });

  test('has what it sent before a line that is no message passed on, with its state', async () => {
    const { items, code } = await readTap([ITEMS, record('items', { id: 1 }), state(1), record('items', { id: 2 }), 'cut off', state(2)]);
    expect([brief(items), code]).toEqual([[['items', 1, 2], { state: { at: 1 } }], 'invalid_singer_message']);
  });

  test('replaces versions, behind the rows before', async () => {
    const messages = [
      ITEMS,
      record('items', { id: 1 }, { version: 2 }),
      state(1),
      { type: 'ACTIVATE_VERSION', stream: 'items', version: 2 },
      record('items', { id: 2 }),
    ];
    expect(brief((await readTap(messages)).items)).toEqual([
      ['items', 1],
      { state: { at: 1 } },
      { activate: 2, of: 'items' },
      ['items', 2],
    ]);
  });

  test('sends several streams, with a mapping or without', async () => {
    const opps = schema('opps', { oid: { type: 'string' }, title: { type: 'string' }, _sdc_table: { type: 'string' } });
    const { items } = await readTap([
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
    expect((await readTap([open, record('items', { id: 1, a: 2 })])).items).toMatchObject([
      { rows: [{ source_id: 1, fields: { extra: { a: 2 } } }] },
    ]);
  });

  test('marks records that are gone', async () => {
    const soft = schema('items', { id: { type: 'integer' }, _sdc_deleted_at: { type: ['null', 'string'] } });
    const { items } = await readTap([
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
    const { items } = await readTap(
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
    const { items } = await readTap([
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
    const { items } = await readTap([
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

  test('has its rows passed on before another schema of theirs is taken', async () => {
    const streams = opener();
    const order: string[] = [];
    const openStream: typeof streams.open = (message) => {
      order.push('schema');
      return streams.open(message);
    };
    const messages = [ITEMS, record('items', { id: 1 }), schema('items', { id: { type: 'string' } }), record('items', { id: 'a' })];
    const text = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
    for await (const { kind } of readSinger(chunks(text), { openStream })) order.push(kind);
    expect(order).toEqual(['schema', 'rows', 'schema', 'rows']);
  });

  test('may name another bookmark later', async () => {
    const properties = { id: { type: 'integer' }, at: { type: 'string', format: 'date-time' } };
    const times = ['2017-03-01T10:00:00Z', '2017-03-02T10:00:00Z'];
    const { items } = await readTap([
      schema('items', properties),
      record('items', { id: 1, at: times[0] ?? '' }),
      schema('items', properties, { bookmark_properties: ['at'] }),
      record('items', { id: 2, at: times[1] ?? '' }),
    ]);
    const rows = items.flatMap((item) => (item.kind === 'rows' ? item.rows : []));
    expect(rows.map((row) => row.occurred_at)).toEqual([undefined, '2017-03-02T10:00:00Z']);
  });

  test('may name another key later', async () => {
    const properties = { id: { type: 'integer' }, code: { type: 'string' } };
    const { items } = await readTap([
      schema('items', properties),
      record('items', { id: 1, code: 'a' }),
      schema('items', properties, { key_properties: ['code'] }),
      record('items', { id: 1, code: 'b' }),
    ]);
    expect(brief(items)).toEqual([
      ['items', 1],
      ['items', 'b'],
    ]);
  });

  test('is read in whatever pieces it comes', async () => {
    const messages = [ITEMS, record('items', { id: 1, size: 1 }), state(1), record('items', { id: 'é' }), state(2)];
    const whole = (await readTap(messages)).items.flatMap((item) => (item.kind === 'rows' ? item.rows : []));
    for (const chunk of [1, 17, 64]) {
      const { items } = await readTap(messages, { chunk });
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
