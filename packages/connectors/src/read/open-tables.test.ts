import { describe, expect, test } from 'vitest';
import { readAll } from '../testing/read-all.ts';

describe('tables', () => {
  test.each([
    ['commas', 'a,b\n1,2\n', ','],
    ['semicolons', 'a;b\n1,5;2,5\n', ';'],
    ['tabs', 'a\tb\n1, 2\t3\n', '\t'],
    ['bars', 'a|b\n1|2\n', '|'],
    ['nothing', 'a\n1\n', ','],
    ['bars, better than commas', 'a,b|c|d\n1|2|3\n', '|'],
    ['commas in quotes beside semicolons', '"a,b,c";d\n"e,f,g";h\n', ';'],
  ])('separated by %s', async (_, content, delimiter) => {
    expect((await readAll(content)).source.description.dialect?.delimiter).toBe(delimiter);
  });

  test('in single quotes, with a hint of Excel, with backslashes', async () => {
    const single = await readAll("id,'name'\n1,'a,b'\n2,'c'\n");
    expect(single.brief).toEqual([
      [2, ['1', 'a,b']],
      [3, ['2', 'c']],
    ]);
    const hinted = await readAll('sep=;\r\nid;name\r\n1;a,b\r\n');
    expect(hinted.source.columns).toEqual(['id', 'name']);
    expect(hinted.brief).toEqual([[3, ['1', 'a,b']]]);
    const set = await readAll("1|'a\\'|b'\n", { delimiter: '|', quote: "'", escaping: 'backslash', header: false });
    expect(set.brief).toEqual([[1, ['1', "a'|b"]]]);
    const escaped = await readAll('id,name\n1,"12\\" pipe"\n2,"b"\n');
    expect(escaped.brief[0]).toEqual([2, ['1', '12" pipe']]);
  });

  test.each<[string, string, readonly (readonly [number, string | readonly string[]])[]]>([
    [
      'open one more cell than they close',
      "id,title,n\n1,'Heroes',1\n2,'Hello',2\n3,'Twas the night,3\n4,Imagine,4\n5,Goin',5\n",
      [
        [2, ['1', "'Heroes'", '1']],
        [3, ['2', "'Hello'", '2']],
        [4, ['3', "'Twas the night", '3']],
        [5, ['4', 'Imagine', '4']],
        [6, ['5', "Goin'", '5']],
      ],
    ],
    [
      'would make two cells one',
      "id,title,n\n1,'Heroes',1\n2,'Til Tuesday,Goin'\n",
      [
        [2, ['1', "'Heroes'", '1']],
        [3, ['2', "'Til Tuesday", "Goin'"]],
      ],
    ],
    [
      'would hide an uneven row by swallowing others',
      "id,title\n1,'Heroes'\n2,'Hello'\n3,'Twas,x,y\n4,a\n5,Goin'\n",
      [
        [2, ['1', "'Heroes'"]],
        [3, ['2', "'Hello'"]],
        [4, 'wrong_column_count'],
        [5, ['4', 'a']],
        [6, ['5', "Goin'"]],
      ],
    ],
    ['stand at one cell', "id,title\n1,'Heroes'\n", [[2, ['1', "'Heroes'"]]]],
  ])('with apostrophes that %s keep them, every row for itself', async (_, content, expected) => {
    const { brief, source } = await readAll(content);
    expect(brief).toEqual(expected);
    expect(source.description.dialect?.quote).toBe('"');
  });

  test('with cells of several lines in single quotes', async () => {
    const { brief, source } = await readAll("'id','note'\n'1','a\nb, c'\n'2','d, e'\n");
    expect([source.columns, brief]).toEqual([
      ['id', 'note'],
      [
        [2, ['1', 'a\nb, c']],
        [4, ['2', 'd, e']],
      ],
    ]);
  });

  test('in quotes that are guessed, or escaped in a way that is, say so; set ones do not', async () => {
    const quoted = "id,title\n1,'Heroes'\n2,'a,''b'\n";
    const sentence = "Cells look enclosed in '; set quote if these belong to the values.";
    const guessed = await readAll(quoted);
    expect([guessed.brief[1], guessed.source.description.assumptions]).toEqual([[3, ['2', "a,'b"]], [sentence]]);
    expect((await readAll(quoted, { quote: "'" })).source.description.assumptions).toEqual([]);
    expect((await readAll(quoted, { quote: '"' })).brief[0]).toEqual([2, ['1', "'Heroes'"]]);
    const escaped = 'id,name\n1,"12\\" pipe"\n';
    expect((await readAll(escaped)).source.description.assumptions).toEqual([
      'A quote within a cell looks written as \\"; set escaping if backslashes belong to the values.',
    ]);
    expect((await readAll(escaped, { escaping: 'backslash', delimiter: ',' })).source.description.assumptions).toEqual([]);
    const braced = await readAll('id,name\n1,(a\\(b(\n', { quote: '(' });
    expect([braced.brief, braced.source.description.dialect?.escaping]).toEqual([[[2, ['1', 'a(b']]], 'backslash']);
  });

  test('with old line ends', async () => {
    expect((await readAll('id,name\r1,a\r2,b')).brief).toEqual([
      [2, ['1', 'a']],
      [3, ['2', 'b']],
    ]);
    expect((await readAll('id,name\r1,a\r2,b', {}, 3)).rows).toHaveLength(2);
  });

  test('with old line ends and newer ones within quoted cells', async () => {
    expect((await readAll('id,name\r1,"a\n""b"""\r2,b\r')).brief).toEqual([
      [2, ['1', 'a\n"b"']],
      [4, ['2', 'b']],
    ]);
  });

  test('with returns within quoted cells keep them', async () => {
    expect((await readAll('id,name\n1,"a\rb"\n2,c\n')).brief).toEqual([
      [2, ['1', 'a\rb']],
      [3, ['2', 'c']],
    ]);
    expect((await readAll('"a\rb\nc"', { header: false })).brief).toEqual([[1, ['a\rb\nc']]]);
  });

  test('with a delimiter that is not sure say so', async () => {
    const { source } = await readAll('a,b;c\n1,2;3\n');
    expect(source.description.assumptions).toContain('Cells look separated by ","; set delimiter if not.');
  });

  test.each<[string, string, readonly string[], number]>([
    ['names above values', 'id,name\n1,a\n', ['id', 'name'], 1],
    ['no names', '1,a\n2,b\n', ['column_1', 'column_2'], 2],
    ['names that repeat', 'id,name,name\n1,a,b\n', ['id', 'name', 'name_2'], 1],
    ['a name that repeats, beside one with its number', 'id,name,name,name_2\n1,a,b,c\n', ['id', 'name', 'name_3', 'name_2'], 1],
    ['a column without a name, beside one with its number', 'id,,column_2\n1,a,b\n', ['id', 'column_2_2', 'column_2'], 1],
    ['words that repeat', 'x,a,a\ny,a,b\n', ['column_1', 'column_2', 'column_3'], 2],
    ['names that are years', 'id,name,2016\nx,a,5\n', ['column_1', 'column_2', 'column_3'], 2],
    ['a column without a name', 'id,,name\n1,a,b\n', ['id', 'column_2', 'name'], 1],
    ['only words', 'first,second\nhello,world\n', ['first', 'second'], 1],
    ['a row that is short', 'id,name\na\nb,1\n', ['id', 'name'], 2],
    ['an address', 'a@example.org,b\nc@example.org,d\n', ['column_1', 'column_2'], 2],
    ['nothing at all', '', [], 0],
    ['an empty first row', ',\n1,2\n', ['column_1', 'column_2'], 2],
  ])('with %s', async (_, content, columns, rows) => {
    const read = await readAll(content);
    expect(read.source.columns).toEqual(columns);
    expect(read.rows).toHaveLength(rows);
  });

  test('have names where it is set, and numbers for those that repeat', async () => {
    const read = await readAll('1,1, name \n2,3,4\n', { header: true });
    expect(read.source.columns).toEqual(['1', '1_2', 'name']);
    expect((await readAll('id,name\n1,a\n', { header: false })).rows).toHaveLength(2);
    expect((await readAll('first,second\nhello,world\n')).source.description.assumptions).toEqual([
      'The first row looks like the names of the columns; set header if not.',
    ]);
    expect((await readAll('a,a\nb,c\n')).source.description.assumptions).toEqual(['The first row looks like data; set header if not.']);
  });

  test.each<[string, string, readonly string[], readonly string[], boolean]>([
    ['names that are years', 'id,name,2016,2017\nx,a,5,6\n', ['id', 'name'], ['id', 'name', '2016', '2017'], true],
    ['names that repeat', 'id, name,name\nx,a,b\n', ['id', 'name_2'], ['id', 'name', 'name_2'], true],
    ['only words', 'id,name\nx,a\n', ['id'], ['id', 'name'], true],
    ['no names, as the mapping knows', 'x,a\ny,b\n', ['column_2'], ['column_1', 'column_2'], true],
    ['other names', 'key,title\n1,a\n', ['id'], ['key', 'title'], true],
    ['other names that look like data', 'key,2016\nx,5\n', ['id'], ['column_1', 'column_2'], false],
  ])('with %s are held against what is expected of them', async (_, content, expected, columns, certain) => {
    const { source } = await readAll(content, { expected });
    expect([source.columns, source.description.header?.certain]).toEqual([columns, certain]);
  });

  test('without a row say nothing of their first one', async () => {
    for (const content of ['', '\n\n', '"x" y\n']) {
      const { source } = await readAll(content, { expected: ['id'] });
      expect([source.columns, source.description.header, source.description.assumptions]).toEqual([[], undefined, []]);
    }
  });

  test('with broken rows before the names', async () => {
    expect((await readAll('"x" y\nid,name\n1,a\n')).brief).toEqual([
      [1, 'invalid_quote'],
      [3, ['1', 'a']],
    ]);
  });

  test('of more columns than any table are refused', async () => {
    await expect(readAll(`${'a,'.repeat(3000)}\n`)).rejects.toMatchObject({ code: 'too_many_columns' });
    expect((await readAll('a,b,c\n', { limits: { columns: 3 } })).source.columns).toHaveLength(3);
  });

  test('of a single row longer than the sample', async () => {
    const { source, rows } = await readAll(`id,text\n1,${'x'.repeat(200_000)}\n`);
    expect(source.columns).toEqual(['id', 'text']);
    expect(rows).toHaveLength(1);
  });
});
