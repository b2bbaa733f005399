import iconv from 'iconv-lite';
import { describe, expect, test } from 'vitest';
import { chunks, collect } from '../testing/chunks.ts';
import { CITIES, CITY_ROWS } from '../testing/cities.ts';
import { readAll } from '../testing/read-all.ts';
import { openSource } from './open-source.ts';

describe('encodings', () => {
  test.each<[string, Buffer, string, boolean]>([
    ['UTF-8', Buffer.from(CITIES), 'utf-8', true],
    ['UTF-8 with a mark', iconv.encode(CITIES, 'utf-8', { addBOM: true }), 'utf-8', true],
    ['UTF-16 with a mark', iconv.encode(CITIES, 'utf-16le', { addBOM: true }), 'utf-16le', true],
    ['UTF-16 big-endian with a mark', iconv.encode(CITIES, 'utf-16be', { addBOM: true }), 'utf-16be', true],
    ['UTF-32 with a mark', iconv.encode(CITIES, 'utf-32le', { addBOM: true }), 'utf-32le', true],
    ['UTF-16 by its zeros', iconv.encode(CITIES, 'utf-16le', { addBOM: false }), 'utf-16le', false],
    ['UTF-16 big-endian by its zeros', iconv.encode(CITIES, 'utf-16be'), 'utf-16be', false],
  ])('%s is found out', async (_, content, name, certain) => {
    for (const chunk of [1, 3, 1000]) {
      const { source, brief } = await readAll(content, {}, chunk);
      expect(source.description.encoding).toMatchObject({ name, certain });
      expect(brief).toEqual(CITY_ROWS);
    }
  });

  test('a mark is one at the beginning alone: within the text it is a character, wherever a piece of it begins', async () => {
    const rows = 80_000;
    const begin = `\uFEFFid,name\n${'1,a\n'.repeat(rows)}`;
    const { brief } = await readAll(Buffer.from(`${begin}\uFEFF2,b\n`), {}, Buffer.byteLength(begin));
    expect(brief).toHaveLength(rows + 1);
    expect([brief[0], brief.at(-1)]).toEqual([
      [2, ['1', 'a']],
      [rows + 2, ['\uFEFF2', 'b']],
    ]);
  });

  test('western and Cyrillic letters are guessed, which is said', async () => {
    const german = 'id,ort,straße\n1,Köln,Große Straße\n2,München,Äußere Allee\n3,Düsseldorf,Grüner Weg\n';
    const western = await readAll(iconv.encode(german, 'windows-1252'));
    expect(western.brief[0]).toEqual([2, ['1', 'Köln', 'Große Straße']]);
    expect(western.source.description.encoding).toMatchObject({ name: 'windows-1252', certain: false, reason: 'statistics' });
    expect(western.source.description.assumptions[0]).toMatch(
      /^The encoding looks like windows-1252 \(or .*\); set encoding if letters come out wrong\.$/,
    );
    const russian = 'имя,город\nИван Петров,Москва\nАнна Смирнова,Санкт-Петербург\nОльга Кузнецова,Новосибирск\n';
    const cyrillic = await readAll(iconv.encode(russian, 'windows-1251'));
    expect(cyrillic.brief[0]).toEqual([2, ['Иван Петров', 'Москва']]);
  });

  test.each(['naïve café', 'Société café', 'Nestlé', 'Zoë'])('%s alone is no statistics: it is western', async (name) => {
    for (const rows of [1, 30]) {
      const { brief, source } = await readAll(iconv.encode(`id,name\n${`1,${name}\n`.repeat(rows)}`, 'windows-1252'));
      expect(brief[0]).toEqual([2, ['1', name]]);
      expect(source.description.encoding).toMatchObject({ name: 'windows-1252', certain: false });
    }
  });

  test('one that is set is taken; one that is unknown refused', async () => {
    const content = iconv.encode('ид,город\n1,Москва\n', 'koi8-r');
    expect((await readAll(content, { encoding: 'KOI8-R' })).brief).toEqual([[2, ['1', 'Москва']]]);
    expect((await readAll(Buffer.from('a,b\n1,\u00e9\n', 'latin1'), { encoding: 'latin1' })).brief).toEqual([[2, ['1', 'é']]]);
    expect((await readAll(Buffer.from('a,b\n1,\x80\n', 'latin1'), { encoding: 'ISO-8859-1' })).brief).toEqual([[2, ['1', '€']]]);
    expect((await readAll(CITIES, { encoding: 'ascii' })).brief).toEqual(CITY_ROWS);
    await expect(readAll('a', { encoding: 'klingon' })).rejects.toMatchObject({ code: 'unknown_encoding' });
  });

  test.each(['\x1b$BEl5~ET\x1b(B', '\x1b$)C\x0e3*1G0\x0f', '\x1b$(D0!\x1b(B', '\x1b(I16;\x1b(B'])(
    'ISO-2022, of seven bits as %j, does not pass for UTF-8, however late it comes',
    async (name) => {
      for (const rows of [0, 100_000]) {
        const text = `id,name\n${'1,Tokyo\n'.repeat(rows)}2,${name}\n`;
        await expect(readAll(text)).rejects.toMatchObject({ code: 'unknown_encoding', message: expect.stringContaining('ISO-2022-JP') });
      }
      expect((await readAll(`id,name\n1,${name}\n`, { encoding: 'utf-8' })).rows).toHaveLength(1);
    },
  );

  test('rows that are no text in it are broken, the others good', async () => {
    const utf8 = Buffer.concat([Buffer.from(`id,city\n${'1,Köln\n'.repeat(50)}2,`), Buffer.from([0xff, 0xfe]), Buffer.from('\n3,Łódź\n')]);
    const { brief, source } = await readAll(utf8);
    expect(brief.slice(-2)).toEqual([
      [52, 'invalid_encoding'],
      [53, ['3', 'Łódź']],
    ]);
    expect(source.description.encoding).toMatchObject({ name: 'utf-8', certain: false });
    const cut = Buffer.concat([
      iconv.encode('id,city\n1,a\n2,', 'utf-16le', { addBOM: true }),
      Buffer.from([0x00, 0xdc]),
      iconv.encode('\n3,c\n', 'utf-16le'),
    ]);
    expect((await readAll(cut)).brief).toEqual([
      [2, ['1', 'a']],
      [3, 'invalid_encoding'],
      [4, ['3', 'c']],
    ]);
  });

  test('a text that is sent as JSON is UTF-8, with a mark or without', async () => {
    for (const mark of ['', '\ufeff']) {
      const source = await openSource({ kind: 'stream', stream: chunks(`${mark}{"a":1}`), contentType: 'application/json' });
      expect(await collect(source.rows)).toMatchObject([{ values: { a: 1 } }]);
      await source.close();
    }
  });

  test.each(['utf-16le', 'utf-16be', 'utf-32le', 'utf-8'])(
    'a file of JSON, sent as one, is in the encoding that its mark says (%s)',
    async (name) => {
      const object = '{"city":"Köln","note":"a, b"}';
      for (const [file, text] of [
        ['cities.ndjson', `${object}\n${object}\n`],
        ['cities.json', `[${object},\n${object}]`],
      ] as const) {
        for (const chunk of [1, 3, 1000]) {
          const { source, rows } = await readAll(iconv.encode(text, name, { addBOM: true }), { name: file }, chunk);
          expect(source.description.encoding).toMatchObject({ name, certain: true });
          expect(rows.map(({ values }) => values)).toEqual([JSON.parse(object), JSON.parse(object)]);
        }
      }
    },
  );

  test('a body that is no file is UTF-8, whatever it begins with', async () => {
    const stream = chunks(iconv.encode('{"a":1}\n', 'utf-16le', { addBOM: true }));
    const source = await openSource({ kind: 'stream', stream, contentType: 'application/x-ndjson' });
    expect((await collect(source.rows)).map(({ errors }) => errors?.[0]?.code)).toContain('invalid_encoding');
    await source.close();
  });

  test('bytes that are no text at all are still read as some', async () => {
    const { source } = await readAll(Buffer.from([0x80, 0x81, 0x8d, 0x0a, 0x90]));
    expect(source.description.encoding?.certain).toBe(false);
  });

  test('a text whose first part ends within a character is still UTF-8', async () => {
    for (const letter of ['é', '€', '🙂']) {
      for (let shift = 0; shift < 4; shift += 1) {
        const content = `id,text\n1,${'x'.repeat(shift)}${letter.repeat(100_000)}\n2,z\n`;
        const { source } = await readAll(content, {}, 4096);
        expect(source.description.encoding).toMatchObject({ name: 'utf-8', certain: true });
      }
    }
  });
});
