import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closerOf } from './close-server.ts';

describe('a server that closes', () => {
  let server: Server;
  let close: () => Promise<void>;
  let held: ServerResponse[];
  const clients: Socket[] = [];

  beforeEach(async () => {
    held = [];
    server = createServer((_request, response) => void held.push(response));
    const stopListening = (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve());
      });
    close = closerOf(server, stopListening);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
    server.closeAllConnections();
  });

  const send = async (text: string) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    clients.push(socket);
    let received = '';
    socket
      .on('error', () => undefined)
      .on('data', (chunk) => {
        received += String(chunk);
      });
    await once(socket, 'connect');
    const connected = text === '' ? undefined : new Promise((resolve) => socket.write(text, resolve));
    await connected;
    return { socket, received: () => received };
  };

  it('does not wait for who has sent nothing, or a part of a head', async () => {
    const accepted = Promise.withResolvers<void>();
    server.on('connection', (socket: Socket) => socket.once('data', () => accepted.resolve()));
    const [silent, partial] = [await send(''), await send('GET / HT')];
    await accepted.promise;
    const gone = [once(silent.socket, 'close'), once(partial.socket, 'close')];
    await close();
    await Promise.all(gone);
    expect(server.listening).toBe(false);
  });

  it('lets the requests in hand finish, also those of who has gone, and cuts the others off then', async () => {
    const request = 'GET / HTTP/1.1\r\nhost: test\r\n\r\n';
    const [first, second] = [await send(request), await send(request)];
    await expect.poll(() => held).toHaveLength(2);
    const partial = await send('GET / HT');
    let isClosed = false;
    const closed = close().then(() => {
      isClosed = true;
    });
    held[0]?.end('first');
    await expect.poll(first.received).toMatch(/first$/);
    expect([isClosed, partial.socket.destroyed]).toEqual([false, false]);
    second.socket.destroy();
    await closed;
    await expect.poll(() => partial.socket.destroyed).toBe(true);
  });
});
