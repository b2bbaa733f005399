import { execFile } from 'node:child_process';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenSophia, openSophia, words } from '../testing/open-sophia.ts';
import { WATCHED } from '../testing/run-here.ts';

const NOT_TOLD = { code: 0, err: '' };
const CSV = 'source_id,name,status,amount,currency,close_date\n';
const HAND = ['--type', 'deal', '--source-system', 'hand'];

let test: OpenSophia;
const sophia: OpenSophia['sophia'] = (argv, surroundings) => test.sophia(argv, surroundings);
const write: OpenSophia['write'] = (name, text) => test.write(name, text);

beforeAll(async () => {
  test = await openSophia();
});
afterAll(() => test.close());

describe('files', () => {
  it('what is not said, not there or does not go together is told before anything is sent', async () => {
    const file = await write('deals.csv', `${CSV}D-1,First,won,10,USD,2017-01-01\n`);
    const nowhere = join(test.outside, 'nothing');
    const refused = async (exit: number, message: string, ...args: string[]) => {
      const { code, out, err } = await sophia(['import', ...args]);
      expect([args, code, out, err]).toEqual([args, exit, '', expect.stringContaining(message)]);
    };
    await refused(2, 'No file is named.');
    await refused(2, 'is not a regular file', test.outside, ...HAND);
    await refused(3, 'nothing cannot be read: ENOENT', nowhere, ...HAND);
    await refused(1, 'cannot be read: ENOTDIR', join(file, 'x'), ...HAND);
    await refused(2, 'What the rows of', file);
    await refused(2, 'What the rows of', file, '--type', 'deal');
    await refused(2, '--delimiter is "tabs"; allowed is one character, or tab.', file, ...HAND, '--delimiter', 'tabs');
    await refused(2, '--quote is ""; allowed is one character.', file, '--suggest', '--quote', '');
    await refused(2, 'A file has one mapping', file, '--mapping', 'a', '--mapping', 'b');
    await refused(3, `The mapping ${nowhere} cannot be read: ENOENT`, file, '--mapping', nowhere);
    await refused(1, `The mapping ${test.outside} cannot be read: EISDIR`, file, '--mapping', test.outside);
    const latin = join(test.outside, 'latin.yaml');
    await writeFile(latin, Buffer.from('fields: { country: { constant: \xd6sterreich } }', 'latin1'));
    await refused(1, `The mapping ${latin} is not UTF-8.`, file, '--mapping', latin);
    await refused(2, 'One import is resumed at a time.', file, file, '--resume', 'x');
    await refused(3, 'There is no import x', '--resume', 'x');
    await refused(2, 'Standard input is imported by itself', file, '-', ...HAND);
    await refused(2, 'without files', file, '--singer');
    await refused(2, '--suggest and --resume are for files', '--singer', '--resume', 'x');
    await refused(2, '--suggest and --resume are for files', '--tap', 'x', '--suggest');
    await refused(2, 'A mapping is suggested for one file at a time.', file, file, '--suggest');
    await refused(2, 'A mapping is suggested for one file at a time.', '--suggest');
    await refused(3, `The mapping ${nowhere} cannot be read`, '--singer', '--source-system', 'desk', '--mapping', nowhere);
  });

  it('a refusal that comes while a file is still sent is told, however large the file is', async () => {
    const file = await write('large.csv', CSV.repeat(400_000));
    const mapping = await write('odd.yaml', 'hello: 1\n');
    for (let time = 0; time < 5; time += 1) {
      expect(await sophia(['import', file, '--mapping', mapping])).toMatchObject({
        code: 2,
        err: expect.stringContaining('a mapping has no key hello'),
      });
      expect(await sophia(['import', file, '--type', 'nothing', '--source-system', 'hand'])).toMatchObject({ code: 3 });
    }
  });

  it('a mapping is suggested, as it is or in JSON', async () => {
    const file = await write('companies.csv', 'id,name,when\n1,Acme,2017-01-02\n2,Bolt,2017-01-03\n');
    const { code, out } = await sophia(['import', file, '--suggest', '--source-system', 'hand']);
    expect([code, out]).toEqual([0, expect.stringContaining('source_system: hand\n')]);
    const latin = await write('latin.csv', '');
    await writeFile(latin, Buffer.from('id;name\n1;M\xfcller\n', 'latin1'));
    const assumed = await sophia(['import', latin, '--suggest', '--json']);
    const { mapping, assumptions } = JSON.parse(assumed.out);
    expect(mapping).toContain('source_id: id');
    expect(assumptions.length).toBeGreaterThan(0);
    expect(assumed.err).toBe(`${assumptions.join('\n')}\n`);
    const years = await write('years.csv', 'id,name,2016\n1,Acme,5\n2,Bolt,6\n');
    const set = await sophia(['import', years, '--suggest', '--header', '--encoding', 'utf-8']);
    expect([set.out, set.err]).toEqual([expect.stringContaining('"2016"'), '']);
  });

  it('a header is known by the columns that the mapping, or the type, needs; what was assumed is told in the report', async () => {
    const years = await write('years.csv', 'source_id,name,name,2016\nY-1,Acme,a,5\n');
    const mapping = await write('years.yaml', 'record_type: company\nsource_system: years\nsource_id: source_id\nfields: { name: name }\n');
    expect(await sophia(['import', years, '--mapping', mapping])).toMatchObject({ code: 0, out: expect.not.stringContaining('assumed') });
    const latin = await write('latin.csv', '');
    await writeFile(latin, Buffer.from('source_id,name\nL-1,na\xefve caf\xe9\n', 'latin1'));
    const named = ['--type', 'company', '--source-system', 'years'];
    const plain = await sophia(['import', years, latin, ...named]);
    expect(plain.out).toMatch(
      /^years\.csv: 1 read = 0 created \+ 0 updated \+ 1 unchanged.*\n {2}import .*\nlatin\.csv: 1 read = 1 created/,
    );
    expect(plain.out).toContain('  assumed: The encoding looks like windows-1252');
    expect((await sophia(['records', 'get', 'company', 'L-1', '--source-system', 'years'])).out).toContain('naïve café');
    const odd = await write('odd.csv', 'key,name,2016\nY-1,Acme,5\n');
    const refused = await sophia(['import', odd, '--mapping', mapping]);
    expect([refused.code, refused.err]).not.toEqual([0, '']);
    expect(refused.err).toContain('The first row was read as data; set header (--header) if it names the columns');
  });

  it('several are imported one after the other; as JSON their reports are a list', async () => {
    const one = await write('one.tsv', `${CSV}S-1,One,won,10,USD,2017-01-01\n`.replaceAll(',', '\t'));
    const two = await write('two.tsv', `${CSV}S-2,Two,won,10,USD,2017-01-01\n`.replaceAll(',', '\t'));
    const told = await sophia(['import', one, two, ...HAND, '--delimiter', '\\t', '--format', 'csv']);
    expect([told.code, told.out]).toEqual([0, expect.stringMatching(/^one\.tsv: 1 read = 1 created[\s\S]*\ntwo\.tsv: 1 read = 1 created/)]);
    const again = await test.json(['import', one, two, ...HAND, '--delimiter', 'tab', '--header', '--encoding', 'utf-8']);
    expect(again).toEqual([expect.objectContaining({ unchanged: 1 }), expect.objectContaining({ unchanged: 1 })]);
    await sophia(['import', await write('three.csv', 'source_id,name,status\nS-3,Three,won\n'), ...HAND]);
    const cells = async () => (await sophia(['drill-down', 'deals_won', '--where', 'deal.name in (One, Three)'])).out;
    await expect.poll(cells, { timeout: 30_000 }).toMatch(/ Three +won +–/);
    const watched = await sophia(['import', one, ...HAND], { terminal: WATCHED });
    expect([watched.code, watched.out]).toEqual([0, expect.stringContaining('\u001b[1mone.tsv\u001b[0m: 1 read')]);
  });

  it('where one of several fails, the reports of those before stand beside the problem; one that is not there is told first', async () => {
    const mapping = await write('days.yaml', 'source_system: hand\nrecord_type: deal\nsource_id: id\nfields: { close_date: day }\n');
    const good = await write('good.csv', 'id,day\nG-1,2017-01-01\n');
    const bad = await write('bad.csv', 'id,day\nG-2,03/04/2017\n');
    const missing = await sophia(['import', good, join(test.outside, 'nothing'), '--mapping', mapping, '--json']);
    expect([missing.code, JSON.parse(missing.out)]).toEqual([3, { problem: expect.objectContaining({ exit: 3 }) }]);
    const { code, out } = await sophia(['import', good, bad, good, '--mapping', mapping, '--json']);
    expect([code, JSON.parse(out)]).toEqual([
      2,
      {
        problem: expect.objectContaining({ code: 'ambiguous_date_format', column: 'day' }),
        reports: [expect.objectContaining({ name: 'good.csv', created: 1 })],
      },
    ]);
    const told = await sophia(['import', good, bad, '--mapping', mapping]);
    expect([told.code, told.out]).toEqual([2, expect.stringMatching(/^good\.csv: 1 read = .* 1 unchanged[^\n]*\n {2}import [^\n]*\n$/)]);
  });

  it('one that becomes shorter while it is imported is interrupted, and no row that was cut is written', async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => `C-${index},${'x'.repeat(600)} ${index}\n`);
    const text = `source_id,name\n${rows.join('')}`;
    const file = await write('shrinking.csv', text);
    let shrunk: Promise<void> | undefined;
    const err = (text: string): void => {
      told += text;
      shrunk ??= truncate(file, 300);
    };
    let told = '';
    const { code, out } = await sophia(['import', file, '--type', 'company', '--source-system', 'shrinking'], {
      terminal: { ...WATCHED, err },
    });
    await shrunk;
    expect([code, out, told]).toEqual([
      1,
      '',
      expect.stringContaining('shrinking.csv was changed while it was read; what was committed stays.'),
    ]);
    const last = async () => {
      const [first] = (await test.json(words('imports list --limit 1'))) as [{ id: string; state: string }];
      return first;
    };
    await expect.poll(async () => (await last()).state, { timeout: 30_000 }).toBe('interrupted');
    await writeFile(file, text);
    const whole = await test.json(['import', file, '--resume', (await last()).id]);
    // A row that had been cut would be updated.
    expect(whole).toMatchObject({ state: 'finished', read: 20_000, updated: 0, rejected: 0 });
  });

  it('quotes that are guessed are told, and set otherwise', async () => {
    const songs = await write('songs.csv', "source_id,name\nSONG-1,'Heroes'\nSONG-2,'Hello'\n");
    const args = ['import', songs, '--type', 'company', '--source-system', 'songs'];
    expect((await sophia(args)).out).toContain("assumed: Cells look enclosed in '; set quote if these belong to the values.");
    const set = await sophia([...args, '--quote', '"', '--escaping', 'double']);
    expect([set.out, set.out]).toEqual([expect.stringContaining('2 updated'), expect.not.stringContaining('assumed')]);
    expect((await sophia(['records', 'get', 'company', 'SONG-1', '--source-system', 'songs'])).out).toContain("'Heroes'");
  });

  it('what comes through a pipe is imported, gone on with and suggested for, and read once', async () => {
    const args = ['import', '-', '--type', 'company', '--source-system', 'piped'];
    const rows = Array.from({ length: 12_000 }, (_, index) => `P-${index},${'x'.repeat(400)} ${index}\n`);
    const text = `source_id,name\n${rows.join('')}`;
    const last = async () => {
      const [first] = (await test.json(words('imports list --limit 1'))) as [{ id: string; name: string; state: string }];
      return first;
    };
    async function* torn(): AsyncGenerator<Buffer> {
      yield Buffer.from(text.slice(0, 4_600_000));
      await expect.poll(last, { timeout: 30_000 }).toMatchObject({ name: 'standard input', state: 'running' });
      throw new Error('the pipe broke');
    }
    const broken = await sophia(args, { terminal: { input: Readable.from(torn()) } });
    expect([broken.code, broken.err]).toEqual([1, expect.stringContaining('the pipe broke')]);
    await expect.poll(async () => (await last()).state, { timeout: 30_000 }).toBe('interrupted');
    const { id } = await last();
    expect(await sophia(['import', '--resume', id])).toMatchObject({ code: 2, err: expect.stringContaining(`import FILE --resume ${id}`) });
    const whole = await sophia(['import', '-', '--resume', id, '--json'], { input: text });
    expect(JSON.parse(whole.out)).toMatchObject({ id, name: 'standard input', state: 'finished', read: 12_000, updated: 0 });
    const suggested = await sophia(['import', '-', '--suggest'], { input: 'id,day\nQ-9,03/04/2017\n' });
    expect(suggested).toMatchObject({ code: 0, out: expect.stringContaining('source_id: id') });
    const mapping = await write('piped.yaml', 'source_system: hand\nrecord_type: deal\nsource_id: id\nfields: { close_date: day }\n');
    // Whoever is asked would answer for rows that cannot be read again.
    const asked = await sophia(['import', '-', '--mapping', mapping], { terminal: WATCHED, input: 'id,day\nQ-9,03/04/2017\n' });
    expect(asked).toMatchObject({ code: 2, err: expect.stringContaining('ambiguous_date_format') });
    expect(asked.err).not.toContain('can be read in several ways. "');
  });

  it('a pipe that has a name is told to come through standard input', async () => {
    const pipe = join(test.outside, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    expect(await sophia(['import', pipe, ...HAND])).toMatchObject({
      code: 2,
      err: `sophia: ${pipe} is not a regular file.\n  What can be read only once comes from standard input: sophia import - < PIPE\n`,
    });
    expect((await sophia(['import', test.outside, ...HAND])).err).toBe(`sophia: ${test.outside} is not a regular file.\n`);
  });

  it('a column that can be read in two ways: nobody can be asked, or a person is', async () => {
    const file = await write('dates.csv', 'id,day\nQ-1,03/04/2017\n');
    const mapping = await write('dates.yaml', 'source_system: hand\nrecord_type: deal\nsource_id: id\nfields:\n  close_date: day\n');
    const args = ['import', file, '--mapping', mapping];
    expect(await sophia(args)).toMatchObject({ code: 2, err: expect.stringContaining('ambiguous_date_format') });
    const none = await sophia(args, { terminal: WATCHED, input: 'x\n' });
    expect(none.code).toBe(2);
    expect(none.err).toMatch(
      /The column day \(field close_date\) can be read in several ways[\s\S]*None was chosen\.[\s\S]*for close_date in the mapping/,
    );
    const ended = await sophia(args, { terminal: WATCHED, input: '' });
    expect([ended.code, ended.err]).toEqual([2, expect.stringContaining('None was chosen.')]);
    const asked = await sophia(args, { terminal: WATCHED, input: '1\n' });
    expect([asked.code, asked.out]).toEqual([0, expect.stringContaining('1 created')]);
  });
});

