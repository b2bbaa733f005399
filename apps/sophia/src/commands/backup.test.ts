import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runHere } from '../testing/run-here.ts';
import { openStandIn } from '../testing/stand-in.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-backup-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('a backup has its name when it is whole: not before, and not where it is cut off', async () => {
  const file = join(folder, 'all.backup');
  let seen: readonly string[] = [];
  let cut = true;
  const server = await openStandIn((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/zstd' });
    response.write('one ', async () => {
      seen = await readdir(folder);
      if (cut) response.destroy();
      else response.end('two');
    });
  });
  const backup = () => runHere(['backup', file], { environment: { SOPHIA_URL: server.url, SOPHIA_KEY: 'x' } });
  expect(await backup()).toMatchObject({ code: 1, err: expect.stringContaining('The backup was cut off') });
  expect([seen, await readdir(folder)]).toEqual([['all.backup.unfinished'], []]);
  cut = false;
  expect(await backup()).toMatchObject({ code: 0 });
  expect([await readdir(folder), await readFile(file, 'utf8')]).toEqual([['all.backup'], 'one two']);
  await server.close();
});

it('a backup that was killed, or is under way, is not written over', async () => {
  const file = join(folder, 'all.backup');
  await writeFile(`${file}.unfinished`, 'half');
  const { code, err } = await runHere(['backup', file], { environment: { SOPHIA_URL: 'http://127.0.0.1:9', SOPHIA_KEY: 'x' } });
  expect([code, err]).toEqual([1, expect.stringMatching(/unfinished is there already\.\n.*one was killed/)]);
  expect(await readFile(`${file}.unfinished`, 'utf8')).toBe('half');
});

it('a backup whose file is taken away meanwhile is told as cut off', async () => {
  const file = join(folder, 'all.backup');
  const server = await openStandIn(async (_request, response) => {
    await rm(`${file}.unfinished`);
    response.writeHead(200, { 'content-type': 'application/zstd' }).end('whole');
  });
  const { code, err } = await runHere(['backup', file], { environment: { SOPHIA_URL: server.url, SOPHIA_KEY: 'x' } });
  await server.close();
  expect([code, err]).toEqual([1, expect.stringContaining('The backup was cut off: ENOENT')]);
});

it('what has come under its name meanwhile is not written over', async () => {
  const file = join(folder, 'all.backup');
  const server = await openStandIn(async (_request, response) => {
    await writeFile(file, 'of somebody else');
    response.writeHead(200, { 'content-type': 'application/zstd' }).end('whole');
  });
  const { code, err } = await runHere(['backup', file], { environment: { SOPHIA_URL: server.url, SOPHIA_KEY: 'x' } });
  await server.close();
  expect([code, err]).toEqual([1, expect.stringContaining('all.backup is there already: choose another name.')]);
  expect([await readdir(folder), await readFile(file, 'utf8')]).toEqual([['all.backup'], 'of somebody else']);
});
