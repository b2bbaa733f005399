import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from '../../testing/api-harness.ts';

describe('an import whose sender goes away', () => {
  let harness: ApiHarness;
  beforeAll(async () => {
    harness = await openApiHarness();
    await harness.makeKey('admin', { role: 'admin' });
  });
  afterAll(() => harness.close());

  /** Longer than what is read of a form, or of a table, before its rows. */
  const rows = 'D-1,one\n'.repeat(40_000);
  const form = [
    '--b',
    'content-disposition: form-data; name="options"',
    '',
    JSON.stringify({ record_type: 'deal', source_system: 'form', format: 'csv' }),
    '--b',
    'content-disposition: form-data; name="file"; filename="deals.csv"',
    '',
    `source_id,name\n${rows}`,
  ].join('\r\n');

  it.each([
    ['as a form', 'imports', 'multipart/form-data; boundary=b', form],
    ['as a body', 'records/deal?source_system=body', 'text/csv', `source_id,name\n${rows}`],
  ])('%s says so, and can be gone on with', async (_, path, type, body) => {
    const last = async () => (await harness.send('GET', '/api/v1/imports?limit=1')).json.imports[0];
    const before = await last();
    const socket = connect(Number(new URL(harness.address).port), '127.0.0.1');
    const head = [`POST /api/v1/${path} HTTP/1.1`, `content-type: ${type}`, 'content-length: 1000000000', 'host: test'];
    socket.write(`${[...head, `authorization: Bearer ${harness.keys.get('admin')}`, '', ''].join('\r\n')}${body}`);
    await expect.poll(async () => (await last())?.id, { timeout: 20_000 }).not.toBe(before?.id);
    expect((await last()).state).toBe('running');
    socket.destroy();
    // Why it ended is kept before its lock is let go, which says that it runs.
    await expect.poll(async () => (await last()).state, { timeout: 20_000 }).toBe('interrupted');
    expect((await last()).failure).toEqual({
      code: 'source_unreadable',
      message: 'The sender went away before the end; what was committed stays.',
    });
  });
});
