import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPostgresDatabase } from '@sophia/database/postgres';
import { expect, it } from 'vitest';
import { runSophia } from '../fixtures/sophia-command.ts';
import { type SophiaProcess, startSophia, temporaryDataFolder } from '../fixtures/sophia-process.ts';

const WON = { status: 'won', amount: '7', currency: 'USD', close_date: '2017-06-01' };

it('events that stand aside are listed, replayed when the cause is mended, and given up on the command line', async () => {
  const folder = await temporaryDataFolder();
  const sophia = await startSophia({ dataDirectory: folder.path, args: ['--no-sample'] });
  const run = (...args: string[]) => runSophia([...args, '--data-dir', folder.path]);
  try {
    expect((await run('set-aside', 'list')).out).toBe('No event stands aside.\n');
    const mend = await writePoison(sophia, folder.path, 'first');
    const list = async (): Promise<{ position: string; poison: boolean }[]> =>
      JSON.parse((await run('set-aside', 'list', '--json')).out).events;
    await expect.poll(list, { timeout: 30_000 }).toHaveLength(1);
    // Rows of CSV go to a program; that they are not all is told beside them.
    const csv = await run('query', 'revenue', '--csv');
    expect(csv.out).toBe('revenue\r\n0.0000\r\n');
    expect(csv.err).toContain('incomplete: 1 events stand aside (sophia set-aside list)');
    const listed = (await run('set-aside', 'list')).out;
    expect(listed).toMatch(/deal +test +first +.* ago +\S/);
    expect(listed).not.toContain('--limit');
    // As many as are asked for may not be all.
    expect((await run('set-aside', 'list', '--limit', '1')).out).toMatch(/ first .*\n(.*\n)*there may be more: --limit\n$/);

    const inVain = await run('set-aside', 'replay');
    expect([inVain.code, inVain.out]).toEqual([1, '0 applied, 1 stand aside again\n']);
    await mend();
    const replayed = await run('set-aside', 'replay');
    expect([replayed.code, replayed.out]).toEqual([0, '1 applied, 0 stand aside again\n']);
    expect((await run('query', 'revenue', '--csv')).out).toBe('revenue\r\n7.0000\r\n');

    await writePoison(sophia, folder.path, 'second');
    await expect.poll(list, { timeout: 30_000 }).toHaveLength(1);
    const [{ position } = { position: '' }] = await list();
    expect((await run('set-aside', 'discard', position)).out).toBe('1 discarded\n');
    expect(await list()).toEqual([]);
    expect((await run('set-aside', 'discard', position)).code).toBe(3);

    await writePoison(sophia, folder.path, 'third');
    await expect.poll(list, { timeout: 30_000 }).toHaveLength(1);
    const [third = { position: '' }] = await list();
    const discarded = await run('set-aside', 'discard', third.position, '--json');
    expect([discarded.code, discarded.out]).toEqual([0, '{"discarded":1}\n']);
    expect((await run('set-aside', 'list', '--projection', 'nothing')).err).toContain('There is no projection nothing.');
  } finally {
    await sophia.kill();
    await folder.remove();
  }
});

/** Writes an event and spoils it before the warehouse sees it; resolves to what gives it its own data back. */
const writePoison = async (sophia: SophiaProcess, dataDirectory: string, id: string): Promise<() => Promise<void>> => {
  const { owner: password } = JSON.parse(await readFile(join(dataDirectory, 'postgres', 'passwords.json'), 'utf8'));
  const connection = {
    host: join(dataDirectory, 'postgres', 'socket'),
    port: 5432,
    database: 'sophia',
    user: 'sophia_owner',
    password,
  };
  const inDatabase = async (
    work: (query: (name: string, text: string, values?: readonly unknown[]) => Promise<unknown>) => Promise<void>,
  ) => {
    const database = await createPostgresDatabase({ connection, role: 'owner', pool: { minimum: 1, maximum: 1 } });
    try {
      await database.write([], (transaction) => work((name, text, values = []) => database.query(transaction, { name, text }, values)));
    } finally {
      await database.close();
    }
  };
  await inDatabase(async (query) => {
    // The group's row is what a member holds while it hands a batch over.
    await query('hold', "select from event_group where name = 'warehouse' for update");
    const written = await sophia.admin('POST', '/api/v1/records/deal?source_system=test', { ...WON, source_id: id });
    expect(written.status, written.body).toBe(200);
    // More digits than money has.
    await query('spoil', SET_AMOUNT, [id, '1.23456']);
  });
  return () => inDatabase(async (query) => void (await query('mend', SET_AMOUNT, [id, WON.amount])));
};

const SET_AMOUNT = `update event set data = jsonb_set(data, '{amount}', to_jsonb($2::text)) where source_id = $1`;
