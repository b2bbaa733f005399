import { request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { ROLES } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness, type Sent } from '../testing/api-harness.ts';

/** A trace is told to the framework's way alone. */
const FRAMEWORK = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const CONTACT = '/api/v1/records/contact?source_system=short';

describe('one record written', () => {
  let harness: ApiHarness;

  beforeAll(async () => {
    harness = await openApiHarness({ sample: false });
    for (const role of ROLES) await harness.makeKey(role, { role });
    await harness.makeKey('other', { role: 'admin', workspace: 'other' });
  });
  afterAll(() => harness.close());

  const write = async (path: string, sent: Sent) => {
    const answer = await harness.send('POST', path, sent);
    const { instance: _, token, id, ...json } = answer.json;
    return {
      status: answer.status,
      json,
      hasToken: token !== undefined && token === answer.headers.get('sophia-token'),
      headers: ['content-type', 'ratelimit-policy', 'x-content-type-options'].map((name) => answer.headers.get(name)),
      isWhole: answer.headers.has('content-security-policy'),
    };
  };

  it('is answered alike with the framework, without it, and off the socket, for every role and whatever is sent', async () => {
    const bodies: Record<string, unknown> = {
      created: { source_id: '{n}', first_name: 'Ada', email: 'ada@example.org' },
      rejected: { source_id: '{n}', email: 7 },
      'without an id': { first_name: 'Ada' },
      'a text that is no JSON': '{"source_id": "x"',
      'nothing at all': '',
      'an array': [{ source_id: '{n}' }],
      'a number': 7,
      'a dangerous name': '{"source_id":"x","__proto__":{"a":1}}',
      'a dangerous name by its codes': '{"source_id":"x","\\u005f\\u005fproto__":{"a":1}}',
    };
    const ways = new Set<boolean>();
    let number = 0;
    for (const key of [...ROLES, 'other', '', 'Bearer sophia_nothing']) {
      // Verified, so that the credential is known.
      await harness.send('GET', '/api/v1/metrics', { key });
      for (const [name, body] of Object.entries(bodies)) {
        number += 1;
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        const send = (way: string, sent: Sent) => write(CONTACT, { key, body: text.replaceAll('{n}', `${way}-${number}`), ...sent });
        const [short, whole, alone] = [await send('a', {}), await send('b', { headers: FRAMEWORK }), await send('c', { alone: true })];
        expect({ ...short, isWhole: true }, `${key}: ${name}`).toEqual({ ...whole, isWhole: true });
        expect(alone, `${key}: ${name}, off the socket`).toEqual(short);
        ways.add(short.isWhole);
        expect(whole.isWhole).toBe(true);
      }
    }
    expect([...ways].sort()).toEqual([false, true]);
  });

  it('is the same record as any other, and its token is good for reading', async () => {
    const { json } = await harness.send('POST', CONTACT, { key: 'admin', body: { source_id: 'one', first_name: 'Ada' } });
    const read = await harness.send('GET', `/api/v1/records/contact/${json.id}`, { key: 'admin', headers: { 'sophia-after': json.token } });
    expect(read.json).toMatchObject({ source_id: 'one', version: 1, data: { first_name: 'Ada' } });
    const again = await harness.send('POST', CONTACT, { key: 'admin', body: { source_id: 'one', first_name: 'Ada' } });
    expect(again.json).toMatchObject({ unchanged: 1, id: json.id });
  });

  it('keeps ids beyond 2^53 apart', async () => {
    await harness.send('GET', '/api/v1/metrics', { key: 'admin' });
    const ids = ['1234567890123456780', '1234567890123456781'];
    for (const id of ids) {
      const body = `{"source_id":${id},"first_name":${id}}`;
      expect(await harness.send('POST', CONTACT, { key: 'admin', body })).toMatchObject({ status: 200, json: { created: 1 } });
    }
    for (const id of ids) {
      const { json } = await harness.send('GET', `${CONTACT}&source_id=${id}`, { key: 'admin' });
      expect(json.records).toMatchObject([{ source_id: id, data: { first_name: id } }]);
    }
  });

  it('is held to a body limit that is lower than what is written without the framework, on every way', async () => {
    const limits = { bodyBytes: 2_048, importBytes: 2 ** 30, requestMilliseconds: 30_000, concurrency: 10, eventLoopDelay: 60_000 };
    const small = await openApiHarness({ over: harness.test, http: { limits } });
    await small.makeKey('admin', { role: 'admin' });
    await small.send('GET', '/api/v1/metrics');
    const bodyOf = (length: number) => JSON.stringify({ source_id: 'long', first_name: 'a' }).padEnd(length);
    for (const sent of [{}, { headers: FRAMEWORK }, { alone: true }]) {
      expect((await small.send('POST', CONTACT, { ...sent, body: bodyOf(2_048) })).status).toBe(200);
      expect(await small.send('POST', CONTACT, { ...sent, body: bodyOf(2_049) })).toMatchObject({
        status: 413,
        json: { code: 'payload_too_large' },
      });
    }
    await small.close();
  });

  it('is refused where it is not UTF-8, on every way, and taken packed', async () => {
    const broken = Buffer.concat([Buffer.from('{"source_id":"broken","first_name":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    await harness.send('GET', '/api/v1/metrics', { key: 'admin' });
    for (const headers of [{}, FRAMEWORK]) {
      expect(await harness.send('POST', CONTACT, { body: broken, headers })).toMatchObject({
        status: 422,
        json: { code: 'invalid_encoding' },
      });
    }
    expect(await harness.send('PUT', '/api/v1/record-types/odd', { body: broken })).toMatchObject({ status: 422 });
    const packed = gzipSync(JSON.stringify([{ source_id: 'packed' }]));
    const answer = await harness.send('POST', CONTACT, { body: packed, headers: { 'content-encoding': 'gzip' } });
    expect(answer).toMatchObject({ status: 200, json: { created: 1 } });
  });

  it('is refused where it is nested deeper than a thousand levels, as any other body', async () => {
    const nested = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
    for (const path of [CONTACT, '/api/v1/metrics/query']) {
      const answer = await harness.send('POST', path, { body: `{"source_id":"deep","x":${nested}}` });
      expect([answer.status, answer.json.code, answer.json.detail]).toEqual([
        400,
        'invalid_request',
        expect.stringContaining('1000 levels'),
      ]);
    }
  });

  it('is taken where brackets stand deep in a text', async () => {
    const name = '["{\\'.repeat(500);
    const answer = await harness.send('POST', CONTACT, { body: [{ source_id: 'brackets', first_name: name }] });
    expect(answer).toMatchObject({ status: 200, json: { created: 1 } });
  });

  it('is refused where a field is called __proto__, in every form', async () => {
    const row = '{"source_id":"x","__proto__":{"admin":true}}';
    for (const [type, body] of [
      ['text/csv', Buffer.from('source_id,__proto__\nx,1\n')],
      ['application/x-ndjson', Buffer.from(`${row}\n`)],
      ['application/json', Buffer.from(`[${row}]`)],
    ] as const) {
      const { json } = await harness.send('POST', CONTACT, { body, headers: { 'content-type': type } });
      expect(json).toMatchObject({ created: 0, rejected: 1, errors: [{ code: 'invalid_field_name' }] });
    }
  });

  it('is told of values that no database holds, wherever they stand', async () => {
    const cursor = Buffer.from('["\\u0000","x"]').toString('base64url');
    for (const path of [
      '/api/v1/records/deal?source_id=%00',
      `/api/v1/records/deal?cursor=${cursor}`,
      '/api/v1/audit?principal=%00',
      '/api/v1/imports/%00',
    ]) {
      const answer = await harness.send('GET', path);
      expect([path, answer.status, answer.text.includes('statement')]).toEqual([
        path,
        expect.toSatisfy((status) => status === 400 || status === 404),
        false,
      ]);
    }
    const key = { role: 'analyst', name: 'a\u0000b' };
    expect(await harness.send('POST', '/api/v1/keys', { body: key })).toMatchObject({ status: 400, json: { code: 'invalid_request' } });
  });

  it('a deletion may say that it has JSON, and a page out of its folder is not there', async () => {
    const { json } = await harness.send('POST', CONTACT, { body: { source_id: 'gone' } });
    const headers = { 'content-type': 'application/json' };
    const answer = await harness.send('DELETE', `/api/v1/records/contact/${json.id}`, { headers, alone: true });
    expect(answer.status).toBe(200);
    const { hostname, port } = new URL(harness.address);
    const status = await new Promise((resolve, reject) => {
      httpRequest({ hostname, port, path: '/docs/static/%2e%2e/%2e%2e/package.json' }, (response) => resolve(response.resume().statusCode))
        .once('error', reject)
        .end();
    });
    expect(status).toBe(404);
  });

  it('takes a body that comes in pieces, or late, on the ordinary way', async () => {
    const body = JSON.stringify({ source_id: 'pieces', first_name: 'Grace' });
    const { hostname, port } = new URL(harness.address);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${harness.keys.get('admin')}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      };
      const sent = httpRequest({ hostname, port, path: CONTACT, method: 'POST', headers }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode));
      });
      sent.once('error', reject);
      sent.write(body.slice(0, 10), () => setImmediate(() => sent.end(body.slice(10))));
    });
    expect(status).toBe(200);
    const { json } = await harness.send('GET', `${CONTACT}&source_id=pieces`, { key: 'admin' });
    expect(json.records).toMatchObject([{ data: { first_name: 'Grace' } }]);
  });
});
