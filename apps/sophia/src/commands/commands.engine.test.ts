import { once } from 'node:events';
import { watch } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminSocketPath } from '../server/run-directory.ts';
import { type OpenSophia, openSophia, words } from '../testing/open-sophia.ts';
import { runHere, WATCHED } from '../testing/run-here.ts';

const NOT_TOLD = { code: 0, err: '' };

let test: OpenSophia;
let keys: Readonly<Record<'viewer' | 'employee', { readonly id: string; readonly text: string }>>;
const sophia: OpenSophia['sophia'] = (argv, surroundings) => test.sophia(argv, surroundings);

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

describe('the configuration', () => {
  it('is the one in force in the Sophia that runs there, whatever is set for the command', async () => {
    const environment = { SOPHIA_SLOW_QUERY: '7ms', SOPHIA_PORT: '9000' };
    const { code, out, err } = await sophia(['config'], { environment });
    expect([code, err]).toEqual([0, `In force in the Sophia that runs in ${test.dataDirectory}:\n`]);
    expect(out).toMatch(/ 1ms +environment +SOPHIA_SLOW_QUERY\n/);
    expect(out).toMatch(/\nhttp\.port +0 +environment /);
    const { text } = (await test.json(words('keys create --role admin --name all --installation'))) as { text: string };
    const elsewhere = { SOPHIA_URL: test.address.replace('//', '//me:secret@'), SOPHIA_KEY: text };
    const told = await runHere(['config', '--json'], { environment: elsewhere });
    expect([told.code, told.err]).toEqual([0, `In force in the Sophia at ${test.address}:\n`]);
    expect(JSON.parse(told.out)).toContainEqual(expect.objectContaining({ path: 'http.port', value: '0' }));
    const wrong = { environment: { ...elsewhere, SOPHIA_KEY: keys.viewer.text } };
    expect(await runHere(['config'], wrong)).toMatchObject({ code: 5, out: '', err: expect.stringContaining('forbidden') });
  });
});

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
    await sophia([
      'import',
      await test.write('alone.csv', 'source_id,name\nALONE,Alone\n'),
      ...words('--type company --source-system hand'),
    ]);
    expect((await sophia(words('records history company ALONE --source-system hand'))).out).toMatch(/ 1 field\n$/);
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
