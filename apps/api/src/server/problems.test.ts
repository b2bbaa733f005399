import { type AddressInfo, connect } from 'node:net';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { registerProblems } from './problems.ts';

test('a sender who goes away in the midst of a body is no defect', async () => {
  const reading = Promise.withResolvers<void>();
  const told = Promise.withResolvers<string>();
  const app = Fastify();
  registerProblems(app, (_error, { code }) => told.resolve(code));
  app.addContentTypeParser('text/csv', (_request, payload, done) => done(null, payload));
  app.post('/', async ({ raw }) => {
    for await (const _chunk of raw) reading.resolve();
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\ncontent-length: 500\r\n\r\na,b');
  await reading.promise;
  socket.destroy();
  expect(await told.promise).toBe('invalid_request');
  await app.close();
});
