import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { createTestObservability } from '@sophia/observability/testing';
import { describe, expect, it } from 'vitest';
import { answerClientErrors } from './client-errors.ts';
import { watchProblems } from './problems.ts';

const answering = () => answerClientErrors({ newRequestId: () => 'request-1', watch: watchProblems(createTestObservability()) });

describe('errors of connections', () => {
  it('are answered where headers do not arrive', async () => {
    const server = createServer({ headersTimeout: 20, connectionsCheckingInterval: 10 }).on('clientError', answering());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n');
    const chunks = await socket.toArray();
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n.*"code":"slow_headers"/s);
    server.close();
  });

  it.each([
    ['was reset', 'ECONNRESET', false],
    ['can be written no more', 'HPE_INVALID_METHOD', true],
  ])('end a connection that %s without an answer', (_, code, ended) => {
    const socket = new PassThrough().on('error', () => undefined);
    if (ended) socket.end();
    answering()(Object.assign(new Error('gone'), { code }), socket);
    expect([socket.destroyed, socket.readableLength]).toEqual([true, 0]);
  });
});
