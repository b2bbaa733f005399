import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { guardedRequest, publicLookup } from './guarded-request.ts';

describe('a guarded request', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
  const serve = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const allowed = { allowPrivateAddress: true };

  it('gives status, headers and body, and follows no redirect', async () => {
    const url = await serve((request, response) => {
      response.writeHead(302, { location: 'http://169.254.169.254/', 'x-seen': request.headers.accept ?? '' }).end('moved');
    });
    const response = await guardedRequest(url, { ...allowed, headers: { accept: 'text/plain' } });
    expect(response).toMatchObject({ status: 302, headers: { 'x-seen': 'text/plain' } });
    expect(response.body.toString()).toBe('moved');
  });

  it.each([
    'http://example.org/',
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://2130706433/',
    'https://0x7f000001/',
    'ftp://example.org/',
  ])('to %s is refused at sight', async (url) => {
    await expect(guardedRequest(url, { allowPrivateAddress: false })).rejects.toMatchObject({ code: 'address_not_allowed' });
  });

  it('is plain only where private addresses are allowed, and never something else', async () => {
    await expect(guardedRequest('ftp://127.0.0.1/', allowed)).rejects.toMatchObject({ code: 'address_not_allowed' });
  });

  it('to a name with a private address is refused', async () => {
    await expect(guardedRequest('https://localhost/', { allowPrivateAddress: false })).rejects.toMatchObject({
      code: 'address_not_allowed',
    });
  });

  it('that gets too much is broken off', async () => {
    const url = await serve((_, response) => {
      response.on('error', () => undefined);
      const more = () => response.write(Buffer.alloc(65_536)) && setImmediate(more);
      response.on('drain', more);
      more();
    });
    await expect(guardedRequest(url, { ...allowed, maximumBytes: 100_000 })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('larger than 100000 bytes'),
    });
  });

  it('that gets no answer ends at its deadline, or with its caller', async () => {
    const url = await serve(() => undefined);
    await expect(guardedRequest(url, { ...allowed, deadline: 20 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
    const caller = new AbortController();
    const request = guardedRequest(url, { ...allowed, signal: caller.signal });
    caller.abort(new Error('gone'));
    await expect(request).rejects.toThrow('gone');
  });

  it('that cannot connect, or is cut off, says so', async () => {
    const url = await serve((request) => request.socket.destroy());
    await expect(guardedRequest(url, allowed)).rejects.toMatchObject({ code: 'unavailable', retryAfter: 5 });
    await expect(guardedRequest('http://nowhere.invalid/', allowed)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('asks the name service as it is asked', async () => {
    const look = (hostname: string, all: boolean) =>
      new Promise((resolve) => publicLookup(hostname, { all }, (error, address, family) => resolve(error ?? [address, family])));
    // Addresses are their own names, so that the test needs no network.
    expect(await look('8.8.8.8', false)).toEqual(['8.8.8.8', 4]);
    expect(await look('8.8.8.8', true)).toEqual([[{ address: '8.8.8.8', family: 4 }], undefined]);
    expect(await look('10.0.0.1', true)).toMatchObject({ code: 'address_not_allowed' });
    expect(await look('nowhere.invalid', true)).toMatchObject({ syscall: 'getaddrinfo' });
  });
});
