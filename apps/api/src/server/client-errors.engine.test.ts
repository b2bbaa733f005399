import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from '../testing/api-harness.ts';

describe('what is no request', () => {
  let harness: ApiHarness;
  beforeAll(async () => {
    harness = await openApiHarness();
  });
  afterAll(() => harness.close());

  /** All that is answered until the connection is closed. */
  const send = (text: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(harness.address).port), '127.0.0.1');
      const chunks: Buffer[] = [];
      socket
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('error', () => undefined)
        .on('close', () => resolve(Buffer.concat(chunks).toString()));
      socket.write(text);
    });

  it.each([
    ['another protocol', '\u0016\u0003\u0001 hello', 400, 'malformed_http'],
    ['a header without a colon', 'GET /health/live HTTP/1.1\r\nhost: x\r\nno header\r\n\r\n', 400, 'malformed_http'],
    ['no host', 'GET /health/live HTTP/1.1\r\n\r\n', 400, 'malformed_http'],
    ['two hosts', 'GET /health/live HTTP/1.1\r\nhost: a\r\nHost: b\r\n\r\n', 400, 'malformed_http'],
    ['no host for what may be in memory', 'GET /api/v1/metrics/query?q=1 HTTP/1.1\r\nfrom: x\r\n\r\n', 400, 'malformed_http'],
    ['an expectation that is none', 'GET /health/live HTTP/1.1\r\nhost: x\r\nexpect: wonders\r\n\r\n', 417, 'expectation_failed'],
    ['a length that is none', 'POST /api/v1/records/deal HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n', 400, 'malformed_http'],
    ['headers without end', `GET /health/live HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
    [
      'a chunk that is mostly extension',
      `POST /api/v1/metrics/query HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}\r\n`,
      413,
      'payload_too_large',
    ],
  ])('is told what it is: %s', async (_, text, status, code) => {
    const answer = await send(text);
    const [head = '', body = ''] = answer.split('\r\n\r\n').slice(-2);
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(head).toContain('content-type: application/problem+json; charset=utf-8\r\n');
    expect(JSON.parse(body)).toMatchObject({ status, code, type: `/errors/${code}`, instance: expect.any(String) });
  });

  it('may leave the host out before HTTP/1.1', async () => {
    expect(await send('GET /health/live HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });
});
