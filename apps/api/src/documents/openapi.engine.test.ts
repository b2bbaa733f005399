import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from '../testing/api-harness.ts';
import { openApiProblems, operationsOf } from '../testing/openapi-problems.ts';

describe('the OpenAPI document', () => {
  let harness: ApiHarness;
  // biome-ignore lint/suspicious/noExplicitAny: a document of JSON, looked at here.
  let document: any;
  const operation = (method: string, url: string) => document.paths[url.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
  const headersOf = (method: string, url: string): string[] =>
    (operation(method, url).parameters ?? [])
      .filter((parameter: { in: string }) => parameter.in === 'header')
      .map(({ name }: { name: string }) => name);

  beforeAll(async () => {
    harness = await openApiHarness();
    document = (await harness.send('GET', '/openapi.json', { key: '' })).json;
  });
  afterAll(() => harness.close());

  it('holds to the rules of OpenAPI 3.1', () => {
    expect(openApiProblems(document)).toEqual([]);
    expect(operationsOf(document).length).toBeGreaterThan(harness.api.routes.length);
  });

  it('has a body, with its examples, wherever a route’s examples send one', () => {
    for (const { method, url, examples } of harness.api.routes) {
      const sent = examples.filter(({ body }) => body !== undefined);
      const { requestBody } = operation(method, url);
      expect(requestBody !== undefined, `${method} ${url}`).toBe(requestBody !== undefined || sent.length > 0);
      for (const { body, headers } of sent) {
        const type = headers?.['content-type']?.split(';')[0] ?? 'application/json';
        const media = requestBody?.content[type];
        const shown = Object.values<{ value: unknown }>(media?.examples ?? {}).map(({ value }) => value);
        expect(shown, `${method} ${url} as ${type}`).toContainEqual(body);
      }
    }
  });

  it('names schemas that are used in several places, also those that hold themselves', () => {
    const { MetricQuery, Filter, PolicyFilter } = document.components.schemas;
    const reference = { $ref: '#/components/schemas/Filter' };
    expect(MetricQuery.properties.filters.items).toEqual(reference);
    expect(JSON.stringify(Filter)).toContain(JSON.stringify(reference));
    expect(JSON.stringify(PolicyFilter)).toContain('#/components/schemas/PolicyFilter');
  });

  it('stays as it is where a collection for Postman is made of it, once', async () => {
    const collection = await harness.send('GET', '/postman.json', { key: '' });
    expect([collection.headers.get('content-type'), collection.json.info.name]).toEqual(['application/json; charset=utf-8', 'Sophia']);
    expect((await harness.send('GET', '/postman.json', { key: '' })).text).toBe(collection.text);
    expect((await harness.send('GET', '/openapi.json', { key: '' })).json).toEqual(document);
  });

  it('is shown by pages that ask nothing of other servers, to which the bare address leads', async () => {
    const start = await fetch(harness.address);
    expect([start.status, new URL(start.url).pathname]).toEqual([200, expect.stringMatching(/^\/docs/)]);
    expect((await harness.send('GET', '/redoc', { key: '' })).text).toContain('<link rel="icon" href="data:,">');
    const script = await harness.send('GET', '/redoc/redoc.standalone.js', { key: '' });
    expect([script.text.includes('"data:,"'), script.text.includes('cdn.redoc.ly/redoc/logo')]).toEqual([true, false]);
  });

  it('takes a form as a form, and rows in each of their types', () => {
    expect(Object.keys(operation('POST', '/api/v1/imports').requestBody.content)).toEqual(['multipart/form-data']);
    expect(Object.keys(operation('POST', '/api/v1/records/:type').requestBody.content)).toEqual(
      expect.arrayContaining(['application/json', 'application/x-ndjson', 'text/csv']),
    );
  });

  it('names the headers that routes read, and 304', () => {
    for (const { method, url } of harness.api.routes) expect(headersOf(method, url), `${method} ${url}`).toContain('sophia-workspace');
    expect(headersOf('GET', '/api/v1/metrics/query')).toEqual(expect.arrayContaining(['sophia-after', 'sophia-cache', 'if-none-match']));
    expect(headersOf('POST', '/api/v1/metrics/query')).toContain('sophia-cache');
    for (const method of ['PATCH', 'DELETE']) {
      expect(headersOf(method, '/api/v1/records/:type/:id')).toEqual(expect.arrayContaining(['if-match', 'idempotency-key']));
    }
    expect(operation('GET', '/api/v1/metrics/query').responses['304'].content).toBeUndefined();
  });

  it('has the open routes too, without a credential', () => {
    for (const url of ['/health/live', '/health/ready', '/health', '/api/v1/health', '/metrics', '/errors/:code']) {
      expect(operation('GET', url).security, url).toEqual([]);
    }
  });
});
