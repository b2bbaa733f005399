import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { createCollector } from './collector.ts';
import { createObservability } from './observability.ts';
import { createSpanFactory } from './span-exporter.ts';
import { createTracer } from './tracer.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const listen = async (answer: RequestListener): Promise<string> => {
  const server = createServer(answer);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
};

/** As many spans as are sent at once. */
const BATCH = 512;

const openTracer = (target: string) => {
  const lost: [spans: number, reason: string][] = [];
  const loss = { onSent: () => undefined, onLost: (spans: number, reason: string) => lost.push([spans, reason]) };
  const factory = createSpanFactory({ service: 'x', version: '1', target, sampleRatio: 1, loss });
  const tracer = createTracer(factory);
  const make = async (spans: number) => {
    for (let index = 0; index < spans; index++) await tracer.span('work', {}, async () => undefined);
  };
  return { make, lost, close: factory.close };
};

describe('spans for a collector', () => {
  it('that hangs are dropped beyond a bound, lost when time is up, and counted', async () => {
    const asked = Promise.withResolvers<void>();
    const { make, lost, close } = openTracer(await listen(() => asked.resolve()));
    await make(BATCH);
    await asked.promise;
    await make(2_048 + 3);
    expect(lost).toEqual(Array.from({ length: 3 }, () => [1, '2048 wait already']));
    await close(10);
    expect(lost.slice(3)).toEqual([[BATCH + 2_048, 'the process ends']]);
  });

  it('that does not listen are lost when time is up', async () => {
    const { make, lost, close } = openTracer('https://127.0.0.1:9/v1/traces');
    await make(1);
    await close(10);
    expect(lost).toEqual([[1, 'the process ends']]);
  });

  it('that refuses are said to be lost once, and that it takes them again', async () => {
    let isRefusing = true;
    const endpoint = await listen((request, response) => {
      request.resume().on('end', () => response.writeHead(isRefusing ? 500 : 200).end());
    });
    const lines: { readonly msg: string }[] = [];
    const { tracer, metrics, close } = createObservability({
      service: 'x',
      version: '1',
      destination: { write: (line) => lines.push(JSON.parse(line)) },
      tracing: { endpoint },
    });
    const make = async () => {
      for (let index = 0; index < BATCH; index++) await tracer.span('work', {}, async () => undefined);
    };
    const lost = async () => /^sophia_trace_spans_lost_total (\d+)$/m.exec(await metrics.render())?.[1];
    await make();
    await expect.poll(lost).toBe(`${BATCH}`);
    await make();
    await expect.poll(lost).toBe(`${2 * BATCH}`);
    isRefusing = false;
    await make();
    await expect.poll(() => lines).toHaveLength(2);
    await make();
    await close();
    expect(lines).toEqual([
      expect.objectContaining({ level: 'warn', reason: 'Internal Server Error', msg: expect.stringContaining('spans are lost') }),
      expect.objectContaining({ level: 'info', lost: 2 * BATCH, msg: 'the collector of traces takes spans again' }),
    ]);
  });

  it('are sent at once where somebody asks', async () => {
    const endpoint = await listen((request, response) => {
      request.resume().on('end', () => response.end());
    });
    const { make, lost, close } = openTracer(endpoint);
    await make(1);
    await close(60_000);
    expect(lost).toEqual([]);
  });
});

it('a collector that was cut off is asked no more', async () => {
  const { exporter, cutOff } = createCollector(await listen(() => expect.unreachable()));
  cutOff();
  const { error } = await new Promise<{ error?: Error }>((resolve) => exporter.export([], resolve));
  expect(error?.message).toContain('took too long');
});

it('nothing keeps the process from ending when a collector that hangs was given up', async () => {
  const endpoint = await listen(() => undefined);
  const program = `
    const { createObservability } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url))});
    const { tracer, close } = createObservability({ service: 'x', version: '1', logLevel: 'silent', tracing: { endpoint: '${endpoint}' } });
    await tracer.span('work', {}, async () => undefined);
    await close();
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    console.log(JSON.stringify(process.getActiveResourcesInfo().filter((each) => /TCP|Timeout/.test(each))));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  expect(await text(child.stdout)).toBe('[]\n');
});
