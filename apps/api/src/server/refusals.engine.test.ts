import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from '../testing/api-harness.ts';

describe('a request that no route takes as it is', () => {
  let harness: ApiHarness;
  beforeAll(async () => {
    harness = await openApiHarness();
    await harness.makeKey('admin', { role: 'admin' });
  });
  afterAll(() => harness.close());

  const send = async (method: string, path: string, body: unknown, type = 'application/json') =>
    (await harness.send(method, `/api/v1${path}`, { body, headers: { 'content-type': type } })).json;

  it.each([
    ['POST', '/metrics/query'],
    ['POST', '/metrics/explain'],
    ['PATCH', '/records/deal/1'],
    ['PUT', '/dead-letters/1'],
    ['PUT', '/policies'],
    ['POST', '/keys'],
    ['PUT', '/workspaces/settings'],
    ['DELETE', '/records/deal/1'],
  ])('is told what is taken where its body is rows: %s %s', async (method, path) => {
    for (const type of ['text/csv', 'application/x-ndjson', 'text/plain', 'multipart/form-data; boundary=x', 'nonsense']) {
      const { code, detail } = await send(method, path, 'x', type);
      expect([code, detail]).toEqual(['unsupported_media_type', expect.stringMatching(` takes application/json, not ${type}\\.$`)]);
    }
  });

  it.each([
    [{ and: [], or: [{ field: 'status', operator: 'eq', values: ['won'] }] }, 'filter must not have or or must not have and'],
    [null, 'filter must be object'],
  ])('is told where its filter is none: %j', async (filter, detail) => {
    const { json } = await harness.send('GET', `/api/v1/records/deal?filter=${encodeURIComponent(JSON.stringify(filter))}`);
    expect(json).toMatchObject({ code: 'invalid_filter', detail });
  });

  it.each([
    ['PUT', '/policies', { rules: [], if_version: 2 ** 31 }, 'invalid_policy'],
    ['PUT', '/policies', { rules: [], if_version: 1e21 }, 'invalid_policy'],
    ['PUT', '/policies', { rules: [], if_version: 2 ** 31 - 1 }, 'policy_conflict'],
    ['POST', '/keys', { name: 'x', role: 'viewer', expires_at: '+275760-09-13T00:00:00Z' }, 'invalid_key_request'],
  ])('is told what is beyond all that can be kept: %s %s %j', async (method, path, body, code) => {
    expect((await send(method, path, JSON.stringify(body))).code).toBe(code);
  });

  it('who may not replace policies is told so, not what is wrong with them, and it is audited', async () => {
    await harness.makeKey('who may not', { role: 'analyst' });
    const { status, json } = await harness.send('PUT', '/api/v1/policies', { key: 'who may not', body: { rules: 5 } });
    expect([status, json.code]).toEqual([403, 'forbidden']);
    const { entries } = await harness.test.platform.auth.audit.list(harness.test.call, { action: 'policy.replace' });
    expect(entries).toMatchObject([{ result: 'forbidden', object: 'policy' }]);
  });

  it.each([
    ['POST', '/metrics/query', '{"metrics":["revenue"],"filters":[{"field":"deal.stage","operator":"eq","values":["\\ud800"]}]}'],
    ['POST', '/keys', '{"name":"\\ud800","role":"viewer"}'],
    ['POST', '/records/deal/1/erase', '{"reason":"\\u0000"}'],
    ['PUT', '/record-types/halved', '{"type":"object","description":"\\udfff","properties":{}}'],
    ['PUT', '/policies', '{"rules":[{"rule":"forbid","roles":["viewer"],"actions":["\\ud800"]}]}'],
  ])('is told where it has half of a character: %s %s', async (method, path, body) => {
    const { code, detail } = await send(method, path, body);
    expect([code, detail]).toEqual(['invalid_request', expect.stringMatching(/^\/[a-z]\S* has a NUL or half of a character/)]);
  });

  it('is told so of a parameter too, and rows of their own', async () => {
    const filter = encodeURIComponent('{"field":"stage","operator":"eq","values":["\\ud800"]}');
    expect((await harness.send('GET', `/api/v1/records/deal?filter=${filter}`)).json).toMatchObject({
      code: 'invalid_filter',
      detail: expect.stringMatching(/^filter\/values\/0 has a NUL or half/),
    });
    expect(await send('POST', '/records/deal?source_system=x', '{"source_id":"half","name":"\\ud800"}')).toMatchObject({
      code: 'row_rejected',
    });
    const { json: letters } = await harness.send('GET', '/api/v1/dead-letters?source_system=x');
    const letter = letters.dead_letters[0].id;
    const half = '{"source_id":"half","name":"\\ud800\\u0000"}';
    expect((await harness.send('PUT', `/api/v1/dead-letters/${letter}`, { body: half })).status).toBe(200);
    expect(await send('POST', '/dead-letters/replay', `{"ids":["${letter}"]}`)).toMatchObject({ rejected: 1 });
  });

  it.each([
    ['/%ff', 'The path is not encoded as UTF-8 in percents.'],
    [`/records/deal/${'1'.repeat(501)}`, 'A part of the path is too long.'],
  ])('is told what is wrong with its path: %s', async (path, detail) => {
    const { status, headers, json } = await harness.send('GET', `/api/v1${path}`);
    expect([status, json]).toEqual([400, expect.objectContaining({ code: 'invalid_request', detail, instance: expect.any(String) })]);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-request-id')).toBe(json.instance);
  });

  it.each(['/records/deal?source_system=B%F6ro', '/records/deal?source_system=50%&limit=1'])(
    'is told that its parameters are not encoded: %s',
    async (path) => {
      for (const method of ['GET', 'POST']) {
        const { code, detail } = await send(method, path, method === 'GET' ? undefined : '{"source_id":"x"}');
        expect([code, detail]).toEqual(['invalid_request', 'The parameters are not encoded as UTF-8 in percents.']);
      }
      expect((await harness.send('GET', '/api/v1/records/deal?source_system=B%C3%B6ro')).json.records).toEqual([]);
    },
  );

  it.each([
    ['PATCH', '/metrics', 'GET, HEAD'],
    ['DELETE', '/records/deal', 'GET, HEAD, POST'],
    ['PUT', '/records/deal/1/history', 'GET, HEAD'],
    ['PROPFIND', '/keys', 'GET, HEAD, POST'],
    ['OPTIONS', '/dead-letters/1', 'GET, HEAD, PUT'],
    ['OPTIONS', '/dead-letters/replay', 'POST'],
    ['OPTIONS', '/projections/warehouse/set-aside/replay', 'POST'],
  ])('is told the methods that its path has: %s %s', async (method, path, allow) => {
    const { status, headers, json } = await harness.send(method, `/api/v1${path}`);
    expect([status, json.code, headers.get('allow')]).toEqual([405, 'method_not_allowed', allow]);
  });

  it.each([
    ['POST', '/records/deal?source_system=x&dry_run=true', '{"source_id":"x"}'],
    ['GET', '/records/deal/1/history?limt=5', undefined],
    ['GET', '/metrics?limit=5', undefined],
    ['PUT', '/workspaces/settings?x=1', '{}'],
  ])('is told the parameter that nothing reads: %s %s', async (method, path, body) => {
    const { json } = await harness.send(method, `/api/v1${path}`, { body });
    expect(json).toMatchObject({ code: 'invalid_request', detail: expect.stringContaining('must NOT have additional properties') });
  });

  it('is told that its cursor of a history is none', async () => {
    const { id } = await send('POST', '/records/deal?source_system=x', '{"source_id":"history"}');
    for (const version of ['"-5"', '-1', '"1.5"']) {
      const cursor = Buffer.from(`["history/${id}",${version}]`).toString('base64url');
      const { json } = await harness.send('GET', `/api/v1/records/deal/${id}/history?cursor=${cursor}`);
      expect(json.code).toBe('invalid_cursor');
    }
  });

  it.each([
    [{ name: 'x', role: 'viewer', requests_per_second: true }, '/requests_per_second must be integer'],
    [{ name: 5, role: 'viewer' }, '/name must be string'],
    [{ name: 'x', role: 'viewer', installation: 'false' }, '/installation must be boolean'],
  ])('is told which of its values are of another type: %j', async (body, detail) => {
    expect(await send('POST', '/keys', JSON.stringify(body))).toMatchObject({ code: 'invalid_request', detail });
  });

  it.each([
    ['POST', '/metrics/query', 20_000],
    ['POST', '/metrics/drill-down', 20_000],
    ['POST', '/keys', 20_000],
    ['PUT', '/policies', 20_000],
    ['PATCH', '/records/deal/1', 10_000],
    ['PUT', '/dead-letters/1', 10_000],
    ['POST', '/records/deal?source_system=x', 10_000],
  ])('is refused before it is parsed where it holds very much: %s %s', async (method, path, most) => {
    const body = `{"a":"${','.repeat(30_000)}",${'"b":[1],'.repeat(most / 2)}"c":no JSON}`;
    expect(await send(method, path, body)).toMatchObject({
      code: 'too_many_members',
      detail: `The body has more than ${most} members and values.`,
    });
  });

  it('holds as much in each of its queries', async () => {
    const query = (values: number) => ({
      metrics: ['revenue'],
      filters: [{ field: 'deal.stage', operator: 'in', values: Array(values).fill('Won') }],
    });
    const bodyOf = (values: number) => JSON.stringify(Array.from({ length: 3 }, () => query(values)));
    expect(await send('POST', '/metrics/query', bodyOf(9_000))).toMatchObject({ code: 'invalid_request' });
    expect(await send('POST', '/metrics/query', bodyOf(21_000))).toMatchObject({
      code: 'too_many_members',
      detail: 'An item has more than 20000 members and values.',
    });
  });

  it('is told the first of very many problems, and how many there are', async () => {
    const body = { name: 'x', role: 'viewer', ...Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`x${index}`, 1])) };
    const { problems, problem_count: count, detail } = await send('POST', '/keys', JSON.stringify(body));
    expect([problems.length, count, detail]).toEqual([20, 50, expect.stringMatching(/\(x19\); and 30 more$/)]);
    expect((await send('POST', '/metrics/query', JSON.stringify({ metrics: [], filters: [body] }))).problem_count).toBeUndefined();
  });

  it('is told what is wrong with a body as a whole', async () => {
    expect((await send('POST', '/keys', '"\\ud800"')).detail).toMatch(/^The body has a NUL or half of a character/);
    const headers = { 'content-type': 'application/json', 'content-encoding': 'nonsense' };
    expect((await harness.send('POST', '/api/v1/keys', { body: '{}', headers })).json.code).toBe('unsupported_media_type');
  });

  it.each(['application/x-www-form-urlencoded', 'text/plain;charset=UTF-8'])(
    'is not asked for a type where it has no body: %s',
    async (type) => {
      expect(await send('POST', '/projections/warehouse/set-aside/replay', '', type)).toEqual({ succeeded: 0, failed: 0 });
      expect((await send('POST', '/keys', '', type)).code).toBe('invalid_request');
      expect((await send('POST', '/records/deal?source_system=x', '', type)).code).toBe('invalid_request');
      expect((await send('POST', '/imports', '', type)).code).toBe('unsupported_media_type');
      expect((await send('POST', '/nowhere', '', type)).code).toBe('not_found');
    },
  );

  it('is told each type that is taken, of rows and of forms', async () => {
    expect((await send('POST', '/records/deal?source_system=x', 'x', 'text/plain')).detail).toContain(
      'takes application/json, application/x-ndjson, ',
    );
    expect((await send('POST', '/imports', 'x', 'text/csv')).detail).toContain('takes multipart/form-data, not text/csv.');
    expect((await send('POST', '/nowhere', 'x', 'text/csv')).code).toBe('not_found');
  });
});
