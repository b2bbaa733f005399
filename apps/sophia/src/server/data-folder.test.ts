import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../client/with-sophia.ts';
import { runHere, WATCHED } from '../testing/run-here.ts';
import { adminSocketPath, announceServer, findServer, withdrawServer } from './run-directory.ts';

let outside: string;
let folder: string;
beforeEach(async () => {
  outside = await realpath(await mkdtemp(join(tmpdir(), 'sophia-folder-')));
  folder = join(outside, 'data');
});
afterEach(() => rm(outside, { recursive: true }));

const here = (...argv: string[]) => runHere([...argv, '--data-dir', folder]);
/** As a Sophia leaves it. */
const makeFolder = (): Promise<unknown> => mkdir(join(folder, 'run'), { recursive: true });
const SERVER = { pid: process.pid, address: 'http://127.0.0.1:8080', started_at: '2026-11-20T12:00:00Z' };

describe('a data folder', () => {
  it.each(['/proc/sophia/data', join(import.meta.filename, 'data')])('%s that cannot be made is told', async (path) => {
    for (const command of [['start', '--port', '0'], ['status']]) {
      const { code, err } = await runHere([...command, '--data-dir', path]);
      expect([code, err]).toEqual([1, expect.stringContaining(`The data folder ${path} cannot be used: `)]);
      expect(err).toContain('Something on the way is no folder, leads to none, or takes none: choose another one with --data-dir.');
    }
    const backup = join(outside, 'x.backup');
    await writeFile(backup, '');
    expect((await runHere(['restore', backup, '--data-dir', path])).err).toContain('cannot be used: ');
  });

  it('where a file stands in the place of its own folder is told', async () => {
    await mkdir(folder);
    await writeFile(join(folder, 'run'), '');
    expect(await here('status')).toMatchObject({ code: 1, err: expect.stringContaining('cannot be used: ENOTDIR') });
  });

  it('whose path is too long for a socket is told, unless it is near', async () => {
    expect(adminSocketPath('data')).toBe('data/run/admin.sock');
    const deep = 'x'.repeat(88);
    expect(adminSocketPath(join(process.cwd(), deep))).toBe(`${deep}/run/admin.sock`);
    folder = join(outside, 'x'.repeat(120));
    const backup = join(outside, 'x.backup');
    await writeFile(backup, '');
    for (const command of [['start', '--port', '0'], ['status'], ['reset'], ['restore', backup]]) {
      await mkdir(folder, { recursive: true });
      expect(await here(...command)).toMatchObject({
        code: 2,
        err: expect.stringContaining('is too long: a socket in it is named by at most'),
      });
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('that is restored by half is neither started with nor restored into', async () => {
    await makeFolder();
    const backup = join(folder, 'x.backup');
    await writeFile(backup, '');
    await writeFile(join(folder, 'run', 'restoring'), '');
    for (const command of [['start', '--port', '0'], ['status'], ['restore', backup]]) {
      const { code, err } = await here(...command);
      expect([code, err]).toEqual([1, expect.stringContaining(`A restore into ${folder} was cut off or is under way`)]);
      expect(err).toContain(`sophia reset --data-dir ${folder}, then restore again.`);
    }
  });
});

describe('who holds a data folder', () => {
  it('is known from what it has announced, while its process is there', async () => {
    expect(await findServer(folder)).toBeUndefined();
    await makeFolder();
    await announceServer(folder, SERVER);
    expect(await findServer(folder)).toEqual({ ...SERVER, started: expect.stringMatching(/./), folder });
    expect(await readdir(join(folder, 'run'))).toEqual(['server.json']);
    // No system gives such a number.
    await announceServer(folder, { ...SERVER, pid: 2 ** 30 });
    expect(await findServer(folder)).toBeUndefined();
    await withdrawServer(folder);
    expect(await readdir(join(folder, 'run'))).toEqual([]);
  });

  it('is not another process that was given the number of one that was killed', async () => {
    await makeFolder();
    for (const began of [{ started: 'another time' }, {}]) {
      await writeFile(join(folder, 'run', 'server.json'), JSON.stringify({ ...SERVER, ...began }));
      expect(await findServer(folder)).toBeUndefined();
    }
    expect(await here('reset', '--yes')).toMatchObject({ code: 0 });
  });

  it.each(['reset --yes', 'start --port 0'])('where that cannot be read, %s does not take it for nobody', async (command) => {
    await mkdir(join(folder, 'run', 'server.json'), { recursive: true });
    const unreadable = await here(...command.split(' '));
    expect([unreadable.code, unreadable.err]).toEqual([1, expect.stringContaining(`Whether a Sophia runs in ${folder} cannot be known`)]);
    expect(unreadable.err).toContain('where none runs, remove that file.');
    expect(unreadable.err).not.toContain('    at ');
    expect(await readdir(folder)).toEqual(['run']);
  });

  it.each(['', '{"pid":', 'null', '7'])('is not told by an announcement that a power cut left damaged (%j)', async (text) => {
    await makeFolder();
    await writeFile(join(folder, 'run', 'server.json'), text);
    expect(await findServer(folder)).toBeUndefined();
    expect(await here('reset', '--yes')).toMatchObject({ code: 0 });
  });
});

it('one that is held and does not answer is not waited for without end', async () => {
  await expect(waitFor(adminSocketPath(folder), 1)).rejects.toMatchObject({
    exit: 'temporary',
    message: 'The Sophia that holds the data folder does not answer.',
  });
});

it.each(['reset --yes', 'restore x.backup'])(
  '%s is for a folder of this machine: it is refused where commands talk to another',
  async (line) => {
    const environment = { SOPHIA_URL: 'https://sophia.example' };
    const { code, err } = await runHere([...line.split(' '), '--data-dir', folder], { environment });
    expect([code, err]).toEqual([2, expect.stringContaining('SOPHIA_URL is set: commands talk to the Sophia there.')]);
  },
);

describe('reset', () => {
  it('asks a person, and removes nothing unless it is told yes', async () => {
    await makeFolder();
    const ask = (input: string) => runHere(['reset', '--data-dir', folder], { terminal: WATCHED, input });
    const no = await ask('no\n');
    expect([no.code, no.err]).toEqual([1, expect.stringContaining(`Remove ${folder} with all records, keys and history in it? [yes/no]`)]);
    expect(no.err).toContain('Nothing was removed.');
    // Ctrl-D is no answer.
    expect(await ask('')).toMatchObject({ code: 1, err: expect.stringMatching(/\[yes\/no\] \n.*Nothing was removed\.\n$/) });
    expect(await readdir(folder)).toEqual(['run']);
    const yes = await ask('yes\n');
    expect([yes.code, yes.out]).toEqual([0, `${folder} is removed\n`]);
    expect(await readdir(outside)).toEqual([]);
    expect(await here('reset', '--yes')).toMatchObject({ code: 3, err: `sophia: There is no data folder ${folder}.\n` });
  });

  it('leaves what Sophia did not make, and a link to a folder', async () => {
    const real = join(outside, 'real');
    await mkdir(join(real, 'run'), { recursive: true });
    await writeFile(join(real, 'mine.txt'), 'kept');
    await symlink(real, folder);
    const told = await here('reset', '--yes', '--json');
    expect([told.code, JSON.parse(told.out)]).toEqual([0, { removed: folder, kept: ['mine.txt'], emptied: [] }]);
    expect(await here('reset', '--yes')).toMatchObject({ code: 2, err: `sophia: ${folder} is no data folder of Sophia.\n` });
    await rm(join(real, 'mine.txt'));
    await mkdir(join(real, 'run'));
    expect((await here('reset', '--yes')).code).toBe(0);
    expect((await readdir(outside)).sort()).toEqual(['data', 'real']);
  });

  it('empties what a part leads to that was linked to another disk, and says so before; models elsewhere are left alone', async () => {
    const disk = join(outside, 'disk');
    await makeFolder();
    for (const name of ['postgres', 'models']) {
      await mkdir(join(disk, name, 'main'), { recursive: true });
      await symlink(join(disk, name), join(folder, name));
    }
    await symlink(join(disk, 'gone'), join(folder, 'spool'));
    const ask = (input: string, ...rest: string[]) => runHere(['reset', '--data-dir', folder, ...rest], { terminal: WATCHED, input });
    const postgres = join(disk, 'postgres');
    expect((await ask('no\n')).err).toContain(`Remove ${folder}, and what is in ${postgres}, with all records`);
    expect(await readdir(postgres)).toEqual(['main']);
    const { code, out } = await ask('yes\n');
    expect([code, out]).toEqual([0, `${folder} is removed; what postgres leads to, ${postgres}, is empty\n`]);
    expect([await readdir(postgres), await readdir(join(disk, 'models')), await readdir(folder)]).toEqual([[], ['main'], ['postgres']]);
    expect(JSON.parse((await here('reset', '--yes', '--json')).out)).toEqual({ removed: folder, kept: [], emptied: [postgres] });
  });

  it('refuses while a server or another command works there, and where nobody can be asked', async () => {
    await makeFolder();
    expect(await here('reset')).toMatchObject({ code: 2, err: expect.stringContaining('Say --yes to remove the data folder.') });
    await announceServer(folder, SERVER);
    expect(await here('reset', '--yes')).toMatchObject({
      code: 75,
      err: expect.stringContaining(`held by the Sophia at ${SERVER.address}`),
    });
    await withdrawServer(folder);
    const command = createServer().listen(adminSocketPath(folder));
    await once(command, 'listening');
    expect(await here('reset', '--yes')).toMatchObject({
      code: 75,
      err: expect.stringContaining('held by another command: let it end first.'),
    });
    command.close();
    await once(command, 'close');
    expect((await here('reset', '--yes')).code).toBe(0);
  });

  it('of a copy of a folder that a server holds asks nobody to stop that server', async () => {
    await makeFolder();
    await announceServer(folder, SERVER);
    const copy = join(outside, 'copy');
    await cp(folder, copy, { recursive: true });
    const refused = await runHere(['reset', '--yes', '--data-dir', copy]);
    expect([refused.code, refused.err]).toEqual([
      75,
      expect.stringContaining(`${copy} is a copy of ${folder}, which is held by the Sophia`),
    ]);
    expect(refused.err).toContain(`If it is a copy, remove ${join(copy, 'run')} first.`);
    await mkdir(join(copy, 'spool'));
    await rm(join(copy, 'run'), { recursive: true });
    expect(await runHere(['reset', '--yes', '--data-dir', copy])).toMatchObject({ code: 0 });
    expect(await readdir(outside)).toEqual(['data']);
  });

  it('of what is no folder is told without a stack', async () => {
    await writeFile(folder, '');
    const { code, err } = await here('reset', '--yes');
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^sophia: The data folder .*data cannot be read: ENOTDIR: .*\n {2}Let this user/),
    ]);
  });
});

