import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../testing/test-api.ts';

describe('a form', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await openTestApi({ env: { SOPHIA_BODY_LIMIT: '1MB', SOPHIA_IMPORT_LIMIT: '4MB' } });
  });
  afterAll(() => api.close());

  const read = async (source: string) => (await api.send('GET', `/records/deal?source_system=${source}&deleted=include`)).json.records;

  const options = { record_type: 'deal', source_system: 'form' };
  const csv = (rows: number) =>
    `source_id,name\n${Array.from({ length: rows }, (_, index) => `D-${index},${'n'.repeat(250)}`).join('\n')}\n`;

  it('whose file is longer than the limit fails, rather than to be cut off', async () => {
    // Of more rows than are looked at before an import begins: it has begun when the limit is reached.
    const answer = await api.sendForm('/imports', { ...options, name: 'cut off' }, csv(20_000));
    expect(answer).toMatchObject({ status: 413, json: { code: 'payload_too_large' } });
    const { imports } = (await api.send('GET', '/imports?state=failed&limit=100')).json;
    expect(imports).toContainEqual(
      expect.objectContaining({ name: 'cut off', failure: expect.objectContaining({ code: 'payload_too_large' }) }),
    );
    expect((await api.sendForm('/imports', options, csv(10))).json).toMatchObject({
      state: 'finished',
      created: expect.any(Number),
      read: 10,
    });
  });

  it('is refused before any of it is read to who may not write', async () => {
    for (const path of ['/imports', '/imports/suggest']) {
      for (const role of ['viewer', 'analyst'] as const) {
        const answer = await api.sendForm(path, { unknown: 'option' }, '', { role });
        expect([answer.status, answer.json.code], `${role} ${path}`).toEqual([403, 'forbidden']);
      }
    }
  });

  it('is told of in lines while it is imported, with the states of a Singer tap', async () => {
    const mapping = ['source_system: crm', 'record_type: deal', 'source_id: key', 'fields: { name: title }'].join('\n');
    const messages = [
      { type: 'SCHEMA', stream: 'deals', schema: { properties: { key: {}, title: {} } }, key_properties: ['key'] },
      { type: 'RECORD', stream: 'deals', record: { key: 'S-1', title: 'First' } },
      { type: 'STATE', value: { seen: 1 } },
      { type: 'RECORD', stream: 'deals', record: { key: 'S-2', title: 'Second' } },
      { type: 'SCHEMA', stream: 'visits', schema: { properties: { key: { type: 'string' } } }, key_properties: ['key'] },
      { type: 'RECORD', stream: 'visits', record: { key: 'V-1' } },
      { type: 'STATE', value: { seen: 2 } },
    ];
    const file = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
    const singer = { kind: 'singer', source_system: 'crm', mappings: [mapping] };
    const { text } = await api.sendForm('/imports', singer, file, { headers: { accept: 'application/x-ndjson' } });
    const lines = text.trimEnd().split('\n');
    const told = lines.map((line) => JSON.parse(line));
    expect(told[0]).toMatchObject({ import: { id: expect.any(String), origin: 'new' } });
    expect(told.filter(({ state }) => state !== undefined).at(-1)).toEqual({ state: { seen: 2 } });
    expect(told.at(-1)).toMatchObject({ report: { state: 'finished', created: 3, rejected: 0 } });
    expect(await read('crm')).toMatchObject([{ data: { name: 'First' } }, { data: { name: 'Second' } }]);
  });

  it('of a tap that failed is kept as far as it came, and ends with what the sender says', async () => {
    const messages = (stream: string) => [
      { type: 'SCHEMA', stream, schema: { properties: { key: { type: 'string' } } }, key_properties: ['key'] },
      { type: 'RECORD', stream, record: { key: 'S-1' } },
      { type: 'STATE', value: { seen: 1 } },
    ];
    const sendWith = (source: string, field: string, content: string) =>
      api.sendForm(
        '/imports',
        { kind: 'singer', source_system: source },
        [
          messages(source)
            .map((message) => `${JSON.stringify(message)}\n`)
            .join(''),
          '--boundary',
          `content-disposition: form-data; name="${field}"`,
          '',
          content,
        ].join('\r\n'),
      );
    const told = { status: 502, json: { code: 'tap_failed', detail: 'It ended.\uFFFD' } };
    expect(await sendWith('torn', 'failure', JSON.stringify({ code: 'tap_failed', message: 'It ended.\0' }))).toMatchObject(told);
    const { imports } = (await api.send('GET', '/imports?state=failed&limit=100')).json;
    expect(imports).toContainEqual(
      expect.objectContaining({ name: 'rows.csv', last_state: { seen: 1 }, failure: { code: 'tap_failed', message: 'It ended.\uFFFD' } }),
    );
    expect((await api.send('GET', '/records/torn?source_system=torn')).json.records).toMatchObject([{ source_id: 'S-1' }]);
    expect(await sendWith('strange', 'other', 'passed over')).toMatchObject({ status: 200, json: { created: 1 } });
    for (const failure of ['{', '{"code":"internal_error","message":""}']) {
      expect(await sendWith('strange', 'failure', failure)).toMatchObject({
        status: 400,
        json: { code: 'invalid_request', detail: expect.stringContaining('The field failure is JSON') },
      });
    }
  });

  it('of a file that ends too early is kept as far as it came, however short it is', async () => {
    const failure = { code: 'tap_failed', message: 'The source went away.' };
    const cutOff = (file: string) =>
      [file, '--boundary', 'content-disposition: form-data; name="failure"', '', JSON.stringify(failure)].join('\r\n');
    const options = { name: 'cut short', record_type: 'product', source_system: 'cut short' };
    expect(await api.sendForm('/imports', options, cutOff('source_id,name\nC-1,First\nC-2,Second\nC-3,Thi'))).toMatchObject({
      status: 502,
      json: { code: 'tap_failed', detail: failure.message },
    });
    const { imports } = (await api.send('GET', '/imports?state=failed&limit=100')).json;
    expect(imports).toContainEqual(expect.objectContaining({ name: 'cut short', created: 2, rejected: 0, failure }));
    expect((await api.send('GET', '/records/product?source_system=cut%20short')).json.records).toMatchObject([
      { source_id: 'C-1' },
      { source_id: 'C-2' },
    ]);
    expect(await api.sendForm('/imports', options, cutOff('source_id,na'))).toMatchObject({ status: 502, json: { code: 'tap_failed' } });
  });

  it('of an import that is resumed as another source’s or type’s is refused', async () => {
    const options = { record_type: 'product', source_system: 'begun' };
    const failure = ['--boundary', 'content-disposition: form-data; name="failure"', '', '{"code":"tap_failed","message":""}'];
    const file = 'source_id,name\nR-1,First\n';
    expect((await api.sendForm('/imports', { ...options, name: 'begun' }, [file, ...failure].join('\r\n'))).status).toBe(502);
    const { imports } = (await api.send('GET', '/imports?state=failed&limit=100')).json;
    const resume = imports.find(({ name }: { name: string }) => name === 'begun').id;
    // Rows of many keys go through a few lanes: some of these go through that of the one which was begun.
    for (let index = 0; index < 20; index++) {
      for (const other of [{ source_system: `other-${index}` }, { record_type: 'deal', source_system: `other-${index}` }]) {
        expect(await api.sendForm('/imports', { ...options, ...other, resume }, file)).toMatchObject({
          status: 409,
          json: { code: 'import_source_changed' },
        });
      }
    }
    expect(await api.sendForm('/imports', { resume }, `${file}R-2,Second\n`)).toMatchObject({ status: 200, json: { created: 2 } });
  });

  it('has its options once', async () => {
    const field = ['{}', '--boundary', 'content-disposition: form-data; name="options"', '', '{}'].join('\r\n');
    const body = ['--boundary', 'content-disposition: form-data; name="options"', '', field, '--boundary--', ''].join('\r\n');
    const headers = { 'content-type': 'multipart/form-data; boundary=boundary' };
    expect(await api.send('POST', '/imports', { body, headers })).toMatchObject({
      status: 400,
      json: { code: 'invalid_request', detail: expect.stringContaining('one field, options') },
    });
  });

  it('of two taps whose streams have one name leaves each its fields and values', async () => {
    const send = (source: string, properties: object, record: object) => {
      const messages = [
        { type: 'SCHEMA', stream: 'tickets', schema: { properties }, key_properties: ['id'] },
        { type: 'RECORD', stream: 'tickets', record },
      ];
      const file = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
      return api.sendForm('/imports', { kind: 'singer', source_system: source }, file);
    };
    const id = { type: 'integer' };
    const ofOne = { id, title: { type: 'string' }, points: { type: 'integer' } };
    expect((await send('one', ofOne, { id: 1, title: 'A', points: 3 })).json).toMatchObject({ created: 1 });
    const ofOther = { id, subject: { type: 'string' }, points: { type: 'string' } };
    expect((await send('other', ofOther, { id: 1, subject: 'B', points: 'high' })).json).toMatchObject({ created: 1, rejected: 0 });
    expect((await send('one', ofOne, { id: 2, title: 'C', points: 5 })).json).toMatchObject({ created: 1 });
    const tickets = async (source: string) => (await api.send('GET', `/records/tickets?source_system=${source}`)).json.records;
    expect((await tickets('one')).map(({ data }: { data: object }) => data)).toEqual([
      { title: 'A', points: 3 },
      { title: 'C', points: '5' },
    ]);
    expect(await tickets('other')).toMatchObject([{ data: { subject: 'B', points: 'high' } }]);
    expect((await api.send('GET', '/record-types/tickets')).json).toMatchObject({
      schema: { properties: { title: { type: 'string' }, subject: { type: 'string' }, points: { type: 'string' } } },
    });
  });

  it('of a Singer tap names the source system', async () => {
    const answer = await api.sendForm('/imports', { kind: 'singer' }, '');
    expect(answer).toMatchObject({ status: 400, json: { code: 'invalid_request', detail: expect.stringContaining('source_system') } });
  });

  it('is called by its source system where neither it nor its file has a name', async () => {
    const mapping = 'source_system: nameless\nrecord_type: deal\nsource_id: id\nfields: { name: title }\n';
    const csv = 'id,title\nN-1,First\n';
    expect((await api.sendForm('/imports', { mapping }, csv, { fileName: '' })).json).toMatchObject({ name: 'nameless', created: 1 });
  });

  it('asks for the format of a column that can be read in two ways, unless it is answered', async () => {
    const mapping = 'source_system: asks\nrecord_type: deal\nsource_id: id\nfields: { close_date: closed }\n';
    const csv = 'id,closed\nA-1,1/2/2017\nA-2,3/4/2017\n';
    const asked = await api.sendForm('/imports', { mapping }, csv);
    expect(asked).toMatchObject({ status: 422, json: { detail: expect.stringContaining('closed') } });
    const answers = { closed: 'D/M/YYYY' };
    expect((await api.sendForm('/imports', { mapping, answers }, csv)).json).toMatchObject({ created: 2, rejected: 0 });
    expect((await read('asks')).map(({ data }: { data: object }) => data)).toMatchObject([
      { close_date: '2017-02-01' },
      { close_date: '2017-04-03' },
    ]);
  });

  it('is held against the ids of the types that others refer to, those that are not defined apart', async () => {
    const schema = { type: 'object', properties: { partner: { type: 'string', 'x-references': 'partner' }, title: { type: 'string' } } };
    expect((await api.send('PUT', '/record-types/lead', { body: schema })).status).toBe(200);
    const suggested = await api.sendForm('/imports/suggest', { source_system: 'leads' }, 'source_id,partner,title\nL-1,P-1,First\n');
    expect(suggested).toMatchObject({ status: 200, json: { mapping: expect.stringContaining('record_type: lead') } });
  });

  it('is held against the ids of the types that its sender may read, and of no others', async () => {
    const rules = [{ rule: 'forbid', roles: ['employee'], actions: ['read'], record_types: ['company'] }];
    expect((await api.send('PUT', '/policies', { body: { rules } })).status).toBe(200);
    const products = 'source_id,name,list_price\nP-1,First,12.5\n';
    expect(await api.sendForm('/imports/suggest', { source_system: 'shop' }, products, { role: 'employee' })).toMatchObject({
      status: 200,
      json: { mapping: expect.stringContaining('record_type: product') },
    });
    expect((await api.send('GET', '/audit?action=read&limit=1000')).json.entries).not.toContainEqual(
      expect.objectContaining({ object: 'record:company', result: 'forbidden' }),
    );
  });

  it('has mappings of two million characters at most', async () => {
    const mappings = Array.from({ length: 3 }, () => '#'.repeat(900_000));
    const answer = await api.sendForm('/imports', { kind: 'singer', source_system: 'form', mappings }, '');
    expect(answer).toMatchObject({ status: 400, json: { code: 'invalid_request', detail: expect.stringContaining('2700000') } });
  });
});
