import { createTestObservability } from '@sophia/observability/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from '../testing/api-harness.ts';

describe('problems', () => {
  const observability = createTestObservability({ traces: true });
  let harness: ApiHarness;
  beforeAll(async () => {
    // Nobody finds room.
    const limits = { bodyBytes: 2 ** 20, importBytes: 2 ** 30, requestMilliseconds: 30_000, concurrency: 0, eventLoopDelay: 500 };
    harness = await openApiHarness({
      observability,
      http: { limits, corsOrigins: ['https://dashboard.example'] },
      services: { health: fail },
    });
    await harness.makeKey('admin', { role: 'admin' });
  });
  afterAll(() => harness.close());

  const errors = (message: string) => observability.lines().filter(({ level, msg }) => level === 'error' && msg === message);

  it('of an overload are counted, and not logged as errors', async () => {
    for (let time = 0; time < 5; time += 1) expect((await harness.send('GET', '/api/v1/metrics')).status).toBe(503);
    expect(errors('Overloaded')).toEqual([]);
    expect((await harness.send('GET', '/metrics', { key: '' })).text).toContain('sophia_http_problems_total{code="overloaded"} 5');
  });

  it('that are defects are logged whole, with the request', async () => {
    const { status, headers, json } = await harness.send('GET', '/health', { key: '' });
    expect([status, json.code]).toEqual([500, 'internal_error']);
    expect(errors('Internal error')).toEqual([
      expect.objectContaining({ request_id: headers.get('x-request-id'), err: expect.objectContaining({ message: 'out of luck' }) }),
    ]);
  });

  it('that are the server’s fail their spans, by their code', async () => {
    await harness.send('GET', '/api/v1/metrics?name=Jane', { headers: { 'x-request-id': 'a' } });
    await harness.send('GET', '/api/v1/nowhere');
    const ended = (name: string) =>
      observability
        .spans()
        .filter((span) => span.name === name)
        .at(-1);
    await expect
      .poll(() => ended('GET /api/v1/metrics'))
      .toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'overloaded' } });
    const common = { 'http.request.method': 'GET', 'url.scheme': 'http' };
    // Whose parameters may hold names.
    expect(ended('GET /api/v1/metrics')?.attributes).toEqual({
      ...common,
      'url.path': '/api/v1/metrics',
      'http.route': '/api/v1/metrics',
      'http.response.status_code': 503,
      'error.type': 'overloaded',
    });
    await expect.poll(() => ended('GET')).toMatchObject({ status: { code: 0 } });
    expect(ended('GET')?.attributes).toEqual({ ...common, 'url.path': '/api/v1/nowhere', 'http.response.status_code': 404 });
  });

  it('and answers are shown to the pages of sites that are allowed, and to no others', async () => {
    const allowed = async (origin: string) => {
      const { status, headers } = await harness.send('GET', '/health/live', { key: '', headers: { origin } });
      return [status, headers.get('access-control-allow-origin')];
    };
    expect(await allowed('https://dashboard.example')).toEqual([200, 'https://dashboard.example']);
    expect(await allowed('https://elsewhere.example')).toEqual([200, null]);
  });

  it('do not come of what a browser asks before it calls: that needs neither a key nor room', async () => {
    const preflight = async (origin: string) => {
      const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' };
      const { status, headers } = await harness.send('OPTIONS', '/api/v1/metrics/query', { key: '', headers: { origin, ...asked } });
      return { status, origin: headers.get('access-control-allow-origin'), headers };
    };
    const { headers, ...allowed } = await preflight('https://dashboard.example');
    expect(allowed).toEqual({ status: 204, origin: 'https://dashboard.example' });
    expect(headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST, PUT, PATCH, DELETE');
    expect(headers.get('access-control-allow-headers')).toBe('authorization,content-type');
    expect(headers.get('vary')).toMatch(/\borigin\b/i);
    expect(await preflight('https://elsewhere.example')).toMatchObject({ origin: null });
    const { text } = await harness.send('GET', '/metrics', { key: '' });
    expect(text).toContain('sophia_http_request_duration_seconds_count{route="*",method="OPTIONS",status="204"} 2');
  });
});

const fail = (): never => {
  throw new Error('out of luck');
};
