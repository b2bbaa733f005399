import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from '../testing/api-harness.ts';

describe('rows of a stream', () => {
  let harness: ApiHarness;
  beforeAll(async () => {
    harness = await openApiHarness();
    await harness.makeKey('admin', { role: 'admin' });
  });
  afterAll(() => harness.close());

  /** Пётр in KOI8-R. */
  const NAME = Buffer.from([0xf0, 0xa3, 0xd4, 0xd2]);
  const csv = Buffer.concat([Buffer.from('source_id,name\nD-1,'), NAME, Buffer.from('\n')]);
  const send = async (type: string, body: Uint8Array | string) =>
    (await harness.send('POST', '/api/v1/records/deal?source_system=charset', { headers: { 'content-type': type }, body })).json;
  const nameOf = async (id: string) =>
    (await harness.send('GET', `/api/v1/records/deal?source_system=charset&source_id=${id}`)).json.records[0]?.data.name;

  it('are read in the encoding of their content type, of which nothing is assumed', async () => {
    expect(await send('text/csv; charset=koi8-r', csv)).toMatchObject({ created: 1, assumed: [] });
    expect(await nameOf('D-1')).toBe('Пётр');
    const line = Buffer.concat([Buffer.from('{"source_id":"D-2","name":"'), NAME, Buffer.from('"}\n')]);
    expect(await send('application/x-ndjson; charset="KOI8-R"', line)).toMatchObject({ created: 1, rejected: 0 });
    expect(await nameOf('D-2')).toBe('Пётр');
    expect(await send('application/x-ndjson; charset=UTF-8', '{"source_id":"D-3","name":"Пётр"}\n')).toMatchObject({ created: 1 });
    expect(await nameOf('D-3')).toBe('Пётр');
  });

  it('are refused in an encoding that is not known', async () => {
    expect(await send('text/csv; charset=klingon', csv)).toMatchObject({ status: 422, code: 'unknown_encoding' });
  });

  it('tell what was assumed where none is told, in the answer and with the import', async () => {
    const { import: id, assumed } = await send('text/csv', csv);
    expect(assumed).toEqual([expect.stringMatching(/^The encoding looks like /)]);
    expect((await harness.send('GET', `/api/v1/imports/${id}`)).json.assumed).toEqual(assumed);
  });

  it('that were sent as a long array are those that were read', async () => {
    const rows = Array.from({ length: 2_501 }, (_, index) => ({ source_id: `A-${index}`, name: 'Пётр' }));
    expect(await send('application/json; charset=koi8-r', JSON.stringify(rows))).toMatchObject({ created: 2_501, assumed: [] });
    expect(await nameOf('A-2500')).toBe('Пётр');
  });

  it('are rejected by themselves where they hold very much, in lines and in an array', async () => {
    const wide = `{"source_id":"wide",${Array.from({ length: 10_001 }, (_, index) => `"x${index}":1`).join(',')}}`;
    const rows = ['{"source_id":"narrow-1"}', wide, '{"source_id":"narrow-2"}'];
    const rejected = [{ line: 2, code: 'too_many_fields', message: 'Expected at most 10000 members and values.' }];
    expect(await send('application/x-ndjson', `${rows.join('\n')}\n`)).toMatchObject({ created: 2, rejected: 1, errors: rejected });
    expect(await send('application/json', ` [${rows.join(',')}]`)).toMatchObject({ unchanged: 2, rejected: 1, errors: rejected });
    const { json } = await harness.send('GET', '/api/v1/dead-letters?code=too_many_fields');
    expect(json.dead_letters).toHaveLength(1);
    expect(json.dead_letters[0].row.fields).toEqual({ extra: { raw: wide.slice(0, 10_000) } });
  });

  it('that were sent as an array are UTF-8, whatever is told and however long it is', async () => {
    for (const [id, length] of [
      ['short', 1],
      ['long', 2 * 2 ** 20],
    ] as const) {
      const rows = JSON.stringify([
        { source_id: id, name: 'Пётр' },
        { source_id: `${id}-filled`, name: 'x'.repeat(length) },
      ]);
      expect(await send('application/json; charset=ISO-8859-1', rows)).toMatchObject({ created: 1 + Number(length === 1) });
      expect(await nameOf(id)).toBe('Пётр');
    }
  });
});
