import { createTestObservability } from '@sophia/observability/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { type ApiHarness, type ApiHarnessOptions, openApiHarness } from '../testing/api-harness.ts';

const PATH = `/api/v1/metrics/query?q=${encodeURIComponent(JSON.stringify({ metrics: ['revenue'] }))}`;

describe('an answer out of memory', () => {
  let harness: ApiHarness;
  const open = async (options: ApiHarnessOptions = {}): Promise<void> => {
    harness = await openApiHarness(options);
    await harness.makeKey('admin', { role: 'admin' });
    // Asked for and remembered.
    await get();
    await get();
  };
  afterEach(() => harness.close());

  const get = async (headers: Readonly<Record<string, string>> = {}, alone = false, key = 'admin') => {
    const answer = await harness.send('GET', PATH, { headers, alone, key });
    // Only the framework sets it.
    return { ...answer, isLean: !answer.headers.has('content-security-policy') };
  };
  const addresses = async (): Promise<string[]> => {
    await harness.test.platform.auth.audit.flush();
    const { entries } = await harness.test.platform.auth.audit.list(harness.test.call, { action: 'query' });
    return entries.map(({ address }) => address ?? '');
  };

  it('is given without the framework, and computed anew where the caller asks for that', async () => {
    await open();
    const lean = await get();
    expect([lean.isLean, lean.json.cache.tier]).toEqual([true, 'L1']);
    const offTheSocket = await get({}, true);
    expect([offTheSocket.isLean, offTheSocket.status, offTheSocket.json.cache.tier]).toEqual([true, 200, 'L1']);
    expect([offTheSocket.json.columns, offTheSocket.json.rows]).toEqual([lean.json.columns, lean.json.rows]);
    const anew = await get({ 'sophia-cache': 'bypass' });
    expect([anew.isLean, anew.json.cache.tier, anew.json.rows]).toEqual([false, 'none', lean.json.rows]);
  });

  it('is not given to whoever may not ask that: the ordinary way says so, and all goes on', async () => {
    await open();
    await harness.makeKey('viewer', { role: 'viewer' });
    await harness.send('GET', PATH, { key: 'viewer' });
    const path = `/api/v1/metrics/query?q=${encodeURIComponent(JSON.stringify({ metrics: ['revenue'], dimensions: ['user.name'] }))}`;
    for (const alone of [false, true]) {
      expect((await harness.send('GET', path, { alone })).status).toBe(200);
      const refused = await harness.send('GET', path, { key: 'viewer', alone });
      expect([refused.status, refused.json.code]).toEqual([403, 'identifying_dimension']);
      expect((await harness.send('GET', path, { alone })).status).toBe(200);
    }
  });

  it('is of the workspace that is named, or of the credential’s own where none is, and whole whatever its names are written with', async () => {
    await open();
    const won = { source_id: 'D-1', status: 'won', amount: '5', currency: 'USD', close_date: '2017-06-01' };
    await harness.makeKey('other', { role: 'admin', workspace: 'other' });
    const path = `/api/v1/records/deal?source_system=${encodeURIComponent('übung 練習')}`;
    const { json: written } = await harness.send('POST', path, { key: 'other', body: won });
    await get({ 'sophia-after': written.token }, false, 'other');
    for (const alone of [false, true]) {
      const [own, ofOther] = [await get({}, alone), await get({}, alone, 'other')];
      expect([own.isLean, ofOther.isLean, ofOther.json.rows]).toEqual([true, true, [['5.0000']]]);
      expect(ofOther.headers.get('content-length')).toBe(`${Buffer.byteLength(ofOther.text)}`);
      expect(ofOther.json.freshness.sources).toMatchObject([{ source_system: 'übung 練習' }]);
      expect(own.json.rows).not.toEqual(ofOther.json.rows);
      expect((await get({ 'sophia-workspace': 'other' }, alone)).json.rows).toEqual(ofOther.json.rows);
      expect((await get({ 'sophia-workspace': 'main' }, alone)).json.rows).toEqual(own.json.rows);
      const refused = await get({ 'sophia-workspace': 'main' }, alone, 'other');
      expect([refused.status, refused.json.code]).toEqual([403, 'forbidden']);
    }
  });

  it('is not sent to whoever has it: by one tag, a list, or *, on both ways', async () => {
    await open();
    const tag = (await get()).headers.get('etag') ?? '';
    for (const known of [tag, tag.replace('W/', ''), `"other", ${tag}`, '*']) {
      for (const [way, alone] of [
        [{}, false],
        [{}, true],
        [{ origin: 'https://example.org' }, false],
      ] as const) {
        const answer = await get({ 'if-none-match': known, ...way }, alone);
        expect([answer.status, answer.text, answer.isLean], `${known} ${Object.keys(way)}`).toEqual([304, '', !('origin' in way)]);
      }
    }
    expect((await get({ 'if-none-match': '"other", W/"another"' })).status).toBe(200);
  });

  it('and a record are kept apart from those for pages of other origins, where there may be any', async () => {
    const origin = 'https://dashboard.example';
    await open({ http: { corsOrigins: [origin] } });
    const vary = async (path: string, way: { headers?: Record<string, string>; alone?: boolean }) => {
      const { headers } = await harness.send('GET', path, way);
      return headers.get('vary')?.toLowerCase().split(', ').sort();
    };
    const body = { source_id: 'kept', name: 'Kept' };
    const { id } = (await harness.send('POST', '/api/v1/records/deal?source_system=vary', { body })).json;
    for (const path of [PATH, `/api/v1/records/deal/${id}`]) {
      for (const way of [{}, { alone: true }, { headers: { origin } }]) {
        expect(await vary(path, way)).toEqual(['accept-encoding', 'authorization', 'origin']);
      }
    }
    const { headers } = await get({ origin });
    expect(headers.get('access-control-expose-headers')?.split(', ')).toEqual(
      expect.arrayContaining(['retry-after', 'ratelimit', 'etag', 'sophia-token', 'sophia-complete-to', 'sophia-position']),
    );
  });

  it('behind a proxy is audited with the caller’s address', async () => {
    await open({ http: { trustedProxies: ['127.0.0.1'] } });
    const answer = await get({ 'x-forwarded-for': '192.0.2.7' });
    expect([answer.isLean, answer.json.cache.tier]).toEqual([false, 'L1']);
    expect(await addresses()).toContain('192.0.2.7');
    // Who is not a proxy is not believed.
    await harness.close();
    await open();
    await get({ 'x-forwarded-for': '192.0.2.8' });
    expect(await addresses()).not.toContain('192.0.2.8');
  });

  it('has a trace where every request is traced', async () => {
    const observability = createTestObservability({ traces: true });
    await open({ observability });
    expect((await get()).isLean).toBe(false);
    expect(observability.spans().filter(({ name }) => name === 'GET /api/v1/metrics/query')).toHaveLength(3);
  });
});
