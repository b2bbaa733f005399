import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createObservability } from './observability.ts';
import { createTestObservability } from './testing/index.ts';

const CALLER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('logs', () => {
  it('are lines of JSON with time, level and service', async () => {
    const { logger, lines, close } = createTestObservability();
    logger.info({ rows: 5 }, 'import finished');
    expect(lines()).toEqual([
      { level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), service: 'test', version: '0', rows: 5, msg: 'import finished' },
    ]);
    await close();
  });

  it('hold no secret, wherever it stands', async () => {
    const { logger, lines, close } = createTestObservability();
    logger.info(
      { token: 'a', headers: { authorization: 'b', cookie: 'c', accept: '*/*' }, err: new Error('postgres://u:geheim@h failed') },
      'sophia_11abcdefghijklmn_0123456789abcdef0',
    );
    const [line] = lines();
    expect(line).toMatchObject({
      token: '***',
      headers: { authorization: '***', cookie: '***', accept: '*/*' },
      msg: 'sophia_11abcdefghijklmn_***',
    });
    expect(JSON.stringify(line)).not.toContain('geheim');
    await close();
  });

  it('go to standard output unless told', async () => {
    const module = JSON.stringify(new URL('./observability.ts', import.meta.url));
    const program = `
      const { createObservability } = await import(${module});
      const { logger, close } = createObservability({ service: 'x', version: '1' });
      logger.info('told');
      await close();`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
    expect([JSON.parse(stdout).msg, stderr]).toEqual(['told', '']);
    // In this process, where that is the output of the tests, nothing is told.
    const { logger, close } = createObservability({ service: 'x', version: '1', logLevel: 'silent' });
    expect(logger.isLevelEnabled('fatal')).toBe(false);
    await close();
  });

  it('below their level are not written', async () => {
    const lines: string[] = [];
    const { logger, close } = createObservability({
      service: 'x',
      version: '1',
      logLevel: 'warn',
      destination: { write: (line) => lines.push(line) },
    });
    logger.info('quiet');
    logger.warn('loud');
    expect(lines).toHaveLength(1);
    await close();
  });

  it('go to a file, whole when it is closed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sophia-log-'));
    const file = join(folder, 'log', 'sophia.log');
    const { logger, close } = createObservability({ service: 'x', version: '1', destination: { file } });
    for (let index = 0; index < 100; index++) logger.info({ index }, 'line');
    await close();
    expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(100);
    await rm(folder, { recursive: true });
  });

  it('say in which trace and request they were written, also where nothing is traced', async () => {
    const { logger, tracer, lines, close } = createTestObservability();
    const request = tracer.startRequest({ name: 'GET /', requestId: 'r1', traceparent: CALLER });
    request.run(() => logger.info('inside'));
    logger.info('outside');
    const [inside, outside] = lines();
    expect(inside).toMatchObject({ trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: 'b7ad6b7169203331', request_id: 'r1' });
    expect(outside).not.toHaveProperty('trace_id');
    await close();
  });
});

