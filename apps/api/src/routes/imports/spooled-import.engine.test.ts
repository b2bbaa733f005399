import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiHarness, openApiHarness } from '../../testing/api-harness.ts';

/** A Parquet file of one column, `source_id`, and one row, `P-1`. */
const PARQUET = Buffer.from(
  'UEFSMRUAFRoVGiwVAhUAFQYVBgAAAgAAAAIBAwAAAFAtMRUCGSw1ABgNZHVja2RiX3NjaGVtYRUCABUMJQIYCXNvdXJjZV9pZCUAABYCGRwZHCYAHBUMGRUA' +
    'GRgJc291cmNlX2lkFQAWAhY8FjwmCDwYA1AtMRgDUC0xFgAoA1AtMRgDUC0xEREAAAAWPBYCJggWPAAoKER1Y2tEQiB2ZXJzaW9uIHYxLjUuNiAoYnVpbGQg' +
    'MDY5Y2M5ZjliNSkZHBwAAACjAAAAUEFSMQ==',
  'base64',
);

describe('a Parquet file that is sent', () => {
  let harness: ApiHarness;
  let spoolDirectory: string;
  beforeAll(async () => {
    spoolDirectory = await mkdtemp(join(tmpdir(), 'sophia-spool-'));
    harness = await openApiHarness({ services: { spoolDirectory } });
    await harness.makeKey('admin', { role: 'admin' });
  });
  afterAll(async () => {
    await harness.close();
    await rm(spoolDirectory, { recursive: true });
  });

  const send = (options: object) => {
    const head = [
      '--form',
      'content-disposition: form-data; name="options"',
      '',
      JSON.stringify({ record_type: 'product', source_system: 'shop', ...options }),
      '--form',
      'content-disposition: form-data; name="file"; filename="products.parquet"',
      '',
      '',
    ].join('\r\n');
    const body = Buffer.concat([Buffer.from(head), PARQUET, Buffer.from('\r\n--form--\r\n')]);
    return harness.send('POST', '/api/v1/imports', { headers: { 'content-type': 'multipart/form-data; boundary=form' }, body });
  };
  const copies = () => readdir(spoolDirectory);

  test('leaves no copy behind, imported or refused', async () => {
    const { json } = await send({});
    expect(json).toMatchObject({ state: 'finished', created: 1 });
    await expect.poll(copies).toEqual([]);
    expect(await send({ resume: json.id })).toMatchObject({ status: 409, json: { code: 'import_finished' } });
    await expect.poll(copies).toEqual([]);
  });
});
