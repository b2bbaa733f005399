import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { readdir, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminSocketPath } from '../server/run-directory.ts';
import { type OpenSophia, openSophia } from '../testing/open-sophia.ts';
import { runHere, WATCHED } from '../testing/run-here.ts';

const NOT_TOLD = { code: 0, err: '' };
const CSV = 'source_id,name,status,amount,currency,close_date\n';
const HAND = ['--type', 'deal', '--source-system', 'hand'];

let test: OpenSophia;
let keys: Readonly<Record<'viewer' | 'employee', { readonly id: string; readonly text: string }>>;
const sophia: OpenSophia['sophia'] = (argv, surroundings) => test.sophia(argv, surroundings);
const words = (line: string): string[] => line.split(' ');

beforeAll(async () => {
  test = await openSophia({ SOPHIA_SLOW_QUERY: '1ms' });
  const make = async (role: string, ...more: string[]) => {
    const { key, text } = (await test.json(['keys', 'create', '--role', role, '--name', role, ...more])) as {
      key: { id: string };
      text: string;
    };
    return { id: key.id, text };
  };
  keys = { viewer: await make('viewer'), employee: await make('employee', '--user', 'crm:Moses Frase', '--requests-per-second', '1000') };
});
afterAll(() => test.close());

/** Writes a file beside the data folder. */
const write = async (name: string, text: string): Promise<string> => {
  const path = join(test.outside, name);
  await writeFile(path, text);
  return path;
};

describe('keys', () => {
  it('are listed with what they are good for, and revoked', async () => {
    const { out, err, code } = await sophia(words('keys create --role analyst --name notebook --expires 2999-01-01T00:00:00Z'));
    expect([code, out]).toEqual([0, expect.stringMatching(/^sophia_[\w-]+\n$/)]);
    const [, id = ''] = /^Key (\S+) \(notebook, analyst\) is shown this once/.exec(err) ?? [];
    const list = async () => (await sophia(['keys', 'list'])).out;
    expect(await list()).toMatch(new RegExp(`${id} +notebook +analyst +active +[\\d.]+ s ago +2999-01-01T00:00:00`));
    expect(await sophia(['keys', 'revoke', id])).toEqual({ ...NOT_TOLD, out: `The key ${id} is revoked.\n` });
    expect(await list()).toMatch(new RegExp(`${id} +notebook +analyst +revoked`));
    expect(await list()).toMatch(new RegExp(`${keys.viewer.id} +viewer +viewer +active +\\S+ s ago +–`));
    expect(await test.json(['keys', 'list'])).toContainEqual(expect.objectContaining({ id, name: 'notebook' }));
    expect(await test.json(['keys', 'revoke', id])).toMatchObject({});
    expect(await sophia(['keys', 'revoke', 'nothing'])).toMatchObject({ code: 3, err: expect.stringContaining('There is no key nothing') });
  });

  it('that have ended are told as expired', async () => {
    const ends = new Date(Date.now() + 5_000).toISOString();
    const { key } = (await test.json(['keys', 'create', '--role', 'viewer', '--name', 'brief', '--expires', ends])) as {
      key: { id: string };
    };
    await expect
      .poll(async () => (await sophia(['keys', 'list'])).out, { timeout: 30_000 })
      .toMatch(new RegExp(`${key.id} +brief +viewer +expired`));
  });

  it.each(['ann', ':ann', 'crm:'])('--user %s is no record', async (user) => {
    const { code, err } = await sophia(['keys', 'create', '--role', 'viewer', '--name', 'x', '--user', user]);
    expect([code, err]).toEqual([2, `sophia: --user is "${user}".\n  Write the source and the id there, such as crm:ann.\n`]);
  });
});

