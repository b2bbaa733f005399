import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import compress from '@fastify/compress';
import Fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { registerRecordBody } from './record-body.ts';

const LIMIT = 100;
const app = Fastify();
const cutOff = Promise.withResolvers<void>();
let port: number;
app.setErrorHandler<Error & { code?: string; statusCode?: number }>((error, _, reply) => {
  if (error.code === 'invalid_request' && Object(error.cause).code === 'ECONNRESET') cutOff.resolve();
  return reply.code(error.statusCode ?? 400).send({ code: error.code, detail: error.message });
});
await app.register(compress);
registerRecordBody(app, LIMIT);
app.post('/', async ({ body }) => {
  if (!(body instanceof Readable)) return { body };
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return { streamed: Buffer.concat(chunks).toString() };
});
beforeAll(async () => {
  await app.listen({ port: 0, host: '127.0.0.1' });
  port = (app.server.address() as AddressInfo).port;
});
afterAll(() => app.close());
const refused = (code: string) => [400, { code, detail: expect.any(String) }];

test('a body within the limit is parsed, a longer array handed on whole, anything else that is longer refused', async () => {
  const send = async (body: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    return [answer.status, await answer.json()];
  };
  const long = `\n \t[${Array.from({ length: 100_000 }, (_, index) => `{"n":${index}}`).join(',')}]`;
  expect(await send('{"a":[1]}')).toEqual([200, { body: { a: [1] } }]);
  expect(await send('[1]')).toEqual([200, { body: [1] }]);
  expect(await send(long)).toEqual([200, { streamed: long }]);
  expect(await send(`{"a":${long}}`)).toEqual(refused('payload_too_large'));
  expect(await send(' '.repeat(200))).toEqual(refused('payload_too_large'));
  expect(await send('')).toEqual(refused('FST_ERR_CTP_EMPTY_JSON_BODY'));
});

test.each([
  ['{"a":', 'The body is not JSON: Unexpected end of JSON input.'],
  ['{"a":["b",]}', `The body is not JSON: Unexpected token ']', "{"a":["b",]}" is not valid JSON.`],
  ['{"a":1,}', 'The body is not JSON: Expected double-quoted property name in JSON at position 7 (line 1 column 8).'],
  ['\ufeff{"a":1,}', 'The body is not JSON: Expected double-quoted property name in JSON at position 7 (line 1 column 8).'],
  ['{"__proto__":{}}', 'The body has a member __proto__ or constructor.prototype, which only rows may have.'],
  ['{"a":{"constructor":{"prototype":1}}}', 'The body has a member __proto__ or constructor.prototype, which only rows may have.'],
])('%s is told with its place, or its name', async (payload, detail) => {
  const answer = await app.inject({ method: 'POST', url: '/', payload, headers: { 'content-type': 'application/json' } });
  expect(answer.json()).toEqual({ code: 'invalid_request', detail });
});

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['zstd', zstdCompressSync],
])('a body packed with %s is read like any other', async (encoding, pack) => {
  const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
  const send = async (text: string) => (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: pack(text), headers })).json();
  const long = `[${Array.from({ length: 10_000 }, (_, index) => `{"n":${index}}`).join(',')}]`;
  expect(await send('{"a":[1]}')).toEqual({ body: { a: [1] } });
  expect(await send(long)).toEqual({ streamed: long });
  const broken = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: Buffer.from('no such packing'), headers });
  expect(await broken.json()).toMatchObject({ code: 'invalid_request' });
});

test('a body that is not UTF-8 is refused', async () => {
  const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  expect([answer.status, await answer.json()]).toEqual(refused('invalid_encoding'));
});

test('a caller who goes in the midst of a body leaves nothing waiting', async () => {
  const socket = connect(port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"a":', () => socket.destroy());
  await cutOff.promise;
});
