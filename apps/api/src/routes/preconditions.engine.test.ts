import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from '../testing/api-harness.ts';

/** A trace is told to the framework's way alone. */
const FRAMEWORK = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const CONTACTS = '/api/v1/records/contact?source_system=conditions';

describe('a request with a condition', () => {
  let harness: ApiHarness;
  let path: string;
  beforeAll(async () => {
    harness = await openApiHarness();
    for (const role of ['admin', 'analyst'] as const) await harness.makeKey(role, { role });
    const body = { source_id: 'one', first_name: 'Ada', email: 'ada@example.org', source_version: '1' };
    path = `/api/v1/records/contact/${(await harness.send('POST', CONTACTS, { body })).json.id}`;
  });
  afterAll(() => harness.close());

  const read = (sent: { key?: string; headers: Record<string, string>; alone?: boolean }) => harness.send('GET', path, sent);
  /** Without the framework, with it, and off the socket. */
  const ways = async (key: string, headers: Record<string, string>) => {
    const answers = [];
    for (const sent of [{ headers }, { headers: { ...headers, ...FRAMEWORK } }, { headers, alone: true }]) {
      const { status, text, headers: got } = await read({ key, ...sent });
      answers.push({ status, text, kept: ['etag', 'cache-control', 'vary'].map((name) => got.get(name)) });
    }
    const [first, ...others] = answers;
    for (const other of others) expect(other).toEqual(first);
    return first as (typeof answers)[number];
  };

  it('is not sent the record that it has: what is seen of it by whoever asks', async () => {
    const [all, masked] = [await ways('admin', {}), await ways('analyst', {})];
    const [tag = '', ...caching] = all.kept;
    expect(all).toMatchObject({ status: 200, text: expect.stringContaining('ada@example.org') });
    expect(caching).toEqual(['private, no-cache', 'authorization, accept-encoding']);
    expect(masked.text).not.toContain('ada@example.org');
    expect(masked.kept[0]).not.toBe(tag);
    for (const known of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      expect(await ways('admin', { 'if-none-match': `${known}` })).toEqual({ status: 304, text: '', kept: all.kept });
    }
    for (const [headers, status] of [
      [{}, 200],
      [{ 'if-none-match': `${tag}` }, 304],
    ] as const) {
      const head = await harness.send('HEAD', path, { headers });
      expect([head.status, head.text, head.headers.get('etag')]).toEqual([status, '', tag]);
    }
    expect(await ways('analyst', { 'if-none-match': `${tag}` })).toEqual(masked);
  });

  it('is sent it where it has changed, also without a version, and first waits for what it has written', async () => {
    const tag = async () => (await read({ headers: {} })).headers.get('etag') ?? '';
    const before = await tag();
    const row = { source_id: 'one', first_name: 'Ada', email: 'ada@example.org' };
    const moved = await harness.send('POST', CONTACTS, { body: { ...row, source_version: '2' } });
    expect(moved.json).toMatchObject({ unchanged: 1 });
    const between = await read({ headers: { 'if-none-match': before, 'sophia-after': moved.json.token } });
    expect(between).toMatchObject({ status: 200, json: { version: 1, source_version: '2' } });
    const { token } = (await harness.send('PATCH', path, { body: { first_name: 'Grace' }, headers: { 'if-match': await tag() } })).json;
    const headers = { 'if-none-match': await tag(), 'sophia-after': token };
    expect(await read({ headers })).toMatchObject({ status: 304 });
    expect(await read({ headers: { ...headers, 'if-none-match': before } })).toMatchObject({ status: 200, json: { version: 2 } });
  });

  it('is answered where the record has the version that it names', async () => {
    const { etag } = Object.fromEntries((await read({ headers: {} })).headers) as { etag: string };
    for (const tag of [etag, `W/${etag}`]) expect((await ways('admin', { 'if-match': tag })).status).toBe(200);
    expect((await ways('admin', { 'if-match': '"2"' })).status).toBe(200);
    expect((await ways('admin', { 'if-match': '"2"', 'if-none-match': etag })).status).toBe(304);
    for (const [tag, status, code] of [
      ['"1"', 412, 'version_conflict'],
      ['nonsense', 400, 'invalid_request'],
    ] as const) {
      for (const headers of [{ 'if-match': tag }, { 'if-match': tag, ...FRAMEWORK }]) {
        expect(await read({ headers })).toMatchObject({ status, json: { code } });
      }
    }
  });

  it('is refused where nobody would look at it', async () => {
    const taken: string[] = [];
    for (const { method, url, examples } of harness.api.routes) {
      const [example] = examples;
      if (example === undefined || !url.startsWith('/api/v1')) continue;
      for (const name of ['if-match', 'if-none-match']) {
        const headers = { ...example.headers, [name]: '"1"' };
        const { status, json } = await harness.send(method, example.path, { headers, body: example.body });
        if (json?.code !== 'precondition_not_supported') taken.push(`${method} ${url} ${name}`);
        else expect([status, json.detail]).toEqual([400, expect.stringMatching(/ does not look at If-(None-)?Match\.$/)]);
      }
    }
    const changing = taken.filter((each) => !each.startsWith('GET') && !/\/metrics\//.test(each));
    expect(changing).toEqual(['PATCH /api/v1/records/:type/:id if-match', 'DELETE /api/v1/records/:type/:id if-match']);
    expect(taken.filter((each) => / if-match$/.test(each))).toEqual(['GET /api/v1/records/:type/:id if-match', ...changing]);
  });

  it('writes no record where its condition is not looked at, on no way', async () => {
    for (const name of ['if-match', 'if-none-match']) {
      for (const sent of [{}, { alone: true }]) {
        const answer = await harness.send('POST', CONTACTS, { ...sent, headers: { [name]: '*' }, body: { source_id: 'never' } });
        expect([answer.status, answer.json.code]).toEqual([400, 'precondition_not_supported']);
      }
    }
    expect((await harness.send('GET', `${CONTACTS}&source_id=never`)).json.records).toEqual([]);
    const query = `/api/v1/metrics/query?q=${encodeURIComponent(JSON.stringify({ metrics: ['deals_won'] }))}`;
    for (const _ of ['computed', 'in memory']) {
      expect((await harness.send('GET', query)).status).toBe(200);
      expect((await harness.send('GET', query, { headers: { 'if-match': '"x"' } })).status).toBe(400);
    }
  });
});