describe('traces', () => {
  it('go through asynchronous work as parents and children, and on from the caller', async () => {
    const { tracer, spans, lines, logger, close } = createTestObservability({ traces: true });
    expect(tracer.enabled).toBe(true);
    const request = tracer.startRequest({
      name: 'GET /deals',
      requestId: 'r1',
      traceparent: CALLER,
      attributes: { 'http.route': '/deals' },
    });
    expect(request.traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    await request.run(() =>
      tracer.span('select', { kind: 'client' }, async (span) => {
        span.setAttribute('rows', 3);
        await Promise.resolve();
        await tracer.span('parse', undefined, async () => logger.info('inner'));
      }),
    );
    request.setAttribute('http.response.status_code', 200);
    request.end();
    const [parse, select, root] = spans();
    expect([parse, select, root].map((span) => span?.name)).toEqual(['parse', 'select', 'GET /deals']);
    expect(new Set(spans().map((span) => span.spanContext().traceId))).toEqual(new Set(['0af7651916cd43dd8448eb211c80319c']));
    expect(root?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(select?.parentSpanContext?.spanId).toBe(root?.spanContext().spanId);
    expect(parse?.parentSpanContext?.spanId).toBe(select?.spanContext().spanId);
    expect(select?.attributes).toEqual({ rows: 3 });
    expect(root?.attributes).toEqual({ 'http.route': '/deals', 'http.response.status_code': 200 });
    expect(lines()[0]).toMatchObject({ span_id: parse?.spanContext().spanId });
    await close();
  });

  it('begin here without a caller, and each piece of work of its own is one', async () => {
    const { tracer, spans, close } = createTestObservability({ traces: true });
    const request = tracer.startRequest({ name: 'GET /', requestId: 'r' });
    const inside = request.run(() => tracer.current());
    request.end();
    await tracer.span('projection', { kind: 'consumer' }, async () => undefined);
    const [root, projection] = spans();
    expect(request.traceId).toBe(root?.spanContext().traceId);
    expect(inside?.traceparent).toBe(`00-${root?.spanContext().traceId}-${root?.spanContext().spanId}-01`);
    expect(inside?.requestId).toBe('r');
    expect(root?.parentSpanContext).toBeUndefined();
    expect(projection?.spanContext().traceId).not.toBe(root?.spanContext().traceId);
    await close();
  });

  it('begin anew within another where work is asked to be nobody’s', async () => {
    const { tracer, spans, close } = createTestObservability({ traces: true });
    const request = tracer.startRequest({ name: 'GET /', requestId: 'r' });
    await request.run(() => tracer.span('batch', { root: true }, async () => tracer.span('apply', {}, async () => undefined)));
    request.end();
    const [apply, batch, root] = spans();
    expect(batch?.parentSpanContext).toBeUndefined();
    expect(batch?.spanContext().traceId).not.toBe(root?.spanContext().traceId);
    expect(apply?.parentSpanContext?.spanId).toBe(batch?.spanContext().spanId);
    await close();
  });

  it('note errors and throw them on', async () => {
    const { tracer, spans, close } = createTestObservability({ traces: true });
    await expect(tracer.span('fails', {}, () => Promise.reject(new Error('out of luck')))).rejects.toThrow('out of luck');
    const request = tracer.startRequest({ name: 'GET /', requestId: 'r' });
    request.end('a text that was thrown');
    const failed = tracer.startRequest({ name: 'GET /', requestId: 'r' });
    failed.fail();
    failed.end();
    expect(spans().map(({ status, events }) => [status.code, status.message, events[0]?.name])).toEqual([
      [2, 'out of luck', 'exception'],
      [2, 'a text that was thrown', 'exception'],
      [2, undefined, undefined],
    ]);
    await close();
  });

  it('that the caller does not keep are not kept here', async () => {
    const { tracer, spans, close } = createTestObservability({ traces: true });
    tracer.startRequest({ name: 'GET /', requestId: 'r', traceparent: CALLER.replace(/01$/, '00') }).end();
    expect(spans()).toEqual([]);
    await close();
  });

  it.each([
    'x',
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
    'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more',
    '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
  ])('do not go on from %s', async (traceparent) => {
    const { tracer, close } = createTestObservability();
    const { traceId } = tracer.startRequest({ name: 'GET /', requestId: 'r', traceparent });
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(traceparent.toLowerCase()).not.toContain(traceId);
    await close();
  });

  it('go on from a later version of the header', async () => {
    const { tracer, close } = createTestObservability();
    expect(tracer.startRequest({ name: 'GET /', requestId: 'r', traceparent: `01${CALLER.slice(2)}-more` }).traceId).toBe(
      CALLER.slice(3, 35),
    );
    await close();
  });

  it('where nothing is traced have ids to send along, and spans that do nothing', async () => {
    const { tracer, spans, close } = createTestObservability();
    expect(tracer.enabled).toBe(false);
    const request = tracer.startRequest({ name: 'GET /', requestId: 'r' });
    request.setAttribute('a', 1);
    request.fail();
    expect(request.run(() => tracer.current()?.traceparent)).toMatch(new RegExp(`^00-${request.traceId}-[0-9a-f]{16}-00$`));
    const value = await tracer.span('x', {}, async (span) => {
      span.setAttribute('a', 1);
      return 5;
    });
    request.end();
    expect(value).toBe(5);
    expect(spans()).toEqual([]);
    expect(tracer.current()).toBeUndefined();
    await close();
  });

  it('are sent to a collector, the last when it closes', async () => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()));
      request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
    const { tracer, close } = createObservability({
      service: 'sophia',
      version: '1.2.3',
      destination: { write: () => undefined },
      tracing: { endpoint },
    });
    await tracer.span('work', {}, async () => undefined);
    await close();
    expect(bodies.join('')).toContain('"work"');
    expect(bodies.join('')).toContain('1.2.3');
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('that cannot be sent do not keep the process from ending', async () => {
    const { tracer, close } = createObservability({
      service: 'sophia',
      version: '1',
      destination: { write: () => undefined },
      tracing: { endpoint: 'http://127.0.0.1:9/v1/traces', sampleRatio: 1 },
    });
    await tracer.span('work', {}, async () => undefined);
    await close();
  });
});

it('the delay of the event loop is a metric', async () => {
  const { metrics, eventLoopDelay, close } = createTestObservability();
  expect(await metrics.render()).toMatch(/^sophia_event_loop_delay_seconds [\d.e-]+$/m);
  expect(eventLoopDelay.current()).toBeGreaterThanOrEqual(0);
  await close();
});