describe('restore', () => {
  it('needs a backup and an empty folder', async () => {
    expect(await here('restore', join(outside, 'nothing'))).toMatchObject({
      code: 3,
      err: `sophia: There is no backup ${outside}/nothing.\n`,
    });
    expect(await here('restore', outside)).toMatchObject({ code: 3 });
    await symlink('round', join(outside, 'round'));
    expect(await here('restore', join(outside, 'round'))).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^sophia: The backup .*round cannot be read: ELOOP: .*\n {2}Let this user read it\.\n$/),
    });
    await makeFolder();
    const backup = join(outside, 'x.backup');
    await writeFile(backup, 'no backup');
    const { code, err } = await here('restore', backup);
    expect([code, err]).toEqual([1, expect.stringContaining(`The data folder ${folder} is not empty.\n  Restore into a new one`)]);
  });

  it('of what is no backup leaves the folder as it was: empty, or not there', async () => {
    const backup = join(outside, 'x.backup');
    await writeFile(backup, 'no backup');
    expect(await here('restore', backup)).toMatchObject({ code: 2, err: expect.stringContaining('backup_damaged') });
    expect(await readdir(dirname(folder))).toEqual(['x.backup']);
    await mkdir(folder);
    expect(await here('restore', backup, '--json')).toMatchObject({ code: 2, out: expect.stringContaining('backup_damaged') });
    expect(await readdir(folder)).toEqual([]);
  });
});