describe('imports', () => {
  it('are listed and told with how they ended, and how to go on', async () => {
    const input = `${JSON.stringify({ type: 'STATE', value: 1 })}\n{"type":`;
    const broken = await sophia(words('import --singer --source-system broken'), { input });
    expect(broken.code).not.toBe(0);
    const [{ id }] = (await test.json(words('imports list --state failed'))) as [{ id: string }];
    expect((await sophia(['imports', 'list'])).out).toMatch(new RegExp(`${id} +broken +failed`));
    const told = await sophia(['imports', 'get', id]);
    expect([told.code, told.out]).toEqual([0, expect.stringMatching(/\n {2}failed: .+\n {2}go on with: the tap, from its last state\n$/)]);
    expect(await test.json(['imports', 'get', id])).toMatchObject({ id, state: 'failed' });
    const [sample] = ((await test.json(words('imports list --limit 200'))) as { id: string }[]).slice(-1) as [{ id: string }];
    expect((await sophia(['imports', 'get', sample.id])).out).toMatch(/\n {2}finished\n$/);
    const nameless = await sophia(['import', '--resume', sample.id]);
    expect([nameless.code, nameless.err]).toEqual([2, expect.stringContaining(`sophia import FILE --resume ${sample.id}`)]);
    expect(await sophia(words('imports get nothing'))).toMatchObject({ code: 3 });
    for (const limit of ['0', '1001']) {
      const refused = await sophia(['imports', 'list', '--limit', limit]);
      expect([refused.code, refused.err]).toEqual([2, `sophia: --limit is "${limit}"; allowed is a whole number from 1 to 1,000.\n`]);
    }
    const page = await sophia(words('imports list --limit 1'));
    const [, next = ''] = /\nmore: --cursor (\S+)\n$/.exec(page.out) ?? [];
    const [first, second] = [
      await sophia(words('imports list --limit 1 --json')),
      await test.json(words(`imports list --limit 1 --cursor ${next}`)),
    ];
    expect(first.err).toBe(`more: --cursor ${next}\n`);
    expect(second).not.toEqual(JSON.parse(first.out));
  });
});

