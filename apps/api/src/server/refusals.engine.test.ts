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
  ])('is told what is taken where its body is rows: %s %s', async (method, path) => {
    for (const type of ['text/csv', 'application/x-ndjson', 'text/plain', 'nonsense']) {
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

  it('is told each type that is taken, of rows and of forms', async () => {
    expect((await send('POST', '/records/deal?source_system=x', 'x', 'text/plain')).detail).toContain(
      'takes application/json, application/x-ndjson, ',
    );
    expect((await send('POST', '/imports', 'x', 'text/csv')).detail).toContain('takes multipart/form-data, not text/csv.');
    expect((await send('POST', '/nowhere', 'x', 'text/csv')).code).toBe('not_found');
  });
});
