import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { systemClock } from '@sophia/shared';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createShortConnections, type ShortConnections } from './short-connections.ts';
import type { ShortRequest, ShortResponse } from './short-request.ts';

const LARGE = 'x'.repeat(4_000_000);

describe('connections for short requests', () => {
  let server: Server;
  let connections: ShortConnections;
  /** Which requests went which way. */
  let short: string[];
  let ordinary: string[];
  /** Requests in hand of the short way. */
  let held: ShortResponse[];
  let now: number;
  const clients: Socket[] = [];

  const answer = (response: ShortResponse, text: string): void => {
    response.writeHead(200, ['content-length', String(Buffer.byteLength(text))]).end(text);
  };
  const serve = (request: ShortRequest, response: ShortResponse): boolean => {
    const url = request.url ?? '';
    if (url === '/other' || url === '/lent') return false;
    short.push(url);
    if (url === '/held') held.push(response);
    else if (url === '/bytes') response.writeHead(200, ['content-length', '5']).end(Buffer.from('bytes'));
    else if (url === '/nothing') response.writeHead(304, []).end();
    else answer(response, url === '/large' ? LARGE : (request.read()?.toString() ?? url));
    return true;
  };

  const begin = async (keepAlive = 60_000) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    [short, ordinary, held, now] = [[], [], [], 0];
    server = createServer((request: IncomingMessage, response: ServerResponse) => {
      connections.begun(request, response);
      ordinary.push(`${request.url} from ${request.socket.remoteAddress}`);
      if (request.headers.accept === 'large') response.end(LARGE);
      else if (request.headers.accept === 'last') response.writeHead(200, { connection: 'close' }).end('last');
      else if (request.headers.accept === 'cut') request.socket.destroy();
      else request.toArray().then((chunks) => response.end(`ordinary ${Buffer.concat(chunks)}`));
    });
    const listeners = server.listeners('connection');
    server.removeAllListeners('connection');
    connections = createShortConnections({
      serve,
      lends: ({ url }) => url === '/lent',
      handOver: (connection) => {
        for (const listen of listeners) listen.call(server, connection);
      },
      clock: { ...systemClock, now: () => 0, monotonic: () => now },
      keepAlive,
      first: 20_000,
    });
    server.on('connection', connections.accept).listen(0, '127.0.0.1');
    await once(server, 'listening');
  };
  beforeEach(() => begin());
  const end = (): void => {
    vi.useRealTimers();
    for (const client of clients.splice(0)) client.destroy();
    connections.close();
    server.close();
  };
  afterEach(end);

  /** A connection, and all that has come back on it so far. */
  const open = async () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    clients.push(socket);
    const chunks: Buffer[] = [];
    socket.on('error', () => undefined).on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'connect');
    return { socket, text: () => Buffer.concat(chunks).toString() };
  };
  const get = (url: string, ...headers: string[]): string => [`GET ${url} HTTP/1.1`, 'host: test', ...headers, '', ''].join('\r\n');
  const post = (url: string, body: string): string =>
    [`POST ${url} HTTP/1.1`, 'host: test', `content-length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
  const bodies = (text: string): string[] =>
    text
      .split(/HTTP\/1\.1 200 OK\r\n/)
      .slice(1)
      .map((each) => each.split('\r\n\r\n')[1] ?? '');
  const LOCAL = 'from 127.0.0.1';

  it('answer one request after the other, without node:http', async () => {
    const { socket, text } = await open();
    for (const request of [get('/a'), post('/b', '{"name":"Zoë"}'), get('/bytes'), get('/nothing')]) {
      const before = text();
      socket.write(request);
      await expect.poll(text).not.toBe(before);
    }
    expect(bodies(text().replace('304 Not Modified', '200 OK'))).toEqual(['/a', '{"name":"Zoë"}', 'bytes', '']);
    expect(text()).toContain('\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\nconnection: keep-alive\r\nkeep-alive: timeout=60\r\n\r\n');
    expect(ordinary).toEqual([]);
  });

  it('are node:http’s from the first request of another kind on', async () => {
    const { socket, text } = await open();
    socket.write(get('/a'));
    await expect.poll(() => bodies(text())).toHaveLength(1);
    socket.write(get('/other'));
    await expect.poll(() => bodies(text())).toHaveLength(2);
    socket.write(get('/a'));
    await expect.poll(() => bodies(text())).toHaveLength(3);
    expect([short, ordinary]).toEqual([['/a'], [`/other ${LOCAL}`, `/a ${LOCAL}`]]);
  });

  it('lend a request to node:http, and stay', async () => {
    const { socket, text } = await open();
    for (const request of [get('/lent'), get('/a'), post('/lent', 'body'), get('/b')]) {
      const before = bodies(text()).length;
      socket.write(request);
      await expect.poll(() => bodies(text())).toHaveLength(before + 1);
    }
    expect([short, ordinary]).toEqual([
      ['/a', '/b'],
      [`/lent ${LOCAL}`, `/lent ${LOCAL}`],
    ]);
    expect(text()).toContain('ordinary body');
  });

  it('lend it for an answer that takes long to read', async () => {
    const { socket, text } = await open();
    socket.pause();
    socket.write(get('/lent', 'accept: large'));
    await expect.poll(() => ordinary).toHaveLength(1);
    socket.resume();
    await expect.poll(() => text().length, { timeout: 20_000 }).toBeGreaterThan(LARGE.length);
    socket.write(get('/a'));
    await expect.poll(text, { timeout: 20_000 }).toMatch(/\/a$/);
    expect(short).toEqual(['/a']);
  });

  it.each(['last', 'cut'])('end with a lent request that ends them: %s', async (how) => {
    const { socket, text } = await open();
    socket.write(get('/lent', `accept: ${how}`));
    await once(socket, 'close');
    expect(text().includes('last')).toBe(how === 'last');
  });

  it('end a lent request with them', async () => {
    const { socket } = await open();
    const closed = new Promise((resolve) => server.once('request', (request: IncomingMessage) => request.socket.once('close', resolve)));
    const arrived = once(server, 'request');
    socket.pause();
    socket.write(get('/lent', 'accept: large'));
    await arrived;
    socket.destroy();
    await closed;
  });

  it('answer what came in one piece, in pieces, or before its turn, in order', async () => {
    const together = await open();
    together.socket.write(get('/a') + get('/b'));
    await expect.poll(() => bodies(together.text())).toEqual(['ordinary ', 'ordinary ']);
    const apart = await open();
    apart.socket.write(post('/a', 'body').slice(0, -2));
    await expect.poll(() => ordinary).toHaveLength(3);
    apart.socket.write('dy');
    await expect.poll(() => bodies(apart.text())).toEqual(['ordinary body']);
    for (const [next, ...answers] of [
      [get('/b'), '/b'],
      [get('/b') + get('/c'), 'ordinary ', 'ordinary '],
      [`${post('/b', 'x'.repeat(200_000))}`, `ordinary ${'x'.repeat(200_000)}`],
    ] as const) {
      const early = await open();
      held = [];
      early.socket.write(get('/held'));
      await expect.poll(() => held).toHaveLength(1);
      early.socket.write(next);
      await new Promise((resolve) => setTimeout(resolve, 20));
      answer(held[0] as ShortResponse, 'held');
      await expect.poll(() => bodies(early.text())).toEqual(['held', ...answers]);
    }
  });

  it('do not listen to who does not read', async () => {
    const slow = await open();
    slow.socket.pause();
    slow.socket.write(get('/large'));
    await expect.poll(() => short).toEqual(['/large']);
    slow.socket.write(get('/b'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(short).toEqual(['/large']);
    slow.socket.resume();
    await expect.poll(slow.text, { timeout: 20_000 }).toMatch(/\/b$/);
  });

  it('drop who takes nothing more of its answer for long', async () => {
    end();
    await begin(500);
    const dropped = new Promise((resolve) => server.once('connection', (own: Socket) => own.once('close', resolve)));
    const { socket, text } = await open();
    socket.pause();
    socket.write(get('/large'));
    await dropped;
    socket.resume();
    await once(socket, 'close');
    expect(text().length).toBeLessThan(LARGE.length);
  });

  it('are dropped when they are idle, sooner where nothing has come yet, and never while a request is in hand', async () => {
    const [silent, served, busy] = [await open(), await open(), await open()];
    served.socket.write(get('/a'));
    busy.socket.write(get('/held'));
    await expect.poll(() => short.toSorted()).toEqual(['/a', '/held']);
    now = 20_000;
    vi.advanceTimersByTime(5_000);
    await once(silent.socket, 'close');
    now = 61_000;
    vi.advanceTimersByTime(5_000);
    await once(served.socket, 'close');
    answer(held[0] as ShortResponse, 'held');
    await expect.poll(() => bodies(busy.text())).toEqual(['held']);
  });

  it('are ended as they close: idle ones at once, others with their answer; who comes later is node:http’s', async () => {
    const [idle, busy, lent, full] = [await open(), await open(), await open(), await open()];
    full.socket.pause();
    full.socket.write(get('/large'));
    await expect.poll(() => short).toEqual(['/large']);
    busy.socket.write(get('/held'));
    await expect.poll(() => held).toHaveLength(1);
    lent.socket.pause();
    lent.socket.write(get('/lent', 'accept: large'));
    await expect.poll(() => ordinary).toHaveLength(1);
    connections.close();
    await once(idle.socket, 'close');
    full.socket.resume();
    await once(full.socket, 'close');
    const late = await open();
    late.socket.write(get('/a'));
    await expect.poll(() => ordinary).toHaveLength(2);
    answer(held[0] as ShortResponse, 'held');
    await once(busy.socket, 'close');
    expect(busy.text()).toMatch(/connection: close\r\n\r\nheld$/);
    lent.socket.resume();
    await once(lent.socket, 'close');
    expect(lent.text().length).toBeGreaterThan(LARGE.length);
  });

  it('whose other end has gone are forgotten with their answers, also where it has sent more', async () => {
    const { socket } = await open();
    socket.write(get('/held'));
    await expect.poll(() => held).toHaveLength(1);
    for (const piece of ['GET /a HT', 'TP/1.1\r\n']) {
      socket.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    socket.end();
    await expect.poll(() => held[0]?.destroyed).toBe(true);
    answer(held[0] as ShortResponse, 'held');
    expect(held[0]?.headersSent).toBe(true);
  });
});
