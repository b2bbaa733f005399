import { ERROR_CODES, ROLES } from '@sophia/types';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiServer } from './server/api-server.ts';
import { type ApiHarness, openApiHarness } from './testing/api-harness.ts';

describe('the REST interface', () => {
  let harness: ApiHarness;
  let api: ApiServer;
  let keys: Map<string, string>;
  let send: ApiHarness['send'];

  beforeAll(async () => {
    harness = await openApiHarness({ sample: true });
    ({ api, keys, send } = harness);
    for (const role of ROLES) await harness.makeKey(role, { role });
    await harness.makeKey('other', { role: 'admin', workspace: 'other' });
  });
  afterAll(() => harness.close());

  it('has examples on every route, and each answers as documented', async () => {
    expect(api.routes.length).toBeGreaterThan(25);
    for (const { method, url, examples } of api.routes) {
      expect(examples.length, `${method} ${url}`).toBeGreaterThan(0);
      for (const { path, headers, body, status, summary } of examples) {
        const answer = await send(method, path, { headers, body });
        expect(answer.status, `${method} ${path} (${summary}): ${answer.text.slice(0, 300)}`).toBe(status);
        if (status >= 400) expect(ERROR_CODES).toHaveProperty(answer.json.code);
      }
    }
  });

  it('answers errors as problem documents with a stable code, and names the request', async () => {
    const { status, json, headers } = await send('POST', '/api/v1/metrics/query', { body: { metrics: ['revenu'] } });
    expect(status).toBe(400);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(json).toMatchObject({
      code: 'unknown_metric',
      status: 400,
      type: '/errors/unknown_metric',
      instance: headers.get('x-request-id'),
    });
    expect(json.detail).toContain('revenue');
    expect((await send('GET', json.type, { key: '' })).json).toMatchObject({ code: 'unknown_metric', status: 400 });
    expect((await send('GET', '/nowhere')).json.code).toBe('not_found');
    expect((await send('GET', '/errors/nothing')).status).toBe(404);
  });

  it('lets nobody in without a credential that holds', async () => {
    for (const key of ['', 'Bearer ', 'Bearer sophia_nothing', 'Basic abc', 'Bearer a.b.c', `Bearer ${keys.get('admin')}x`]) {
      for (const { method, url } of api.routes) {
        const { status, json } = await send(method, url.replace(':type', 'deal').replace(/:\w+/, '1'), { key });
        expect([status, json.code], `${method} ${url} with "${key.slice(0, 20)}"`).toEqual([401, 'unauthenticated']);
      }
    }
    const { json } = await send('POST', '/api/v1/keys', { body: { name: 'revoked', role: 'viewer' } });
    keys.set('revoked', json.text);
    expect((await send('GET', '/api/v1/metrics', { key: 'revoked' })).status).toBe(200);
    expect((await send('DELETE', `/api/v1/keys/${json.key.id}`)).status).toBe(200);
    expect((await send('GET', '/api/v1/metrics', { key: 'revoked' })).status).toBe(401);
  });

  it('masks contact details for analysts, and shows viewers no single record', async () => {
    await send('POST', '/api/v1/records/contact?source_system=test', {
      body: { source_id: 'c', first_name: 'Ada', email: 'ada@example.org' },
    });
    const found = await send('GET', '/api/v1/records/contact?source_system=test&source_id=c', { key: 'analyst' });
    expect(found.json.records[0].data.email ?? null).toBeNull();
    const seen = await send('GET', '/api/v1/records/contact?source_system=test&source_id=c', { key: 'executive' });
    expect(seen.json.records[0].data.email).toBe('ada@example.org');
    const viewer = await send('GET', '/api/v1/records/deal?limit=1', { key: 'viewer' });
    expect([viewer.status, viewer.json.records ?? []]).not.toEqual([200, expect.arrayContaining([expect.anything()])]);
  });

  it('keeps records, answers and events of workspaces apart', async () => {
    const [deal] = (await send('GET', '/api/v1/records/deal?limit=1')).json.records;
    for (const [method, path, body] of [
      ['GET', `/api/v1/records/deal/${deal.id}`],
      ['GET', `/api/v1/records/deal/${deal.id}/history`],
      ['PATCH', `/api/v1/records/deal/${deal.id}`, { stage: 'Lost' }],
      ['DELETE', `/api/v1/records/deal/${deal.id}`],
      ['POST', `/api/v1/records/deal/${deal.id}/erase`, { reason: 'not mine' }],
    ] as const) {
      const { status, json } = await send(method, path, { key: 'other', body });
      expect([status, json.code], `${method} ${path}`).toEqual([404, 'not_found']);
    }
    expect((await send('GET', '/api/v1/records/deal', { key: 'other' })).json.records).toEqual([]);
    expect((await send('POST', '/api/v1/metrics/query', { key: 'other', body: { metrics: ['deals_won'] } })).json.rows).toEqual([[0]]);
    const { events } = (await send('GET', '/api/v1/events?limit=100', { key: 'other' })).json;
    expect(events).toEqual([]);
    const stolen = await send('GET', '/api/v1/metrics', { key: 'other', headers: { 'sophia-workspace': 'main' } });
    expect(stolen.status).toBe(403);
    expect((await send('GET', `/api/v1/records/deal/${deal.id}`)).json.version).toBe(deal.version);
  });

  it('reads a record by id alike with the framework and without it', async () => {
    const source = '?source_system=test';
    await send('POST', `/api/v1/records/contact${source}`, { body: { source_id: 'alike', first_name: 'Ada', email: 'ada@example.org' } });
    const listed = await send('GET', `/api/v1/records/contact${source}&source_id=alike`);
    const { id } = listed.json.records[0];
    await send('POST', `/api/v1/records/contact${source}`, { body: { source_id: 'gone' } });
    const gone = (await send('GET', `/api/v1/records/contact${source}&source_id=gone`)).json.records[0].id;
    await send('DELETE', `/api/v1/records/contact/${gone}`);
    const paths = [`contact/${id}`, `contact/${gone}`, 'contact/1', 'contact/9999999999999999999', `deal/${id}`, `nothing/${id}`];
    const read = async (key: string, path: string, headers: Record<string, string>) => {
      const answer = await send('GET', `/api/v1/records/${path}`, { key, headers });
      const shown = [
        'content-type',
        'etag',
        'cache-control',
        'vary',
        'ratelimit-policy',
        'retry-after',
        'www-authenticate',
        'x-content-type-options',
      ];
      expect(answer.headers.get('x-request-id')).not.toBeNull();
      const { instance: _, ...json } = answer.json;
      return {
        status: answer.status,
        json,
        headers: shown.map((name) => answer.headers.get(name)),
        isWhole: answer.headers.has('content-security-policy'),
      };
    };
    // A trace is told to the framework's way alone.
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const ways = new Set<boolean>();
    for (const key of [...ROLES, 'other', 'revoked', 'Bearer sophia_nothing', '']) {
      for (const path of paths) {
        await read(key, path, {});
        const { isWhole: lean, ...one } = await read(key, path, {});
        const { isWhole: whole, ...other } = await read(key, path, { traceparent });
        expect(one, `${key} ${path}`).toEqual(other);
        // Who is not known is refused before the framework's headers are set.
        if (one.status !== 401) expect(whole).toBe(true);
        if (one.status !== 401) ways.add(lean);
      }
    }
    expect(ways).toContain(false);
    expect((await read('executive', `contact/${id}`, {})).json.data.email).toBe('ada@example.org');
    expect((await read('analyst', `contact/${id}`, {})).json.data.email ?? null).toBeNull();

    // A record of its own: entries of reads are written a moment after them, those of one moment as one with a count.
    const written = await send('POST', `/api/v1/records/contact${source}`, { body: { source_id: 'audited' } });
    const readings = async () =>
      (await send('GET', '/api/v1/audit?limit=1000')).json.entries
        .filter(({ object }: { object: string }) => object === `record:contact/${written.json.id}`)
        .reduce((sum: number, { times }: { times: number }) => sum + times, 0);
    for (const headers of [{}, { traceparent }]) await read('admin', `contact/${written.json.id}`, headers);
    await expect.poll(readings, { timeout: 20_000 }).toBe(2);
  });

  it('limits the rate of reads by id', async () => {
    const { json } = await send('POST', '/api/v1/keys', { body: { name: 'slow', role: 'admin', requests_per_second: 1 } });
    keys.set('slow', json.text);
    const refused = async (): Promise<Awaited<ReturnType<typeof send>>> => {
      for (;;) {
        const answer = await send('GET', '/api/v1/records/deal/1', { key: 'slow' });
        if (answer.status !== 404) return answer;
      }
    };
    const { status, json: problem, headers } = await refused();
    expect([status, problem.code, Number(headers.get('retry-after')) >= 1]).toEqual([429, 'rate_limited', true]);
  });

  it('reads your writes, with entity tags and 304 for what did not change', async () => {
    const path = `/api/v1/metrics/query?q=${encodeURIComponent(JSON.stringify({ metrics: ['revenue'] }))}`;
    const first = await send('GET', path);
    const tag = first.headers.get('etag') ?? '';
    expect(await send('GET', path, { headers: { 'if-none-match': tag } })).toMatchObject({ status: 304, text: '' });
    const posted = { headers: { 'if-none-match': tag }, body: { metrics: ['revenue'] } };
    expect(await send('POST', '/api/v1/metrics/query', posted)).toMatchObject({ status: 200, json: { rows: first.json.rows } });
    const written = await send('POST', '/api/v1/records/deal?source_system=test', {
      body: { source_id: 'D', status: 'won', amount: '1000', currency: 'USD', close_date: '2017-05-05' },
    });
    expect(written.json).toMatchObject({ created: 1, rejected: 0 });
    const after = await send('GET', path, { headers: { 'if-none-match': tag, 'sophia-after': written.json.token } });
    expect(Number(after.json.rows[0][0])).toBe(Number(first.json.rows[0][0]) + 1000);
    const again = await send('GET', path);
    expect([again.json.cache.tier, again.headers.get('etag')]).toEqual(['L1', after.headers.get('etag')]);
    for (const name of ['ratelimit', 'surrogate-key', 'sophia-complete-to', 'x-content-type-options'])
      expect(again.headers.get(name), name).not.toBeNull();
    expect((await send('GET', path, { headers: { 'sophia-after': 'nonsense' } })).status).toBe(400);
  });

  it('answers several queries in their order, or none of them', async () => {
    const ask = (body: readonly object[]) => send('POST', '/api/v1/metrics/query', { body });
    const [won, lost] = [{ metrics: ['deals_won'] }, { metrics: ['deals_lost'], dimensions: ['user.office'] }];
    const one = await Promise.all([won, lost].map(async (body) => (await send('POST', '/api/v1/metrics/query', { body })).json.rows));
    const { status, json } = await ask([won, lost, won]);
    expect([status, json.answers.map(({ rows }: { rows: unknown }) => rows)]).toEqual([200, [one[0], one[1], one[0]]]);
    for (const { freshness } of json.answers) expect(freshness).toMatchObject({ state: 'complete' });
    expect(await ask([won, { metrics: ['nothing'] }])).toMatchObject({ status: 400, json: { code: 'unknown_metric' } });
  });

  it('drills into cells without a value, and into those that are true or false', async () => {
    for (const [metric, dimension, value] of [
      ['open_deals', 'company.industry', null],
      ['deals_won', 'deal.has_company', true],
      ['deals_won', 'deal.has_company', 'true'],
    ] as const) {
      const query = { metrics: [metric], dimensions: [dimension] };
      const { rows } = (await send('POST', '/api/v1/metrics/query', { body: query })).json;
      const [, expected] = rows.find(([cell]: [unknown]) => `${cell}` === `${value}`);
      const drill = async (cursor?: string): Promise<number> => {
        const body = { query, row: { [dimension]: value }, metric, limit: 1_000, ...(cursor === undefined ? {} : { cursor }) };
        const { status, json } = await send('POST', '/api/v1/metrics/drill-down', { body });
        expect(status).toBe(200);
        const found = json.records.filter((record: { value: unknown }) => Number(record.value) === 1).length;
        return json.next_cursor === null ? found : found + (await drill(json.next_cursor));
      };
      expect([dimension, value, await drill()]).toEqual([dimension, value, Number(expected)]);
    }
    const body = { query: { metrics: ['deals_won'], dimensions: ['user.office'] }, row: { 'user.office': ['West'] }, metric: 'deals_won' };
    expect(await send('POST', '/api/v1/metrics/drill-down', { body })).toMatchObject({ status: 400, json: { code: 'invalid_request' } });
  });

  it('repeats nothing under one idempotency key', async () => {
    const one = { key: 'admin', headers: { 'idempotency-key': 'k1' }, body: { source_id: 'I', amount: '1', currency: 'USD' } };
    const path = '/api/v1/records/deal?source_system=test';
    const first = await send('POST', path, one);
    // The same answer; its token may name a later place of the write-ahead log, which is as good.
    expect((await send('POST', path, one)).json).toEqual({ ...first.json, token: expect.any(String) });
    const other = await send('POST', path, { ...one, body: { source_id: 'I', amount: '2', currency: 'USD' } });
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused']);
  });

  it('streams rows in, rejects the wrong ones with line and reason, and takes them back repaired', async () => {
    const csv = 'source_id,amount,currency,close_date\nS1,10,USD,2017-01-01\nS2,ten,USD,2017-01-01\nS3,30,USD,2017-02-30\n';
    const { json } = await send('POST', '/api/v1/records/deal?source_system=csv', { headers: { 'content-type': 'text/csv' }, body: csv });
    expect(json).toMatchObject({ created: 1, rejected: 2 });
    expect(json.errors.map(({ line, column }: { line: number; column: string }) => [line, column])).toEqual([
      [3, 'amount'],
      [4, 'close_date'],
    ]);
    const letters = (await send('GET', '/api/v1/dead-letters?source_system=csv')).json.dead_letters;
    expect(letters).toHaveLength(2);
    for (const { id } of letters) {
      const repaired = { source_id: `R${id}`, amount: '5', currency: 'USD', close_date: '2017-02-28' };
      expect((await send('PUT', `/api/v1/dead-letters/${id}`, { body: repaired })).status).toBe(200);
    }
    expect((await send('POST', '/api/v1/dead-letters/replay', { body: { source_system: 'csv' } })).json).toMatchObject({
      created: 2,
      rejected: 0,
    });
    expect((await send('GET', '/api/v1/dead-letters?source_system=csv')).json.dead_letters).toEqual([]);
  });

  it.each(['and', 'or', 'not'])(
    'takes filters as deep as is documented, 20 with the comparison, wherever they are sent: %s',
    async (kind) => {
      const within = (levels: number, field: string): object => {
        if (levels === 1) return { field, operator: 'in', values: ['Won', 'won'] };
        const part = within(levels - 1, field);
        return { [kind]: kind === 'not' ? part : [part] };
      };
      const query = (levels: number) => ({ metrics: ['revenue'], filters: [within(levels, 'deal.status')] });
      const rule = (levels: number) => ({
        rule: 'forbid',
        roles: ['viewer'],
        actions: ['read'],
        record_types: ['deal'],
        rows: within(levels, 'status'),
      });
      const { rules, version } = (await send('GET', '/api/v1/policies')).json;
      const requests: [string, string, ((levels: number) => object) | undefined][] = [
        ['POST', '/metrics/query', query],
        ['POST', '/metrics/query', (levels) => [query(levels)]],
        ['POST', '/metrics/explain', query],
        ['POST', '/metrics/drill-down', (levels) => ({ query: query(levels), row: {}, metric: 'revenue' })],
        ['PUT', '/policies', (levels) => ({ rules: [...rules, rule(levels)], if_version: version + 7 })],
        ['GET', '/records/deal?limit=1&filter=', undefined],
      ];
      for (const [method, path, body] of requests) {
        const answer = (levels: number) =>
          send(method, `/api/v1${path}${body === undefined ? encodeURIComponent(JSON.stringify(within(levels, 'status'))) : ''}`, {
            body: body?.(levels),
          });
        expect([path, (await answer(20)).status]).toEqual([path, method === 'PUT' ? 409 : 200]);
        expect([path, (await answer(21)).json.detail]).toEqual([path, expect.stringContaining('a filter is nested at most 20 deep')]);
      }
    },
  );

  it('limits what a caller can make large', async () => {
    const deep = `{"metrics":["revenue"],"filters":${'[{"and":'.repeat(200)}[]${'}]'.repeat(200)}}`;
    expect((await send('POST', '/api/v1/metrics/query', { body: deep })).status).toBe(400);
    const large = await send('POST', '/api/v1/records/deal?source_system=test', {
      body: `{"source_id":"x","name":"${'a'.repeat(3_000_000)}"}`,
    });
    expect([large.status, large.json.code]).toEqual([413, 'payload_too_large']);
    expect(
      (await send('POST', '/api/v1/metrics/query', { body: Array.from({ length: 21 }, () => ({ metrics: ['revenue'] })) })).status,
    ).toBe(400);
  });

  it('is described by OpenAPI, Swagger UI, ReDoc and a Postman collection', async () => {
    const { json } = await send('GET', '/openapi.json', { key: '' });
    expect(json.openapi).toBe('3.1.0');
    const documented = Object.entries<object>(json.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    for (const { method, url } of api.routes) expect(documented).toContain(`${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`);
    for (const path of ['/docs', '/redoc', '/redoc/redoc.standalone.js', '/health', '/health/live', '/api/v1/health', '/metrics']) {
      expect((await send('GET', path, { key: '' })).status, path).toBe(200);
    }
    expect((await send('GET', '/postman.json', { key: '' })).json.info.name).toBe('Sophia');
  });

  const FUZZED = { numRuns: 150, seed: 20_171_231 };

  it('answers any JSON at any route with a result or a 4xx of a stable code, never a 500', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 1000 }), fc.json({ maxDepth: 4 }), fc.constantFrom(...ROLES), async (which, body, key) => {
        const { method, url } = api.routes[which % api.routes.length] ?? { method: 'GET', url: '/' };
        if (url.includes('/projections')) return;
        const path = url.replace(':type', 'deal').replace(':name', 'fuzzed').replace(/:\w+/, '1');
        const { status, json } = await send(method, `${path}?source_system=fuzz`, { key, body: method === 'GET' ? undefined : body });
        expect(status, `${method} ${path} ${body}`).toBeLessThan(500);
        if (status >= 400) expect(ERROR_CODES).toHaveProperty(json.code);
      }),
      FUZZED,
    );
  });

  it('answers any bytes as rows, and any text as filter, cursor and query, without a 500', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 60 }), async (bytes, text) => {
        for (const type of ['text/csv', 'application/x-ndjson', 'application/json']) {
          const { status } = await send('POST', '/api/v1/records/deal?source_system=fuzz', {
            headers: { 'content-type': type },
            body: bytes,
          });
          expect(status, `${type} ${Buffer.from(bytes).toString('hex')}`).toBeLessThan(500);
        }
        const encoded = encodeURIComponent(text.toWellFormed());
        for (const path of [
          `/records/deal?filter=${encoded}`,
          `/records/deal?cursor=${encoded}`,
          `/events?after=${encoded}`,
          `/metrics/query?q=${encoded}`,
        ]) {
          const { status } = await send('GET', `/api/v1${path}`);
          expect(status, path).toBeLessThan(500);
        }
      }),
      { ...FUZZED, numRuns: 60 },
    );
  });
});