describe('rejected rows', () => {
  it('are listed, repaired, replayed and given up', async () => {
    for (const chosen of ['--code missing_field', '--type contact']) {
      expect((await sophia(words(`dead-letters list ${chosen}`))).out).toBe('No rejected row waits.\n');
    }
    for (const verb of ['list', 'replay']) {
      const unknown = async (...args: string[]) => sophia(['dead-letters', verb, ...args]);
      expect(await unknown('--code', 'missing_feld')).toMatchObject({
        code: 2,
        err: 'sophia: There is no code "missing_feld"; did you mean missing_field?\n',
      });
      expect(await unknown('--type', 'nothing')).toMatchObject({ code: 3, err: expect.stringContaining('unknown_record_type') });
      expect(await unknown('--import', 'nothing', '--json')).toMatchObject({ code: 3, out: expect.stringContaining('{"problem":') });
    }
    await sophia(['import', await write('short.csv', 'name,status\nNobody,won\n'), ...HAND]);
    expect((await sophia(['dead-letters', 'list'])).out).toMatch(/open +deal +hand +2 +source_id {3,}source_id: expected/);
    await sophia(['import', await write('open.json', '[{"source_id":"O-1","status":"won"},'), ...HAND]);
    expect((await sophia(['dead-letters', 'list'])).out).toMatch(/open +deal +hand +2 +"" +The array is not closed/);
    expect((await sophia(['dead-letters', 'repair', '1', 'source_id=N-1'])).code).toBe(0);
    expect((await sophia(['dead-letters', 'discard', '1', '2'])).code).toBe(0);
    const file = await write(
      'bad.csv',
      `${CSV}R-1,One,won,abc,USD,2017-01-01\nR-2,Two,flying,1,USD,2017-01-01\n,Three,won,1,USD,2017-01-01\n`,
    );
    expect(await sophia(['import', file, ...HAND])).toMatchObject({ code: 4, out: expect.stringContaining('3 rejected') });
    const { dead_letters: letters } = (await test.json(['dead-letters', 'list', '--type', 'deal'])) as {
      dead_letters: { id: string; line: number }[];
    };
    const [one = '', two = '', three = ''] = [2, 3, 4].map((line) => letters.find((letter) => letter.line === line)?.id);
    const table = await sophia(words('dead-letters list --limit 2 --source-system hand --state open'));
    expect((await sophia(['dead-letters', 'list'])).out).toMatch(/open +deal +hand +2 +amount +"abc" +amount: expected a decimal/);
    const [, next = ''] = /\nmore: --cursor (\S+)\n$/.exec(table.out) ?? [];
    const rest = await sophia(words(`dead-letters list --source-system hand --state open --cursor ${next}`));
    expect(rest.out).toContain(` ${letters[2]?.line} `);
    expect((await sophia(words('dead-letters list --code missing_source_id'))).out).toMatch(
      /open +deal +hand +4 +source_id +"" +source_id: expected/,
    );

    expect(await sophia(['dead-letters', 'repair', one, 'amount'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Write field=value'),
    });
    expect(await sophia(['dead-letters', 'repair', one, 'amount=7', 'name='])).toMatchObject({
      code: 0,
      out: `${one} is repaired; replay it: sophia dead-letters replay ${one}\n`,
    });
    expect(await test.json(['dead-letters', 'repair', one, 'amount=8'])).toMatchObject({ id: one, state: 'repaired' });
    const replayed = await sophia(['dead-letters', 'replay', '--type', 'deal']);
    expect([replayed.code, replayed.out]).toEqual([
      4,
      expect.stringMatching(/^1 created \+ 0 updated \+ 0 unchanged \+ 2 rejected again\n[\s\S]* {2}line 3: status: expected one of open/),
    ]);
    expect((await sophia(words('records get deal R-1 --source-system hand'))).out).toMatch(/amount +8\n/);

    const none = await sophia(['dead-letters', 'replay', one, '99']);
    expect([none.code, none.out, none.err]).toEqual([
      3,
      '0 created + 0 updated + 0 unchanged + 0 rejected again\n',
      'sophia: 2 of the rows that were named are not there, or are closed already.\n',
    ]);
    expect(await sophia(['dead-letters', 'discard', two])).toEqual({ ...NOT_TOLD, out: '1 discarded\n' });
    const repaired = await sophia(['dead-letters', 'repair', three, 'name=Three', '--replay', '--json']);
    expect([repaired.code, JSON.parse(repaired.out)]).toEqual([4, expect.objectContaining({ rejected: 1 })]);
    const again = await sophia(['dead-letters', 'discard', two, three, '--json']);
    expect([again.code, again.out, again.err]).toEqual([3, '{"discarded":1}\n', expect.stringContaining('1 of the rows')]);
    expect(await sophia(['dead-letters', 'repair', two, 'status=won'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('dead_letter_closed'),
    });
  });

  it('are listed in the order of their lines', async () => {
    const wrong = Array.from({ length: 12 }, (_, index) => ({ source_id: `W-${index}`, amount: 'abc' }));
    const input = wrong.map((row) => `${JSON.stringify(row)}\n`).join('');
    await sophia(words('import - --format ndjson --type deal --source-system lines'), { input });
    const { out } = await sophia(words('dead-letters list --source-system lines'));
    expect([...out.matchAll(/deal +lines +(\d+)/g)].map(([, line]) => Number(line))).toEqual(wrong.map((_, index) => index + 1));
    await sophia(words('dead-letters discard --source-system lines'));
  });
});

describe('rows that a mapping could not read', () => {
  it('are written when each value is repaired plainly, not before: the unit would be lost', async () => {
    const mapping = await write(
      'thousands.yaml',
      'record_type: deal\nsource_system: thousands\nsource_id: id\nfields:\n  amount: { column: v, decimal: ",", unit: thousands }\n  currency: { constant: EUR }\n',
    );
    const file = await write('thousands.csv', 'id;v\n1;12.5\n');
    const imported = await sophia(['import', file, '--mapping', mapping]);
    expect(imported).toMatchObject({ code: 4, out: expect.stringContaining('a repair gives it plain, as 12500.5; found "12.5"') });
    const { dead_letters: letters } = (await test.json(['dead-letters', 'list', '--source-system', 'thousands'])) as {
      dead_letters: { id: string }[];
    };
    const [{ id } = { id: '' }] = letters;
    expect(await sophia(['dead-letters', 'replay', id])).toMatchObject({ code: 4, out: expect.stringContaining('1 rejected again') });
    const repaired = await sophia(['dead-letters', 'repair', id, 'amount=12500', '--replay']);
    expect(repaired).toMatchObject({ code: 0, out: expect.stringContaining('1 created') });
    expect((await sophia(['records', 'get', 'deal', '1', '--source-system', 'thousands'])).out).toMatch(/amount +12500\n/);
  });

  it('are written with the value that they came with, where a person gives it as the right one', async () => {
    const mapping = await write(
      'days.yaml',
      'record_type: deal\nsource_system: days\nsource_id: id\nfields:\n  close_date: { column: day, format: M/D/YYYY }\n',
    );
    const file = await write('days.csv', 'id,day\n1,2017-03-01\n');
    expect(await sophia(['import', file, '--mapping', mapping])).toMatchObject({ code: 4 });
    const { dead_letters: letters } = (await test.json(['dead-letters', 'list', '--source-system', 'days'])) as {
      dead_letters: { id: string }[];
    };
    const repaired = await sophia(['dead-letters', 'repair', letters[0]?.id ?? '', 'close_date=2017-03-01', '--replay']);
    expect(repaired).toMatchObject({ code: 0, out: expect.stringContaining('1 created') });
  });
});
