import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from '../testing/api-harness.ts';

describe('an Idempotency-Key', () => {
  let harness: ApiHarness;
  beforeAll(async () => {
    harness = await openApiHarness();
    await harness.makeKey('admin', { role: 'admin' });
  });
  afterAll(() => harness.close());

  const headers = { 'idempotency-key': 'once' };
  /** POST routes that change something and would do it again. */
  const REFUSED = [
    'createKey',
    'createWorkspace',
    'replayDeadLetters',
    'discardDeadLetters',
    'eraseRecord',
    'rebuildWarehouse',
    'replaySetAside',
  ];
  const HELD = ['writeRecords', 'startImport'];
  const READ_ONLY = ['queryMetrics', 'explainMetrics', 'drillDown'];

  it('is held, of no consequence, or refused: never ignored where something would happen twice', async () => {
    const { paths } = (await harness.send('GET', '/openapi.json', { key: '' })).json;
    const refused: string[] = [];
    for (const { method, url, examples } of harness.api.routes) {
      const [example] = examples;
      if (method !== 'POST' || example === undefined) continue;
      const { operationId } = paths[url.replaceAll(/:(\w+)/g, '{$1}')].post;
      const answer = await harness.send(method, example.path, { headers: { ...example.headers, ...headers }, body: example.body });
      if (answer.json?.code === 'idempotency_not_supported') refused.push(operationId);
      else if (HELD.includes(operationId) || READ_ONLY.includes(operationId)) expect(answer.status, operationId).toBe(example.status);
    }
    expect(refused).toEqual(expect.arrayContaining(REFUSED));
    for (const operation of [...HELD, ...READ_ONLY]) expect(refused).not.toContain(operation);
  });

  it.each(['', 'a b', 'x'.repeat(201)])('that cannot be one is refused by one code, wherever it may be sent: "%s"', async (key) => {
    const form = harness.api.routes.find(({ method, url }) => `${method} ${url}` === 'POST /api/v1/imports')?.examples[0];
    const { id } = (await harness.send('POST', '/api/v1/records/deal?source_system=keys', { body: { source_id: 'K' } })).json;
    const requests: [string, string, { headers?: Readonly<Record<string, string>> | undefined; body?: unknown }][] = [
      ['POST', '/api/v1/records/deal?source_system=keys', { body: { source_id: 'K', name: 'k' } }],
      ['POST', '/api/v1/records/deal?source_system=keys', { body: [{ source_id: 'K', name: 'k' }] }],
      [
        'POST',
        '/api/v1/records/deal?source_system=keys',
        { body: '{"source_id":"K"}\n', headers: { 'content-type': 'application/x-ndjson' } },
      ],
      ['PATCH', `/api/v1/records/deal/${id}`, { body: { name: 'k' } }],
      ['DELETE', `/api/v1/records/deal/${id}`, {}],
      ['POST', '/api/v1/imports', { body: form?.body, headers: form?.headers }],
    ];
    for (const [method, path, { headers: own, body }] of requests) {
      const { status, json } = await harness.send(method, path, { headers: { ...own, 'idempotency-key': key }, body });
      expect([method, path, status, json.code]).toEqual([method, path, 400, 'invalid_idempotency_key']);
    }
    expect((await harness.send('GET', `/api/v1/records/deal/${id}`)).json.version).toBe(1);
  });

  it('makes no key where it is refused', async () => {
    const names = async () => (await harness.send('GET', '/api/v1/keys')).json.keys.map(({ name }: { name: string }) => name);
    const before = await names();
    const { status, json } = await harness.send('POST', '/api/v1/keys', { headers, body: { name: 'twice', role: 'viewer' } });
    expect([status, json.code]).toEqual([400, 'idempotency_not_supported']);
    expect(await names()).toEqual(before);
  });
});
