import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from '../../testing/api-harness.ts';

describe('a sender of whom nothing has come when imports end', () => {
  let harness: ApiHarness;
  beforeAll(async () => {
    harness = await openApiHarness({ env: { SOPHIA_IMPORTS_PER_PRINCIPAL: '4' } });
    await harness.makeKey('admin', { role: 'admin' });
  });
  afterAll(() => harness.close());

  const FORM = 'multipart/form-data; boundary=b';
  const FILE = [
    '--b',
    'content-disposition: form-data; name="options"',
    '',
    '{"record_type":"deal","source_system":"quiet"}',
    '--b',
    'content-disposition: form-data; name="file"; filename="x.csv"',
    '',
    'so',
  ].join('\r\n');

  it('is told, rather than waited for', async () => {
    const senders = [
      ['records/deal?source_system=quiet', 'text/csv', ''],
      ['imports', FORM, ''],
      ['imports', FORM, FILE],
      ['imports/suggest', FORM, FILE],
    ].map(([path, type, body]) => {
      const socket = connect(Number(new URL(harness.address).port), '127.0.0.1');
      const head = [`POST /api/v1/${path} HTTP/1.1`, `content-type: ${type}`, 'content-length: 1000', 'host: test'];
      socket.write(`${[...head, `authorization: Bearer ${harness.keys.get('admin')}`, 'connection: close', '', ''].join('\r\n')}${body}`);
      return socket.setEncoding('utf8');
    });
    // Each holds a place by now.
    const another = () =>
      harness.send('POST', '/api/v1/records/deal?source_system=more', { headers: { 'content-type': 'text/csv' }, body: 'x' });
    await expect.poll(async () => (await another()).json.code, { timeout: 20_000 }).toBe('too_many_imports');
    harness.test.platform.catalog.imports.stop();
    for (const socket of senders) {
      const [answer] = await once(socket, 'data');
      expect(answer).toContain('HTTP/1.1 503');
      expect(answer).toContain('"code":"unavailable"');
      socket.destroy();
    }
  });
});
