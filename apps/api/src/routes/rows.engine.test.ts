import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../testing/test-api.ts';

const CSV = { 'content-type': 'text/csv' };
const NDJSON = { 'content-type': 'application/x-ndjson' };
const MB = 2 ** 20;

describe('rows over HTTP', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await openTestApi({ env: { SOPHIA_BODY_LIMIT: '1MB', SOPHIA_IMPORT_LIMIT: '4MB' } });
  });
  afterAll(() => api.close());

  const write = (source: string, body: unknown, headers = {}) =>
    api.send('POST', `/records/deal?source_system=${source}`, { body, headers });
  const read = async (source: string) => (await api.send('GET', `/records/deal?source_system=${source}&deleted=include`)).json.records;

  it('is changed only as the version that the caller has seen, where it names one', async () => {
    const { id } = (await write('match', { source_id: 'M', name: 'one' })).json;
    const change = (name: string, tag: string) =>
      api.send('PATCH', `/records/deal/${id}`, { body: { name }, headers: { 'if-match': tag } });
    expect(await change('two', '"1"')).toMatchObject({ status: 200, json: { updated: 1, version: 2 } });
    expect(await change('three', '"1"')).toMatchObject({ status: 412 });
    expect(await change('three', 'W/"1"')).toMatchObject({ status: 412 });
    expect(await change('three', 'two')).toMatchObject({ status: 400, json: { code: 'invalid_request' } });
    expect(await api.send('DELETE', `/records/deal/${id}`, { headers: { 'if-match': '"1"' } })).toMatchObject({ status: 412 });
    expect(await read('match')).toMatchObject([{ version: 2, data: { name: 'two' } }]);
  });

  describe('a row that is marked as deleted', () => {
    it.each([
      ['a JSON object', 'object', { source_id: 'X', deleted: true }, {}],
      ['a JSON array', 'array', [{ source_id: 'X', deleted: true }], {}],
      ['NDJSON', 'ndjson', '{"source_id":"X","deleted":true}\n', NDJSON],
      ['CSV', 'csv', 'source_id,deleted\nX,true\n', CSV],
      ['CSV, as another program spells it', 'spelt', 'source_id,deleted\nX, TRUE\n', CSV],
    ])('deletes its record, sent as %s', async (_, source, body, headers) => {
      await write(source, { source_id: 'X', name: 'x' });
      expect((await write(source, body, headers)).json).toMatchObject({ created: 0, updated: 1, rejected: 0 });
      expect(await read(source)).toMatchObject([{ source_id: 'X', deleted_at: expect.any(String), data: { name: 'x' } }]);
    });

    it('stays a deletion when it is repaired', async () => {
      await write('repair', { source_id: 'X', name: 'x' });
      const rejected = await write('repair', { source_id: 'X', deleted: true, occurred_at: 'one day' });
      expect(rejected).toMatchObject({ status: 422, json: { code: 'row_rejected' } });
      const [letter] = (await api.send('GET', '/dead-letters?source_system=repair')).json.dead_letters;
      const repaired = await api.send('PUT', `/dead-letters/${letter.id}`, {
        body: { source_id: 'X', occurred_at: '2030-01-01T00:00:00Z' },
      });
      expect(repaired.json.row).toMatchObject({ deleted: true, fields: {} });
      const replayed = await api.send('POST', '/dead-letters/replay', { body: { ids: [letter.id] } });
      expect(replayed.json).toMatchObject({ created: 0, updated: 1, rejected: 0 });
      expect(await read('repair')).toMatchObject([{ source_id: 'X', deleted_at: expect.any(String) }]);
    });
  });

  it('are judged each by itself where one has a member that objects have of their own, in every form', async () => {
    const rows = [
      '{"source_id":"1","name":"before"}',
      '{"source_id":"2","__proto__":{"polluted":1}}',
      '{"source_id":"3","\\u005f_proto__":{"polluted":1}}',
      '{"source_id":"4","constructor":{"prototype":{"polluted":1}}}',
      '{"source_id":"5","size":{"deep":[{"__proto__":{"polluted":1}}]}}',
      '{"source_id":"6","name":"after"}',
    ];
    const kept = ['1', '4', '5', '6'];
    const bodies: [string, string, object][] = [
      ['names-array', `[${rows.join(',')}]`, {}],
      ['names-long', `[${' '.repeat(MB)}${rows.join(',')}]`, {}],
      ['names-lines', rows.join('\n'), NDJSON],
    ];
    for (const [source, body, headers] of bodies) {
      expect([source, (await write(source, body, headers)).json]).toMatchObject([
        source,
        { created: 4, rejected: 2, errors: [{ code: 'invalid_field_name' }, { code: 'invalid_field_name' }] },
      ]);
      const { text } = await api.send('GET', `/records/deal?source_system=${source}`);
      expect([...text.matchAll(/"source_id":"(\d)"/g)].map(([, id]) => id).sort()).toEqual(kept);
      expect(text).toContain('"constructor":{"prototype":{"polluted":1}}');
      expect(text).toContain('"deep":[{"__proto__":{"polluted":1}}]');
    }
    for (const row of rows) {
      const id = JSON.parse(row).source_id;
      expect([row, (await write('names-alone', row)).status]).toEqual([row, kept.includes(id) ? 200 : 422]);
    }
    const [{ id }] = await read('names-alone');
    const patch = (body: string) => api.send('PATCH', `/records/deal/${id}`, { body });
    expect(await patch('{"__proto__":{"polluted":1}}')).toMatchObject({ status: 422, json: { errors: [{ code: 'invalid_field_name' }] } });
    expect(await patch('{"extra":{"__proto__":{"polluted":1}}}')).toMatchObject({ status: 422 });
    expect(await patch('{"extra":{"a":{"__proto__":{"polluted":1}}}}')).toMatchObject({ status: 200, json: { updated: 1 } });
    const [{ id: letter }] = (await api.send('GET', '/dead-letters?source_system=names-array')).json.dead_letters;
    const repaired = await api.send('PUT', `/dead-letters/${letter}`, { body: '{"source_id":"2","a":{"__proto__":{"polluted":1}}}' });
    expect(repaired.text).toContain('"a":{"__proto__":{"polluted":1}}');
    expect((await api.send('POST', '/dead-letters/replay', { body: { ids: [letter] } })).json).toMatchObject({ created: 1 });
    expect(await api.send('POST', '/metrics/query', { body: '{"metrics":["revenue"],"__proto__":{"polluted":1}}' })).toMatchObject({
      status: 400,
    });
    expect('polluted' in {}).toBe(false);
  });

  it('have ids beyond 2^53 apart, however they are sent', async () => {
    const [first, second] = ['1234567890123456780', '1234567890123456781'];
    const rows = [first, second].map((id) => `{"source_id":${id},"owner":${id},"seats":[${id}]}`);
    const bodies: [string, string, object][] = [
      ['ids-array', `[${rows.join(',')}]`, {}],
      ['ids-marked', `\ufeff[${rows.join(',')}]`, {}],
      ['ids-marked-long', `\ufeff[${' '.repeat(MB)}${rows.join(',')}]`, {}],
      ['ids-lines', rows.join('\n'), NDJSON],
    ];
    for (const [source, body, headers] of bodies) {
      expect((await write(source, body, headers)).json).toMatchObject({ created: 2, rejected: 0 });
      const records = await read(source);
      expect(records.map(({ source_id: id }: { source_id: string }) => id).sort()).toEqual([first, second]);
      expect(records).toMatchObject(
        records.map(({ source_id: id }: { source_id: string }) => ({ data: { owner: id, extra: { seats: [id] } } })),
      );
      const changed = await api.send('PATCH', `/records/deal/${records[0].id}`, { body: `{"owner":${second}0}` });
      expect(changed).toMatchObject({ status: 200, json: { updated: 1 } });
      expect((await read(source)).map(({ data }: { data: { owner: string } }) => data.owner)).toContain(`${second}0`);
    }
    await write('ids-letter', { source_id: 'X', amount: 'seven' });
    const [{ id }] = (await api.send('GET', '/dead-letters?source_system=ids-letter')).json.dead_letters;
    expect((await api.send('PUT', `/dead-letters/${id}`, { body: `{"source_id":${first}}` })).json.row).toMatchObject({ source_id: first });
  });

  describe('a rejected row', () => {
    const rejected = async (source: string, row: object, type = 'deal') => {
      await api.send('POST', `/records/${type}?source_system=${source}`, { body: row });
      const [letter] = (await api.send('GET', `/dead-letters?source_system=${source}`)).json.dead_letters;
      return letter;
    };
    const repair = (id: string, body: unknown) => api.send('PUT', `/dead-letters/${id}`, { body });

    it('is sent back as it is shown, corrected, and means the same', async () => {
      const { id } = await rejected('shown', {
        source_id: 'X',
        name: 'x',
        amount: 'seven',
        occurred_at: '2030-01-01T00:00:00Z',
        sizes: { hat: 1 },
      });
      const { row } = (await api.send('GET', `/dead-letters/${id}`)).json;
      expect((await repair(id, row)).json).toMatchObject({ state: 'repaired', row });
      const corrected = { ...row, fields: { ...row.fields, amount: '7', currency: 'USD' } };
      expect((await repair(id, corrected)).json.row).toEqual(corrected);
      expect((await api.send('POST', '/dead-letters/replay', { body: { ids: [id] } })).json).toMatchObject({ created: 1, rejected: 0 });
      expect(await read('shown')).toMatchObject([
        { source_id: 'X', data: { name: 'x', amount: '7', currency: 'USD', extra: { sizes: { hat: 1 } } } },
      ]);
    });

    it('is refused where its fields stand in two places', async () => {
      const { id, row } = await rejected('twice', { source_id: 'X', amount: 'seven' });
      expect(await repair(id, { ...row, amount: '7', name: 'x' })).toMatchObject({
        status: 400,
        json: { code: 'invalid_request', detail: expect.stringContaining('amount, name') },
      });
      expect((await api.send('GET', `/dead-letters/${id}`)).json).toMatchObject({ state: 'open', row });
    });

    it('has its fields at the top level, too, where it had one that is called fields', async () => {
      const { id, row } = await rejected('nested', { source_id: 'X', amount: 'seven', fields: { a: 1 } });
      const flat = { source_id: 'X', amount: '7', fields: { a: 2 } };
      expect((await repair(id, flat)).json.row).toMatchObject({ source_id: 'X', fields: { amount: '7', fields: { a: 2 } } });
      expect((await repair(id, row)).json.row).toEqual(row);
    });

    it('has its fields at the top level where its type has one that is called fields', async () => {
      await api.send('PUT', '/record-types/form', {
        body: { type: 'object', properties: { fields: { type: 'object' }, seats: { type: 'integer' } } },
      });
      const { id } = await rejected('form', { source_id: 'X', fields: { a: 1 }, seats: 'two' }, 'form');
      const { row } = (await repair(id, { source_id: 'X', fields: { b: 2 }, seats: 2 })).json;
      expect(row).toMatchObject({ source_id: 'X', fields: { fields: { b: 2 }, seats: 2 } });
    });

    it('is sent back as it is shown where its type has a field that is called fields, but not by halves', async () => {
      const properties = { fields: { type: 'object' }, seats: { type: 'integer' }, hall: { type: 'string' } };
      await api.send('PUT', '/record-types/stage', { body: { type: 'object', properties } });
      const { id, row } = await rejected('stage', { source_id: 'X', hall: 'A', seats: 'two' }, 'stage');
      const corrected = { ...row, fields: { ...row.fields, seats: 2 } };
      expect((await repair(id, corrected)).json.row).toEqual(corrected);
      const half = await repair(id, { source_id: 'X', fields: { seats: 3, lamp: 1 } });
      expect(half).toMatchObject({
        status: 400,
        json: { code: 'invalid_request', detail: expect.stringContaining('"fields": seats below it') },
      });
      expect((await repair(id, { source_id: 'X', fields: { lamp: 1 } })).json.row).toMatchObject({ fields: { fields: { lamp: 1 } } });
      expect((await repair(id, { fields: { fields: { seats: 3 } } })).json.row).toMatchObject({ fields: { fields: { seats: 3 } } });
    });
  });

  it('are replayed by id or by selection, not by both', async () => {
    const replay = (body: object) => api.send('POST', '/dead-letters/replay', { body });
    await write('replayed', { source_id: 'X', amount: 'seven' });
    const [{ id }] = (await api.send('GET', '/dead-letters?source_system=replayed')).json.dead_letters;
    expect(await replay({ ids: [id], source_system: 'replayed' })).toMatchObject({ status: 400, json: { code: 'invalid_request' } });
    expect((await api.send('GET', `/dead-letters/${id}`)).json).toMatchObject({ state: 'open' });
    expect(await replay({ source_system: 'replayed' })).toMatchObject({ status: 200, json: { rejected: 1 } });
  });

  it('may be none: a stream of nothing is an import of nothing', async () => {
    const { status, json } = await write('nothing', '\n', NDJSON);
    expect([status, json]).toMatchObject([200, { created: 0, rejected: 0, errors: [], import: expect.any(String) }]);
  });

  it('have no token to wait for where their import is of before a restore', async () => {
    const headers = { ...NDJSON, 'idempotency-key': 'restored' };
    const first = await write('restored', '{"source_id":"X"}\n', headers);
    // A backup leaves tokens out: they name transactions of the database that it is of.
    await api.test.sql('update import_run set token = null where id = $1', [first.json.import]);
    expect((await write('restored', '{"source_id":"X"}\n', headers)).json).toEqual({ ...first.json, token: '' });
  });

  describe('a JSON array', () => {
    const rows = (count: number, name: string) => Array.from({ length: count }, (_, index) => ({ source_id: `D-${index}`, name }));

    it('of a few rows is written in one transaction, and repeated under its key', async () => {
      const headers = { 'idempotency-key': 'few' };
      const first = await write('few', rows(3, 'few'), headers);
      expect(first).toMatchObject({ status: 200, json: { created: 3, rejected: 0 } });
      expect(first.json).not.toHaveProperty('import');
      expect((await write('few', rows(3, 'few'), headers)).json).toEqual({ ...first.json, token: expect.any(String) });
    });

    it('longer than the body limit is streamed as an import, its bad rows counted', async () => {
      const sent = rows(5_000, 'n'.repeat(250));
      const body = `\n  ${JSON.stringify([...sent.slice(0, 2_600), { source_id: 'bad', amount: 'seven' }, 7, ...sent.slice(2_600)])}`;
      expect(body.length).toBeGreaterThan(MB);
      const answer = await write('long', body, { 'idempotency-key': 'long' });
      expect(answer).toMatchObject({
        status: 200,
        json: {
          created: 5_000,
          rejected: 2,
          errors: [
            { line: 2_601, code: 'invalid_money' },
            { line: 2_602, code: 'invalid_json' },
          ],
        },
      });
      const { json: report } = await api.send('GET', `/imports/${answer.json.import}`);
      expect(report).toMatchObject({ kind: 'http', state: 'finished', read: 5_002 });
      expect((await write('long', body, { 'idempotency-key': 'long' })).json).toMatchObject({ import: report.id, created: 5_000 });
    });

    it('of more rows than a transaction takes is an import too', async () => {
      expect((await write('many', rows(3_000, 'x'))).json).toMatchObject({ created: 3_000, rejected: 0, import: expect.any(String) });
    });

    it('is refused as a whole to who may not write', async () => {
      const body = rows(20_000, 'n'.repeat(250));
      const answer = await api.send('POST', '/records/deal?source_system=refused', { role: 'analyst', body });
      expect([answer.status, answer.json.code]).toEqual([403, 'forbidden']);
    });

    it('is refused beyond the import limit, as one record is beyond that of bodies', async () => {
      const tooLong = { status: 413, json: { code: 'payload_too_large' } };
      expect(await write('large', rows(20_000, 'n'.repeat(250)))).toMatchObject(tooLong);
      const ndjson = rows(20_000, 'n'.repeat(250))
        .map((row) => JSON.stringify(row))
        .join('\n');
      expect(await write('large', ndjson, NDJSON)).toMatchObject(tooLong);
      expect(await write('large', { source_id: 'X', name: 'n'.repeat(2 * MB) })).toMatchObject(tooLong);
      expect(await write('large', '[1, 2')).toMatchObject({ status: 400, json: { code: 'invalid_request' } });
      expect(await write('large', '', {})).toMatchObject({ status: 400, json: { code: 'invalid_request' } });
    });
  });
});
