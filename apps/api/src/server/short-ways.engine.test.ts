import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createTestObservability } from '@sophia/observability/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ApiHarness, openApiHarness } from '../testing/api-harness.ts';

const CONTACT = '/api/v1/records/contact?source_system=short';
const QUERY = `/api/v1/metrics/query?q=${encodeURIComponent(JSON.stringify({ metrics: ['deals_won'] }))}`;
const LONG = { timeout: 20_000 };

describe('requests that need no framework', () => {
  // One place: whoever holds it keeps all others out.
  const limits = { bodyBytes: 2 ** 20, importBytes: 2 ** 30, requestMilliseconds: 30_000, concurrency: 1, eventLoopDelay: 60_000 };
  const observability = createTestObservability();
  let harness: ApiHarness;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    harness = await openApiHarness({ observability, http: { limits } });
    await harness.makeKey('admin', { role: 'admin' });
    // Its credential is known from here on.
    await harness.send('POST', CONTACT, { body: { source_id: 'known', first_name: 'Ada' } });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  afterAll(() => harness.close());

  /** A connection, and all that has come back on it so far. */
  const open = () => {
    const socket = connect(Number(new URL(harness.address).port), '127.0.0.1');
    sockets.push(socket);
    const chunks: Buffer[] = [];
    socket.on('error', () => undefined).on('data', (chunk: Buffer) => chunks.push(chunk));
    return { socket, answer: () => Buffer.concat(chunks).toString() };
  };
  const headOf = (method: string, path: string, ...more: string[]): string =>
    [`${method} ${path} HTTP/1.1`, 'host: test', `authorization: Bearer ${harness.keys.get('admin')}`, ...more, '', ''].join('\r\n');
  const post = (body: string, ...more: string[]): string => headOf('POST', CONTACT, `content-length: ${Buffer.byteLength(body)}`, ...more);
  const JSON_TYPE = 'content-type: application/json';

  /** Holds a step of the catalog up until it is let go. */
  const hold = (step: 'upsert' | 'get') => {
    const { records } = harness.test.platform.catalog;
    const reached = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const original = records[step].bind(records) as (...args: unknown[]) => Promise<unknown>;
    vi.spyOn(records, step).mockImplementationOnce((async (...args: unknown[]) => {
      reached.resolve();
      await gate.promise;
      return original(...args);
    }) as never);
    return { reached: reached.promise, letGo: gate.resolve };
  };
  const read = async (id: string) => (await harness.send('GET', `${CONTACT}&source_id=${id}`)).json.records?.[0];

  it.each([
    ['nothing', 0],
    ['a part', 10],
  ])('are taken over whole where %s of the body came with the head', async (_, cut) => {
    const { socket, answer } = open();
    const body = JSON.stringify({ source_id: `cut at ${cut}`, first_name: 'Grace' });
    const arrived = once(harness.api.app.server, 'request');
    socket.write(`${post(body, JSON_TYPE)}${body.slice(0, cut)}`);
    await arrived;
    // What is done without waiting is done by then.
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(body.slice(cut));
    await expect.poll(answer, LONG).toMatch(/^HTTP\/1\.1 200 /);
    expect(await read(`cut%20at%20${cut}`)).toMatchObject({ data: { first_name: 'Grace' } });
  });

  it('keep their connection where one of them needs the framework after all', async () => {
    const { socket, answer } = open();
    const { id } = (await harness.send('POST', CONTACT, { body: { source_id: 'kept', first_name: 'Emmy' } })).json;
    const ordinary: string[] = [];
    const note = ({ url = '' }: { readonly url?: string | undefined }) => void ordinary.push(url);
    harness.api.app.server.on('request', note);
    const record = `/api/v1/records/contact/${id}`;
    // Another workspace is the framework's matter, also where a body comes with it.
    const coded = '{"source_id":"kept","first_name":"\\u00c9mmy"}';
    const ways = [
      headOf('GET', record),
      headOf('GET', record, 'sophia-workspace: main'),
      headOf('GET', record),
      `${post(coded, JSON_TYPE, 'sophia-workspace: main')}${coded}`,
    ];
    for (const [index, request] of [...ways, headOf('GET', record)].entries()) {
      socket.write(request);
      await expect.poll(() => answer().match(/HTTP\/1\.1 200 /g)?.length, LONG).toBe(index + 1);
    }
    expect(answer()).toMatch(/"version":2,.*"first_name":"Émmy"/);
    // After what is no JSON the framework closes.
    socket.write(`${post('{', JSON_TYPE)}{`);
    await once(socket, 'close');
    expect(answer()).toContain('HTTP/1.1 400 ');
    harness.api.app.server.off('request', note);
    expect(ordinary).toEqual([record, CONTACT, CONTACT]);
    const { entries } = await harness.test.platform.auth.audit.list(harness.test.call, { action: 'read' });
    expect(new Set(entries.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']));
  });

  it('are judged by the framework where they do not say what their body is', async () => {
    const { socket, answer } = open();
    socket.write(`${post('{}')}{}`);
    await expect.poll(answer, LONG).toMatch(/^HTTP\/1\.1 415 /);
    expect(answer()).toContain('"code":"unsupported_media_type"');
  });

  it('of a caller who has gone are done all the same, and give their place back', async () => {
    const body = JSON.stringify({ source_id: 'gone', first_name: 'Joan' });
    const { id } = (await harness.send('POST', CONTACT, { body: { source_id: 'read', first_name: 'Mary' } })).json;
    for (const [step, request] of [
      ['upsert', `${post(body, JSON_TYPE)}${body}`],
      ['get', headOf('GET', `/api/v1/records/contact/${id}`)],
      ['get', headOf('GET', `/api/v1/records/contact/${id}`, 'sophia-workspace: main')],
      ['get', headOf('GET', `/api/v1/records/contact/${id}`, 'sophia-workspace: main', 'connection: close')],
    ] as const) {
      const { reached, letGo } = hold(step);
      const { socket, answer } = open();
      const closed = new Promise((resolve) => harness.api.app.server.once('connection', (own) => own.once('close', resolve)));
      socket.write(request);
      await reached;
      socket.destroy();
      await closed;
      letGo();
      await expect.poll(async () => (await harness.send('GET', '/api/v1/metrics')).status, LONG).toBe(200);
      expect(answer()).toBe('');
    }
    expect(await read('gone')).toMatchObject({ data: { first_name: 'Joan' } });
    const { text } = await harness.send('GET', '/metrics', { key: '' });
    expect(text).toContain('sophia_http_request_duration_seconds_count{route="/api/v1/records/:type",method="POST",status="499"} 1\n');
    expect(text).toContain('sophia_http_request_duration_seconds_count{route="/api/v1/records/:type/:id",method="GET",status="499"} 3\n');
    expect(text).not.toMatch(/^sophia_http_problems_total\{code="deadline_exceeded"\}/m);
    expect(observability.lines().filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('find no room where others hold it, and are told so by the framework', async () => {
    const { reached, letGo } = hold('upsert');
    const held = harness.send('POST', CONTACT, { body: { source_id: 'held', first_name: 'Ida' } });
    await reached;
    for (const [method, path, body] of [
      ['GET', '/api/v1/records/contact/1', undefined],
      ['POST', CONTACT, { source_id: 'no room' }],
    ] as const) {
      const { status, json, headers } = await harness.send(method, path, { body });
      expect([status, json.code, headers.get('retry-after')], method).toEqual([503, 'overloaded', '1']);
    }
    letGo();
    expect((await held).status).toBe(200);
    expect(await read('no room')).toBeUndefined();
  });

  it('are refused beyond the rate of their key, answers out of memory too', async () => {
    const { json } = await harness.send('POST', '/api/v1/keys', { body: { name: 'slow', role: 'admin', requests_per_second: 1 } });
    harness.keys.set('slow', json.text);
    // Asked for and remembered.
    for (let time = 0; time < 2; time += 1) await harness.send('GET', QUERY);
    const tiers = new Set<string>();
    await expect
      .poll(async () => {
        const answer = await harness.send('GET', QUERY, { key: 'slow' });
        if (answer.status === 200) tiers.add(answer.json.cache.tier);
        return [answer.status, answer.json.code];
      }, LONG)
      .toEqual([429, 'rate_limited']);
    expect([...tiers]).toEqual(['L1']);
  });
});
