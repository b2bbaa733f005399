import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiHarness, openApiHarness } from '../../testing/api-harness.ts';

const BOUNDARY = 'fuzz';
const OPTIONS = { record_type: 'deal', source_system: 'fuzz' };

const part = (head: readonly string[], content: string): string => `--${BOUNDARY}\r\n${head.join('\r\n')}\r\n\r\n${content}\r\n`;
const END = `--${BOUNDARY}--\r\n`;
const optionsPart = (content: string): string => part(['content-disposition: form-data; name="options"'], content);
const filePart = (content: string, name = 'deals.csv'): string =>
  part([`content-disposition: form-data; name="file"; filename="${name}"`, 'content-type: application/octet-stream'], content);
const whole = `${optionsPart(JSON.stringify(OPTIONS))}${filePart('source_id,name,status\nD-1,First,open\n')}${END}`;

describe('whatever comes as the form of an import', () => {
  let harness: ApiHarness;
  beforeAll(async () => {
    harness = await openApiHarness();
    await harness.makeKey('admin', { role: 'admin' });
  });
  afterAll(() => harness.close());

  /** A report, or a problem with a stable code; an answer that does not come fails by the harness's deadline. */
  const imported = async (body: string | Uint8Array, contentType = `multipart/form-data; boundary=${BOUNDARY}`): Promise<void> => {
    const { status, json, text } = await harness.send('POST', '/api/v1/imports', { headers: { 'content-type': contentType }, body });
    const told = `${status} ${text.slice(0, 300)} for ${JSON.stringify(Buffer.from(body).toString('latin1')).slice(0, 500)}`;
    expect(status < 500, told).toBe(true);
    if (status === 200) expect(json, told).toMatchObject({ id: expect.any(String), state: expect.any(String) });
    else expect(json, told).toMatchObject({ status, code: expect.stringMatching(/^[a-z_]+$/), title: expect.any(String) });
  };

  const values = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom('', 'file', 'singer', 'csv', '01M7YQ6SDE6TZEDKRYDVCVNCDQ', '\u0000', '\ud800'),
  );
  const names = [
    'name',
    'kind',
    'source_system',
    'record_type',
    'mapping',
    'mappings',
    'resume',
    'answers',
    'format',
    'encoding',
    'delimiter',
  ];

  test.each(['\u0000', '\ud800'])('with a text among its options that can be kept nowhere: %j', async (text) => {
    const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
    const body = `${optionsPart(JSON.stringify({ ...OPTIONS, name: text }))}${filePart('source_id\nD-1\n')}${END}`;
    const { json } = await harness.send('POST', '/api/v1/imports', { headers, body });
    expect([json.code, json.detail]).toEqual(['invalid_request', expect.stringMatching(/^options\/name has a NUL or half of a character/)]);
  });

  test('with very many options', async () => {
    const options = `{${Array.from({ length: 20_001 }, (_, index) => `"x${index}":1`).join(',')}}`;
    const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
    const body = `${optionsPart(options)}${filePart('source_id\nD-1\n')}${END}`;
    const { json } = await harness.send('POST', '/api/v1/imports', { headers, body });
    expect([json.code, json.detail]).toEqual(['invalid_request', 'options has more than 20000 members and values.']);
  });

  test('with any options', async () => {
    const options = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc.json({ maxDepth: 3 }),
      fc
        .dictionary(fc.constantFrom(...names, 'quote', 'header', '__proto__', 'other'), values, { maxKeys: 4 })
        .map((given) => JSON.stringify({ ...OPTIONS, ...given })),
    );
    await fc.assert(
      fc.asyncProperty(options, (text) => imported(`${optionsPart(text)}${filePart('source_id,name,status\nD-1,First,open\n')}${END}`)),
      { numRuns: 120 },
    );
  });

  test('with any mapping and any file', async () => {
    const mapping = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc
        .array(
          fc.constantFrom(
            'record_type: deal',
            'source_system: x',
            'fields:',
            '  name: a',
            '  amount: { column: b }',
            '- ',
            '&a [*a]',
            '{',
            '!!x',
          ),
          { maxLength: 6 },
        )
        .map((lines) => lines.join('\n')),
    );
    const file = fc.string({ unit: 'binary', maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(mapping, file, file, (text, content, name) =>
        imported(`${optionsPart(JSON.stringify({ mapping: text }))}${filePart(content, name.replaceAll(/["\r\n]/g, ''))}${END}`),
      ),
      { numRuns: 80 },
    );
  });

  test('cut off, with bytes changed, in another order, or no form at all', async () => {
    const bytes = Buffer.from(whole);
    const spoilt = fc.oneof(
      fc.nat({ max: bytes.length }).map((end) => bytes.subarray(0, end)),
      fc.record({ at: fc.nat({ max: bytes.length - 1 }), byte: fc.nat({ max: 255 }) }).map(({ at, byte }) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(byte, at);
        return changed;
      }),
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      fc
        .array(
          fc.constantFrom(
            optionsPart('{}'),
            filePart('a\n1\n'),
            part([], 'x'),
            part(['content-disposition: form-data'], 'x'),
            END,
            '--',
            BOUNDARY,
            '\r\n',
          ),
          { maxLength: 6 },
        )
        .map((parts) => Buffer.from(parts.join(''))),
    );
    await fc.assert(
      fc.asyncProperty(spoilt, (body) => imported(body)),
      { numRuns: 150 },
    );
    for (const type of [
      'multipart/form-data',
      'multipart/form-data; boundary=',
      'multipart/form-data; boundary="',
      'multipart/mixed; boundary=fuzz',
      'text/csv',
    ])
      await imported(whole, type);
  });
});
