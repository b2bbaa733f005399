import { type AddressInfo, connect } from 'node:net';
import { createTestObservability } from '@sophia/observability/testing';
import { SophiaError } from '@sophia/shared';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { CALLER_GONE, registerProblems, sendProblem, watchProblems } from './problems.ts';

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

test('a problem that nobody is there to be told of is no answer, and a defect is logged all the same', async () => {
  const observability = createTestObservability();
  const options = { requestId: 'r', route: '/', headers: [], watch: watchProblems(observability) };
  const gone = { destroyed: true, headersSent: false, writeHead: () => expect.unreachable() };
  expect(sendProblem(gone, new SophiaError('deadline_exceeded', 'x'), options)).toBe(CALLER_GONE);
  expect(sendProblem(gone, new Error('out of luck'), options)).toBe(CALLER_GONE);
  expect(await observability.metrics.render()).not.toContain('sophia_http_problems_total{');
  expect(observability.lines().filter(({ level }) => level === 'error')).toEqual([expect.objectContaining({ route: '/' })]);
  await observability.close();
});
