import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseShortRequest } from './short-request.ts';

const SOCKET = { remoteAddress: '127.0.0.1' };
const parse = (text: string) => parseShortRequest(Buffer.from(text, 'latin1'), SOCKET);
const textOf = (line: string, headers: readonly string[], body = '') => [line, ...headers, '', body].join('\r\n');
const HOST = 'Host: test';

describe('a request in the plainest form', () => {
  it('is read with its headers by lower-case names and its body', () => {
    const body = '{"a":1}';
    const request = parse(
      textOf('POST /api?x=1 HTTP/1.1', [HOST, 'Content-Type:\tapplication/json ', `Content-Length: ${body.length}`], body),
    );
    expect(request).toMatchObject({ method: 'POST', url: '/api?x=1', socket: SOCKET });
    expect({ ...request?.headers }).toEqual({ host: 'test', 'content-type': 'application/json', 'content-length': '7' });
    expect(request?.read()?.toString()).toBe(body);
    const read = parse(textOf('GET / HTTP/1.1', [HOST, 'connection: Keep-Alive', 'x-empty:']));
    expect({ ...read?.headers }).toEqual({ host: 'test', connection: 'Keep-Alive', 'x-empty': '' });
    expect(read?.read()).toBeNull();
  });

  it.each([
    ['of another method', textOf('PUT / HTTP/1.1', [HOST])],
    ['of an older version', textOf('GET / HTTP/1.0', [HOST])],
    ['by a whole address', textOf('GET http://test/ HTTP/1.1', [HOST])],
    ['with two spaces', textOf('GET  / HTTP/1.1', [HOST])],
    ['with lines that end otherwise', 'GET / HTTP/1.1\nHost: test\n\n'],
    ['without a host', textOf('GET / HTTP/1.1', ['accept: */*'])],
    ['without headers', 'GET / HTTP/1.1\r\n\r\n'],
    ['with a header twice', textOf('GET / HTTP/1.1', [HOST, 'a: 1', 'A: 1'])],
    ['with a space before a colon', textOf('GET / HTTP/1.1', [HOST, 'a : 1'])],
    ['with a folded line', textOf('GET / HTTP/1.1', [HOST, 'a: 1', ' 2'])],
    ['with a letter beyond ASCII', textOf('GET / HTTP/1.1', [HOST, 'a: \u00e4'])],
    ['with a NUL', textOf('GET / HTTP/1.1', [HOST, 'a: \0'])],
    ['in chunks', textOf('POST / HTTP/1.1', [HOST, 'transfer-encoding: chunked'], '0\r\n\r\n')],
    ['in chunks of a known length', textOf('POST / HTTP/1.1', [HOST, 'content-length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n')],
    ['that waits to be asked to go on', textOf('POST / HTTP/1.1', [HOST, 'content-length: 1', 'expect: 100-continue'], 'x')],
    ['that wants another protocol', textOf('GET / HTTP/1.1', [HOST, 'upgrade: websocket', 'connection: upgrade'])],
    ['that is the last one', textOf('GET / HTTP/1.1', [HOST, 'connection: close'])],
    ['whose length is not all digits', textOf('POST / HTTP/1.1', [HOST, 'content-length: +1'], 'x')],
    ['whose length is not said', textOf('POST / HTTP/1.1', [HOST], 'x')],
    ['that reads with a body', textOf('GET / HTTP/1.1', [HOST, 'content-length: 1'], 'x')],
    ['of which a part is missing', textOf('POST / HTTP/1.1', [HOST, 'content-length: 2'], 'x')],
    ['whose head has no end yet', 'GET / HTTP/1.1\r\nHost: test\r\n'],
    ['behind which another one begins', textOf('GET / HTTP/1.1', [HOST], textOf('GET / HTTP/1.1', [HOST]))],
    ['with very many headers', textOf('GET / HTTP/1.1', [HOST, ...Array.from({ length: 100 }, (_, index) => `a${index}:`)])],
    ['with a long head', textOf('GET / HTTP/1.1', [HOST, `a: ${'x'.repeat(9_000)}`])],
  ])('is none %s', (_, text) => {
    expect(parse(text)).toBeUndefined();
  });

  it('is read as node:http reads it, whatever the bytes are', async () => {
    const piece = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom('accept: */*', 'X-A: 1', 'a:b:c', 'Content-Type: application/json', 'cookie: \ta=1; b=2\t '),
      },
      { weight: 2, arbitrary: fc.constantFrom('__proto__: x', 'constructor: y', 'Connection: keep-alive', 'te: x', 'content-length: 0') },
      { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 12 }) },
    );
    const mutation = fc.option(fc.tuple(fc.nat(300), fc.constantFrom('', '\r', '\n', '\r\n', ' ', '\t', ':', '\0', '\u00ff', 'x')), {
      nil: undefined,
    });
    const request = fc
      .record({
        isWrite: fc.boolean(),
        path: fc.webPath(),
        pieces: fc.array(piece, { maxLength: 5 }),
        body: fc.string({ maxLength: 20 }),
        mutation,
      })
      .map(({ isWrite, path, pieces, body, mutation: [at, inserted] = [0, undefined] }) => {
        const bytes = Buffer.from(body);
        const length = isWrite ? [`content-length: ${bytes.length}`] : [];
        const text = `${textOf(`${isWrite ? 'POST' : 'GET'} /${path} HTTP/1.1`, [HOST, ...length, ...pieces])}${isWrite ? bytes.toString('latin1') : ''}`;
        return inserted === undefined ? text : `${text.slice(0, at)}${inserted}${text.slice(at + 1)}`;
      });
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(request, async (text) => {
        const short = parse(text);
        if (short === undefined) return;
        accepted += 1;
        const { method, url, headers, body } = await readByNode(text);
        expect({ method, url, headers }).toEqual({ method: short.method, url: short.url, headers: { ...short.headers } });
        expect(body).toEqual(short.read() ?? Buffer.alloc(0));
      }),
      { numRuns: 5_000 },
    );
    expect(accepted).toBeGreaterThan(200);
  });
});

interface Read {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** The one request that node:http finds in the bytes. */
const readByNode = (text: string): Promise<Read> =>
  new Promise((resolve, reject) => {
    const server = createServer(({ method, url, headers }, response) => {
      const chunks: Buffer[] = [];
      response.req.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.req.on('end', () => {
        connection.destroy();
        resolve({ method, url, headers: { ...headers }, body: Buffer.concat(chunks) });
      });
    });
    server.on('clientError', (error) => reject(error));
    const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    server.emit('connection', connection);
    connection.push(Buffer.from(text, 'latin1'));
  });
