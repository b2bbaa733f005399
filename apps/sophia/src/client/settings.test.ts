import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runHere } from '../testing/run-here.ts';
import { clientSettings, readConfigurationFile } from './settings.ts';

let folder: string;
const before = process.cwd();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-settings-'));
  process.chdir(folder);
});
afterEach(async () => {
  process.chdir(before);
  await rm(folder, { recursive: true });
});

it('a command finds Sophia as options say, else the environment, else sophia.yaml, else in data', async () => {
  expect(await clientSettings({}, {})).toEqual({ dataDirectory: 'data', workspace: undefined });
  const environment = { SOPHIA_DATA_DIR: 'told', SOPHIA_WORKSPACE: 'ours' };
  expect(await clientSettings({}, environment)).toEqual({ dataDirectory: 'told', workspace: 'ours' });
  await writeFile('sophia.yaml', 'data_dir: /srv/sophia\nworkspace: sales\n');
  expect(await clientSettings({}, {})).toEqual({ dataDirectory: '/srv/sophia', workspace: 'sales' });
  expect(await clientSettings({ workspace: 'mine' }, { SOPHIA_DATA_DIR: 'told' })).toEqual({ dataDirectory: 'told', workspace: 'mine' });
  expect(await clientSettings({ dataDir: 'x' }, {})).toEqual({ dataDirectory: 'x', workspace: 'sales' });
  // Both are told: what the file says does not matter, nor whether it is well formed.
  await writeFile('sophia.yaml', 'data_dir: [');
  expect(await clientSettings({ dataDir: 'x', workspace: 'y' }, {})).toEqual({ dataDirectory: 'x', workspace: 'y' });
  await writeFile('other.yaml', 'workspace: other\n');
  expect(await clientSettings({ dataDir: 'x' }, { SOPHIA_CONFIG: 'other.yaml' })).toEqual({ dataDirectory: 'x', workspace: 'other' });
});

it('a file that is not well formed, cannot be read, or is named and not there is told', async () => {
  await writeFile('sophia.yaml', 'data_dirr: x\n');
  expect(await runHere(['status'])).toMatchObject({ code: 2, err: expect.stringContaining('invalid_configuration') });
  await rm('sophia.yaml');
  await mkdir('sophia.yaml');
  expect(await runHere(['status'])).toMatchObject({
    code: 2,
    err: expect.stringMatching(
      /^sophia: The configuration file sophia\.yaml cannot be read: EISDIR: .*\n {2}Let this user read it, or set SOPHIA_CONFIG/,
    ),
  });
  await expect(readConfigurationFile({ SOPHIA_CONFIG: 'nothing.yaml' })).rejects.toMatchObject({
    exit: 'usage',
    message: expect.stringMatching(/^The configuration file of SOPHIA_CONFIG cannot be read: ENOENT: .*nothing\.yaml/),
  });
});

it('the configuration that a start would use is shown where none runs, with where each value comes from, secrets masked', async () => {
  await writeFile('sophia.yaml', 'database:\n  kind: postgres\n  url: postgres://me:secret@localhost/sophia\n');
  const { code, out, err } = await runHere(['config', '--workspace', 'sales'], { environment: { SOPHIA_PORT: '9000' } });
  expect([code, err]).toEqual([0, 'None runs in data: what a start here would use.\n']);
  expect(out).toMatch(/^Setting +Value +From +Variable\n/);
  expect(out).toMatch(/\nworkspace +sales +argument +SOPHIA_WORKSPACE\n/);
  expect(out).toMatch(/\nhttp\.port +9000 +environment +SOPHIA_PORT\n/);
  expect(out).toMatch(/\ndatabase\.url +\S+ +file +SOPHIA_DATABASE_URL\n/);
  expect(out).toMatch(/ {2}– +default /);
  expect(out).not.toContain('secret');
});