describe('over HTTP', () => {
  const over = (argv: readonly string[], key?: string, path = '') =>
    runHere(argv, { environment: { SOPHIA_URL: `${test.address}${path}`, ...(key === undefined ? {} : { SOPHIA_KEY: key }) } });

  it('the key says what a command may do: the exit says so', async () => {
    expect((await over(['metrics', 'list'], keys.viewer.text)).code).toBe(0);
    expect(await over(['keys', 'list'], keys.viewer.text)).toMatchObject({
      code: 5,
      err: expect.stringContaining('forbidden: docs/reference'),
    });
    expect(await over(['metrics', 'list'])).toMatchObject({ code: 5, err: expect.stringContaining('Authorization') });
    const wrong = await over(['metrics', 'list', '--json'], 'wrong');
    expect([wrong.code, JSON.parse(wrong.out)]).toEqual([5, { problem: expect.objectContaining({ code: 'unauthenticated' }) }]);
    expect(await over(['metrics', 'list', '--workspace', 'elsewhere'], keys.viewer.text)).toMatchObject({ code: 5 });
  });

  it('explain shows what the key’s policy leaves out', async () => {
    const { code, out } = await over(words('explain revenue --where deal.currency=USD'), keys.employee.text);
    expect(code).toBe(0);
    expect(out).toMatch(/Policy\n {2}\{"record_type":"deal"/);
  });
});

describe('questions', () => {
  it('metrics are listed, with --dimensions also what each can be asked by', async () => {
    expect(await test.json(['metrics', 'list'])).toContainEqual(expect.objectContaining({ name: 'revenue' }));
    const { out } = await sophia(['metrics', 'list', '--dimensions'], { terminal: WATCHED });
    expect(out).toContain('\u001b[1mrevenue\u001b[0m by metric_time, deal.close_date');
    expect((await sophia(['metrics', 'list'])).out).not.toContain(' by metric_time');
  });

  it('explain shows the statement and what it reads', async () => {
    const { code, out } = await sophia(words('explain revenue --by user.office'));
    expect(code).toBe(0);
    expect(out).toMatch(/^Statement\n {2}select [\s\S]*\nModels\n {2}deal\n\nReads\n {2}deal \(amount, /);
    expect(out).toContain('Rollup\n  won_by_month\n');
    expect(out).toContain('Policy\n  every row and field\n');
    expect((await sophia(words('explain deals_won --as-of 2001-01-01'))).out).toContain('Rollup\n  none\n');
    expect((await sophia(words('explain win_rate'))).out).toContain('Parameters\n  none\n');
    expect(await test.json(words('explain revenue'))).toMatchObject({ models: ['deal'], rollup: 'won_by_month' });
    expect(await sophia(words('explain revenu'))).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean revenue?') });
  });

  it('drill-down shows the records behind a cell, page after page', async () => {
    const cell = words('drill-down revenue --row user.office=Central --from 2017 --to 2018 --limit 2');
    const { code, out } = await sophia(cell);
    expect(code).toBe(0);
    expect(out).toMatch(/^Id +Source +Source id +Adds +\S/);
    const [, cursor = ''] = /^more: --cursor (\S+)$/m.exec(out) ?? [];
    const next = (await test.json([...cell, '--cursor', cursor])) as { records: { id: string; value: string; data: { amount: string } }[] };
    expect(next.records).toHaveLength(2);
    for (const { id, value, data } of next.records) {
      expect(Number(value)).toBe(Number(data.amount));
      expect(out).not.toContain(`\n${id} `);
    }
    expect((await sophia(words('drill-down win_rate --part numerator --limit 1'))).out).toMatch(/Adds[\s\S]*\n\d+ +crm +\S+ +1 /);
    expect(await sophia(words('drill-down revenue'))).toMatchObject({ code: 0, out: expect.stringContaining('more: --cursor') });
    const none = await sophia(words('drill-down revenue --row user.office='));
    expect([none.code, none.out]).toEqual([0, expect.not.stringContaining('more: --cursor')]);
    expect(await sophia(words('drill-down revenue --row user.office'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('Write dimension=value'),
    });
  });

  it('an answer is one of a table, CSV, JSON and a plot; it is computed anew when asked', async () => {
    expect(await sophia(words('query revenue --csv --chart'))).toMatchObject({
      code: 2,
      err: 'sophia: Choose one of --json, --csv and --chart.\n',
    });
    expect(await test.json(words('query revenue'))).toMatchObject({ rows: [['10005534.0000']] });
    const early = await sophia(words('query revenue --as-of 2001-01-01'), { terminal: WATCHED });
    expect(early.out).toContain('Sophia knew nothing yet at that time: its first record came later.');
    expect(await test.json(words('query revenue --no-cache'))).toMatchObject({ cache: { tier: expect.not.stringMatching(/^L1/) } });
    expect((await sophia(words('query revenue win_rate --where user.office=Nowhere'))).out).toMatch(/\n +0\.00 +–\n/);
    const plot = words('query revenue --by deal.close_date:month --from 2017-01 --to 2017-07 --chart');
    expect((await sophia(plot)).out).toMatch(/^Revenue\n1,338,466\.00 ┤/);
    expect((await sophia(words('query revenue --from 2017 --to 2018 --compare previous_period'))).out).toContain('Revenue: change');
    expect((await sophia(words('query revenue --by user.office'))).out).toMatch(/^Office +Revenue\n/);
    const years = words('query deals_won --by company.founded_year --limit 2 --order=company.founded_year');
    expect((await sophia(years)).out).toMatch(/^Founded in .*\n.*\n +1979 /);
    expect((await sophia([...years, '--chart'])).out).toMatch(/^[^\n]+\n1979 /);
    const narrow = (await sophia(plot, { terminal: { columns: 60 } })).out.split('\n').slice(1, 12);
    for (const line of narrow) expect(line.length).toBeLessThanOrEqual(60);
  });

  it('the status is told with caches and slow queries', async () => {
    expect((await sophia(['status'], { terminal: WATCHED })).out).toContain('\u001b[32mready\u001b[0m  Sophia ');
    expect(await test.json(['status'])).toMatchObject({ status: 'ready', warehouse: { set_aside: 0 } });
    expect((await sophia(['status', '--slow'])).out).toMatch(/^Longest ms[\s\S]*postgres/);
    expect(await test.json(['status', '--slow'])).toMatchObject({ threshold_milliseconds: 1 });
  });
});

describe('records', () => {
  it('are listed as a table or JSON, page after page, with what was deleted', async () => {
    const page = (await test.json(words('records list deal --limit 1'))) as { records: { id: string }[]; next_cursor: string };
    const table = await sophia([
      'records',
      'list',
      'deal',
      '--limit',
      '1',
      '--fields',
      'source_id, amount, name',
      '--cursor',
      page.next_cursor,
    ]);
    expect(table.out).toMatch(/^id +source_id +amount +name\n.*\n\d+ +\S+ +\S+ +–\nmore: --cursor /);
    const id = page.records[0]?.id ?? '';
    const key = (await sophia(words('keys create --role admin --name writes'))).out.trim();
    const change = async (method: string, own: string, body?: object): Promise<number> => {
      const headers = { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
      const path = `${test.address}/api/v1/records/deal/${own}`;
      return (await fetch(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })).status;
    };
    expect(await change('DELETE', id)).toBe(200);
    const first = words('records list deal --source-system crm --source-id 0000I7AO --json');
    expect(await sophia(first)).toMatchObject({ code: 0, out: expect.stringContaining('"records":[]') });
    expect((await sophia([...first, '--deleted'])).out).toContain(`"id":"${id}"`);
    expect((await sophia(words('records history deal 0000I7AO --source-system crm'))).out).toMatch(/2 +\S+ \S+ +deleted/);
    expect(await test.json(words('records history deal 0000I7AO --source-system crm'))).toHaveLength(2);
    expect(await test.json(words('records get deal 0000I7AO --source-system crm'))).toMatchObject({ id, source_id: '0000I7AO' });
    expect((await sophia(['records', 'get', 'deal', id])).code).toBe(3);
    const { out } = await sophia(words('records get deal 1C1I7A6R --source-system crm'));
    const [, own = ''] = /^id +(\d+)\n/.exec(out) ?? [];
    expect(await test.json(['records', 'get', 'deal', own])).toMatchObject({ source_id: '1C1I7A6R' });
    expect(await change('PATCH', own, { owner: null })).toBe(200);
    expect((await sophia(['records', 'history', 'deal', own])).out).toContain('owner: Moses Frase → –');
    expect((await sophia(words('records list deal --source-system crm --source-id 1C1I7A6R'))).out).not.toContain('owner');
    expect(await test.json(['records', 'history', 'deal', own])).toHaveLength(2);
    expect((await sophia(words('records list deal --where amount>=20000 --where status=won'))).out).toContain('won');
  });

  it('a field that the type has not is told, one that no record has yet is not', async () => {
    const list = (fields: string) => sophia(['records', 'list', 'deal', '--source-id', 'nowhere', '--fields', fields]);
    expect(await list('source_id,name,deleted_at,extra')).toMatchObject({ code: 0, out: expect.stringContaining('id  ') });
    expect(await list('amont')).toMatchObject({ code: 2, out: '', err: 'sophia: A deal has no field "amont"; did you mean amount?\n' });
    expect(await list('wwwwwwwwwwwwwww')).toMatchObject({ code: 2, err: 'sophia: A deal has no field "wwwwwwwwwwwwwww".\n' });
  });

  it('one that is not there, and an id that cannot be one, are told', async () => {
    expect(await sophia(words('records get deal nothing --source-system crm'))).toMatchObject({
      code: 3,
      err: 'sophia: There is no deal nothing of crm.\n',
    });
    for (const what of ['get', 'history']) {
      const { code, err } = await sophia(['records', what, 'deal', '1C1I7A6R']);
      expect([code, err]).toEqual([
        2,
        expect.stringContaining(
          '"1C1I7A6R" is no id of Sophia’s, which are numbers.\n  An id of the source is found with --source-system.\n',
        ),
      ]);
    }
  });
});

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
    expect(await sophia(words('imports list --limit 0'))).toMatchObject({ code: 2, err: expect.stringContaining('--limit is "0"') });
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
    expect(table.out).toMatch(/there are more: --limit\n$/);
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

describe('taps', () => {
  const SCHEMA = {
    type: 'SCHEMA',
    stream: 'tickets',
    schema: { type: 'object', properties: { id: { type: 'integer' } } },
    key_properties: ['id'],
  };
  const messages = (...each: object[]) => each.map((message) => `${JSON.stringify(message)}\n`).join('');

  it('in a pipe need to be told where they read from; rejected records and states are told', async () => {
    expect(await sophia(['import', '--singer'])).toMatchObject({ code: 2, err: expect.stringContaining('needs --source-system') });
    const mapping = await write(
      'tickets.yaml',
      'source_system: desk\nrecord_type: issue\nmatch: { files: [tickets] }\nsource_id: id\nfields: { due_date: when }\n',
    );
    const schema = { ...SCHEMA, schema: { type: 'object', properties: { id: { type: 'integer' }, when: { type: 'string' } } } };
    const input = messages(
      schema,
      { type: 'RECORD', stream: 'tickets', record: { id: 1, when: 'yesterday' } },
      { type: 'STATE', value: { seen: 1 } },
    );
    const args = ['import', '--singer', '--source-system', 'desk', '--mapping', mapping];
    const told = await sophia(args, { input });
    expect([told.code, told.out, told.err]).toEqual([4, '{"seen":1}\n', expect.stringContaining('1 rejected')]);
    expect(told.err).not.toContain('warning');
    const other = await write('other.yaml', 'source_system: desk\nrecord_type: issue\nsource_id: key\nfields: { due_date: when.day }\n');
    const warned = await sophia([...args, '--mapping', other], { input });
    expect([warned.code, warned.err]).toEqual([
      4,
      expect.stringContaining('warning: No stream was read by mapping 2, which is for streams with key, when.day.\n'),
    ]);
    const torn = new Readable({
      read() {
        this.destroy(new Error('standard input broke'));
      },
    });
    const broken = await sophia(args, { terminal: { input: torn } });
    expect([broken.code, broken.out, broken.err]).toEqual([1, '', expect.stringContaining('standard input broke')]);
    const json = await sophia([...args, '--json'], { terminal: { input: bytesOf(input) } });
    expect([json.code, JSON.parse(json.out)]).toEqual([4, expect.objectContaining({ name: 'desk', lastState: { seen: 1 } })]);
  });

  it('run from a YAML file with configuration, catalog, mappings and the variables that it names, from the last state on', async () => {
    const program = [
      `const { readFileSync } = require('node:fs');`,
      `const at = (name) => process.argv.indexOf(name) < 0 ? null : JSON.parse(readFileSync(process.argv[process.argv.indexOf(name) + 1]));`,
      `const say = (message) => console.log(JSON.stringify(message));`,
      `say(${JSON.stringify(SCHEMA)});`,
      `console.error('one ticket');`,
      `say({ type: 'RECORD', stream: 'tickets', record: { id: 1 } });`,
      `say({ type: 'STATE', value: { config: at('--config'), catalog: at('--catalog') ?? at('--properties'), before: at('--state'), token: process.env.TOKEN, other: process.env.OTHER } });`,
    ].join('');
    await write(
      'tickets-mapping.yaml',
      'source_system: desk\nrecord_type: issue\nmatch: { files: [tickets] }\nsource_id: id\nfields: {}\n',
    );
    const tap = {
      name: 'tickets',
      source_system: 'desk',
      command: [process.execPath, '-e', program, '--'],
      config: { url: 'x' },
      catalog: { streams: [] },
      mappings: ['tickets-mapping.yaml'],
      environment: ['TOKEN', 'MISSING'],
    };
    const file = await write('tap.yaml', JSON.stringify(tap));
    const environment = { TOKEN: 'secret', OTHER: 'not shown' };
    const state = { config: { url: 'x' }, catalog: { streams: [] }, before: null, token: 'secret' };
    const first = await sophia(['import', '--tap', file], { environment });
    expect([first.code, JSON.parse(first.out), first.err]).toEqual([0, state, expect.stringContaining('one ticket\n')]);
    const second = await sophia(['import', '--tap', file, '--json'], { environment: { PATH: '/usr/bin', ...environment } });
    expect(JSON.parse(second.out)).toMatchObject({ name: 'tickets', unchanged: 1, lastState: { ...state, before: state } });
    const nameless = await write('nameless.yaml', JSON.stringify({ command: tap.command }));
    expect(await sophia(['import', '--tap', nameless])).toMatchObject({ code: 2, err: expect.stringContaining('needs --source-system') });
    const failing = await write('failing.yaml', JSON.stringify({ command: [process.execPath, '-e', 'process.exit(3)', '--'] }));
    const failed = await sophia(['import', '--tap', failing, '--source-system', 'desk']);
    expect([failed.code, failed.err]).toEqual([1, expect.stringContaining('ended with code 3')]);
    const given = await sophia(['import', '--tap', nameless, '--source-system', 'desk', '--json']);
    expect(JSON.parse(given.out)).toMatchObject({ name: process.execPath });
  });

  it('get a state back digit by digit', async () => {
    const program = [
      `const at = process.argv.indexOf('--state');`,
      `const before = at < 0 ? 'none' : require('node:fs').readFileSync(process.argv[at + 1], 'utf8');`,
      `console.log('{"type":"STATE","value":{"at":9007199254740993,"before":' + JSON.stringify(before.slice(0, 25)) + '}}');`,
    ].join('');
    const file = await write('digits.yaml', JSON.stringify({ command: [process.execPath, '-e', program, '--'], name: 'digits' }));
    const run = async () => (await sophia(['import', '--tap', file, '--source-system', 'digits'])).out;
    expect(await run()).toBe('{"at":9007199254740993,"before":"none"}\n');
    expect(await run()).toContain('"before":"{\\"at\\":9007199254740993');
  });

  it('that end early keep what they wrote, and go on from the last state next time', async () => {
    const program = [
      `const { readFileSync } = require('node:fs');`,
      `const at = process.argv.indexOf('--state');`,
      `const seen = at < 0 ? 0 : JSON.parse(readFileSync(process.argv[at + 1])).seen;`,
      `const say = (message) => require('node:fs').writeSync(1, JSON.stringify(message) + '\\n');`,
      `say(${JSON.stringify({ ...SCHEMA, stream: 'visits' })});`,
      `for (let id = seen + 1; id <= seen + 25; id += 1) {`,
      `  say({ type: 'RECORD', stream: 'visits', record: { id } });`,
      `  if (id % 10 === 0) say({ type: 'STATE', value: { seen: id } });`,
      `}`,
      `console.error('no more');`,
      `process.exit(3);`,
    ].join('\n');
    const file = await write('dies.yaml', JSON.stringify({ name: 'dies', command: [process.execPath, '-e', program, '--'] }));
    const last = async () => {
      const [first] = (await test.json(words('imports list --limit 1'))) as [object];
      return first;
    };
    for (const seen of [20, 40]) {
      const { code, out, err } = await sophia(['import', '--tap', file, '--source-system', 'early']);
      expect([code, out.trimEnd().split('\n').at(-1)]).toEqual([1, JSON.stringify({ seen })]);
      expect(err).toMatch(/ended with code 3\. Its last lines: no more\n {2}tap_failed; /);
      expect(await last()).toMatchObject({
        name: 'dies',
        state: 'failed',
        lastState: { seen },
        failure: { code: 'tap_failed', message: expect.stringContaining('ended with code 3') },
      });
    }
    const { records } = (await test.json(words('records list visits --source-system early --limit 100'))) as {
      records: { source_id: string }[];
    };
    expect(records.map(({ source_id }) => Number(source_id)).sort((one, other) => one - other)).toEqual(
      Array.from({ length: 45 }, (_, index) => index + 1),
    );
  });

  it.each([
    ['not: [yaml', 'Flow sequence in block collection'],
    ['', 'it is no mapping of keys'],
    ['just text', 'it is no mapping of keys'],
    ['hello: 1', 'hello is no key of a tap; they are name, source_system, command'],
    ['command: tap-x', 'command is a list of texts'],
    ['command: [1]', 'command is a list of texts'],
    ['command: []', 'command is a list: the program and its arguments'],
    ['command: [tap-x]\nmappings: x.yaml', 'mappings is a list of texts'],
    ['command: [tap-x]\nenvironment: TOKEN', 'environment is a list of texts'],
    ['command: [tap-x]\nconfig: [1]', 'config is a mapping of keys'],
    ['command: [tap-x]\ncatalog: x', 'catalog is a mapping of keys'],
  ])('%j is not well formed', async (text, message) => {
    const { code, err } = await sophia(['import', '--source-system', 'desk', '--tap', await write('wrong.yaml', text)]);
    expect([code, err]).toEqual([2, expect.stringContaining(`is not well formed: ${message}`)]);
    expect(err).not.toContain('    at ');
  });

  it('that are not there are told', async () => {
    expect(await sophia(['import', '--tap', join(test.outside, 'nothing')])).toMatchObject({
      code: 3,
      err: expect.stringContaining('The tap'),
    });
  });
});

it('the warehouse is made anew, watched or for a program', async () => {
  const watched = await sophia(['rebuild', 'warehouse'], { terminal: WATCHED });
  expect([watched.code, watched.out]).toEqual([0, expect.stringContaining('equals the one before; it is generation 2')]);
  expect(await test.json(['rebuild', 'warehouse'])).toMatchObject({ generation: 3 });
});

it('a backup is told with its size', async () => {
  const file = join(test.outside, 'all.backup');
  expect(await test.json(['backup', file])).toEqual({ file, bytes: expect.any(Number) });
  expect(await sophia(['backup', file])).toMatchObject({ code: 1, err: expect.stringContaining('is there already') });
  expect(await sophia(['backup', join(file, 'x')])).toMatchObject({ code: 1, err: expect.stringContaining('cannot be written: ENOTDIR') });
  const watched = await sophia(['backup', `${file}.2`], { terminal: WATCHED });
  expect([watched.code, watched.out, watched.err]).toEqual([
    0,
    expect.stringMatching(/: [\d.]+ MiB in /),
    expect.stringContaining('MiB written'),
  ]);
});

it('a backup is restored into a folder of its own, where a command starts a Sophia for itself', async () => {
  const file = join(test.outside, 'small.backup');
  await test.json(['backup', file]);
  const restored = join(test.outside, 'restored');
  const told = await runHere(['restore', file, '--data-dir', restored, '--json'], { terminal: WATCHED });
  expect([told.code, JSON.parse(told.out)]).toEqual([0, { rows: expect.any(Number), events: expect.any(Number), data_dir: restored }]);
  expect(told.err).toMatch(/[\d,]+ rows, [\d,]+ events/);
  const question = words('query revenue deals_won --by user.office');
  const alone = await runHere([...question, '--data-dir', restored, '--csv']);
  expect([alone.code, alone.out]).toEqual([0, (await sophia([...question, '--csv'])).out]);
  expect(await readdir(join(restored, 'run'))).not.toContain('server.json');
});

it('a folder whose Sophia is only starting is waited for', async () => {
  const socket = adminSocketPath(test.dataDirectory);
  await rename(socket, `${socket}.later`);
  const looks = watch(join(test.dataDirectory, 'postgres'));
  const asked = sophia(['metrics', 'list']);
  // The command has found the folder held.
  await once(looks, 'change');
  looks.close();
  await rename(`${socket}.later`, socket);
  expect(await asked).toMatchObject({ code: 0, err: '' });
});

it('events that stand aside are listed, replayed and given up: there are none', async () => {
  expect(await sophia(words('set-aside list'))).toEqual({ ...NOT_TOLD, out: 'No event stands aside.\n' });
  expect(await test.json(words('set-aside list --projection warehouse --limit 5'))).toEqual({ events: [] });
  expect(await sophia(words('set-aside replay'))).toEqual({ ...NOT_TOLD, out: '0 applied, 0 stand aside again\n' });
  expect(await test.json(words('set-aside replay'))).toEqual({ succeeded: 0, failed: 0 });
  expect(await sophia(words('set-aside discard x.1.0 --json'))).toMatchObject({
    code: 3,
    err: expect.stringContaining('No event at x.1.0'),
  });
  expect(await sophia(words('set-aside list --projection nothing'))).toMatchObject({ code: 3 });
});

/** As a pipe gives them. */
async function* chunksOf(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}
const bytesOf = (text: string): Readable => Readable.from(chunksOf(text));
