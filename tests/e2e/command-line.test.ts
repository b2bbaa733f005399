import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSophia } from '../fixtures/sophia-command.ts';
import { createKey, type SophiaProcess, startSophia, temporaryDataFolder } from '../fixtures/sophia-process.ts';

interface Answer {
  readonly columns: readonly { readonly name: string }[];
  readonly rows: readonly (readonly (string | number | null)[])[];
  readonly freshness: { readonly complete_to: string };
}

let folder: Awaited<ReturnType<typeof temporaryDataFolder>>;
let sophia: SophiaProcess;
beforeAll(async () => {
  folder = await temporaryDataFolder();
  sophia = await startSophia({ dataDirectory: folder.path });
});
afterAll(async () => {
  await sophia.kill();
  await folder.remove();
});

const run = (...args: string[]) => runSophia([...args, '--data-dir', folder.path]);
const ask = async (args: readonly string[], dataDirectory = folder.path): Promise<Answer> => {
  const { code, out, err } = await runSophia(['query', ...args, '--json', '--data-dir', dataDirectory]);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out);
};

describe('from a file to a number on the command line', () => {
  it('the first start loads the sample, and a query answers with its freshness', async () => {
    const { code, out } = await run('query', 'revenue', 'win_rate');
    expect(code).toBe(0);
    expect(out).toContain('10,005,534.00   63.15 %');
    expect(out).toMatch(/complete to .* UTC .* · crm fresh/);
    expect(sophia.output()).toContain('8800 read = 8800 created + 0 updated + 0 unchanged + 0 rejected');
  });

  it('CSV is rows alone; how fresh they are, and what is to be said of them, goes to standard error', async () => {
    const { out, err } = await run('query', 'deals_won', '--csv', '--as-of', '2001-01-01');
    expect(out).toBe('deals_won\r\n0\r\n');
    expect(err).toContain('Sophia knew nothing yet at that time');
    expect(err).toMatch(/complete to .* UTC/);
  });

  it('a key of the installation may take a backup over REST, another one may not', async () => {
    const backupWith = async (...args: string[]): Promise<number> => {
      const made = await run('keys', 'create', '--role', 'admin', '--name', 'backups', ...args);
      const response = await fetch(`${sophia.address}/api/v1/backup`, { headers: { authorization: `Bearer ${made.out.trim()}` } });
      await response.arrayBuffer();
      return response.status;
    };
    expect(await backupWith()).toBe(403);
    expect(await backupWith('--installation')).toBe(200);
  });

  it('a deal changed over REST is in the next query with its token, and not in one as of before', async () => {
    const before = new Date().toISOString();
    await delay(5);
    const key = await createKey(sophia, 'admin');
    const [record] = JSON.parse((await run('records', 'list', 'deal', '--where', 'status=won', '--limit', '1', '--json')).out).records;
    const response = await fetch(`${sophia.address}/api/v1/records/deal/${record.id}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ amount: '1000000.00' }),
    });
    expect(response.status).toBe(200);
    const { token } = (await response.json()) as { token: string };
    const now = 10_005_534 - Number(record.data.amount) + 1_000_000;
    expect(Number((await ask(['revenue', '--after', token])).rows[0]?.[0])).toBe(now);
    expect(Number((await ask(['revenue', '--as-of', before])).rows[0]?.[0])).toBe(10_005_534);
    const history = await run('records', 'history', 'deal', record.id);
    expect(history.out).toContain('→ 1000000');
  });

  it('a wrong row is reported with its line, repaired and replayed', async () => {
    const file = join(folder.path, '..', 'deals.csv');
    await writeFile(file, 'source_id,name,status,amount,currency\nW-1,First,won,100.50,EUR\nW-2,Second,won,abc,EUR\n');
    const imported = await run('import', file, '--type', 'deal', '--source-system', 'hand', '--json');
    expect(imported.code).toBe(4);
    const report = JSON.parse(imported.out);
    expect(report).toMatchObject({ read: 2, created: 1, rejected: 1, errors: [{ line: 3, column: 'amount', value: 'abc' }] });
    const listed = await run('dead-letters', 'list', '--import', report.id, '--json');
    const { id } = JSON.parse(listed.out).dead_letters[0];
    const replayed = await run('dead-letters', 'repair', id, 'amount=7', '--replay', '--json');
    expect([replayed.code, JSON.parse(replayed.out)]).toEqual([0, expect.objectContaining({ created: 1, rejected: 0 })]);
    expect((await run('records', 'get', 'deal', 'W-2', '--source-system', 'hand')).out).toMatch(/amount +7\n/);
  });

  it('a tap in a pipe: its states come out when what is before them is committed', async () => {
    const messages = [
      { type: 'SCHEMA', stream: 'tickets', schema: { type: 'object', properties: { id: { type: 'integer' } } }, key_properties: ['id'] },
      { type: 'RECORD', stream: 'tickets', record: { id: 1 } },
      { type: 'STATE', value: { seen: 1 } },
    ];
    const input = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
    const { code, out } = await runSophia(['import', '--singer', '--source-system', 'desk', '--data-dir', folder.path], input);
    expect([code, out]).toEqual([0, '{"seen":1}\n']);
  });

  it('a second start says who holds the folder; wrong words are told with the nearest right ones', async () => {
    const second = await run('start', '--port', '0');
    expect(second.code).toBe(1);
    expect(second.err).toContain(`is held by the Sophia at ${sophia.address} (process ${sophia.pid}`);
    const fresh = join(folder.path, '..', 'fresh');
    const occupied = await runSophia(['start', '--port', new URL(sophia.address).port, '--data-dir', fresh]);
    expect([occupied.code, occupied.err]).toEqual([1, expect.stringContaining('address_in_use')]);
    // It was told before the folder was filled.
    expect(occupied.err).not.toContain('filling workspace');
    const unknown = await run('query', 'revenu');
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('Did you mean revenue?')]);
    expect((await run('records', 'get', 'deal', '1')).code).toBe(3);
  });

  it('the warehouse made anew is equal', async () => {
    const { code, out } = await run('rebuild', 'warehouse');
    expect([code, out]).toEqual([0, expect.stringContaining('equals the one before')]);
  });

  it('a backup taken while it runs answers the same in an empty folder, as of before too; and so does the folder without a server', async () => {
    const questions = [
      ['revenue', 'win_rate', '--by', 'user.office', '--where', 'deal.currency=USD'],
      ['revenue', '--by', 'deal.close_date:month', '--where', 'deal.currency=USD', '--from', '2017', '--to', '2018'],
      ['deals_won', '--by', 'product.name', '--as-of', new Date().toISOString()],
    ];
    const backup = join(folder.path, '..', 'sophia.backup');
    const restored = join(folder.path, '..', 'restored');
    const answers = await Promise.all(questions.map((question) => ask(question)));
    expect((await run('backup', backup)).code).toBe(0);
    expect((await run('backup', backup)).err).toContain('is there already');
    expect((await run('backup', join(folder.path, 'nowhere', 'x'))).err).toContain('cannot be written: ENOENT');
    const cut = join(folder.path, '..', 'cut.backup');
    await writeFile(cut, (await readFile(backup)).subarray(0, -1_000));
    const refused = await runSophia(['restore', cut, '--data-dir', restored]);
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('backup_damaged')]);
    const { code, err } = await runSophia(['restore', backup, '--data-dir', restored]);
    expect([code, err]).toEqual([0, '']);
    for (const [index, question] of questions.entries()) expect((await ask(question, restored)).rows).toEqual(answers[index]?.rows);

    await sophia.kill();
    for (const [index, question] of questions.entries()) expect((await ask(question)).rows).toEqual(answers[index]?.rows);
    sophia = await startSophia({ dataDirectory: folder.path });
    for (const [index, question] of questions.entries()) expect((await ask(question)).rows).toEqual(answers[index]?.rows);
  });

  it('Ctrl-C lets what is in hand finish, and says so', async () => {
    expect(await sophia.kill('SIGINT')).toBe(0);
    expect(sophia.output()).toContain('SIGINT: letting requests and work in hand finish');
    expect(sophia.output()).toContain('stopped');
  });

  it('a reset removes what Sophia made, when it is told to and nobody holds the folder', async () => {
    const held = await startSophia({ dataDirectory: folder.path });
    expect(await run('reset', '--yes')).toMatchObject({ code: 75, err: expect.stringContaining('stop it first') });
    await held.kill();
    expect(await run('reset')).toMatchObject({ code: 2, err: expect.stringContaining('Nobody can be asked here') });
    const foreign = join(folder.path, 'mine.txt');
    await writeFile(foreign, 'kept');
    expect(await run('reset', '--yes')).toMatchObject({ code: 0, out: expect.stringContaining('mine.txt stayed') });
    expect(await readdir(folder.path)).toEqual(['mine.txt']);
    expect(await run('reset', '--yes')).toMatchObject({ code: 2, err: expect.stringContaining('is no data folder of Sophia') });
    await rm(foreign);
    expect((await run('reset', '--yes')).code).toBe(0);
    expect(await run('reset', '--yes')).toMatchObject({ code: 3, err: expect.stringContaining('There is no data folder') });
  });
});
