import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPlatform } from '@sophia/platform';
import { readConfiguration } from '@sophia/shared';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runHere } from '../testing/run-here.ts';
import { VERSION } from '../version.ts';
import { prepareWorkspace } from './prepare-workspace.ts';
import { serve } from './serve.ts';

let outside: string;
let folder: string;
beforeEach(async () => {
  outside = await mkdtemp(join(tmpdir(), 'sophia-workspaces-'));
  folder = join(outside, 'data');
});
afterEach(() => rm(outside, { recursive: true }));

/** A start of the server and its end: what it said. */
const startWith = async (workspace: string, sample?: boolean): Promise<string> => {
  const lines: string[] = [];
  const parsed = readConfiguration({
    env: { SOPHIA_PORT: '0', SOPHIA_LOG_LEVEL: 'error' },
    file: undefined,
    arguments: { 'data-dir': folder, workspace, sample },
  });
  const served = await serve({ parsed, listens: true, say: (line) => lines.push(line) });
  await served.close();
  return lines.join('\n');
};
const revenueOf = (workspace: string) => runHere(['query', 'revenue', '--csv', '--workspace', workspace, '--data-dir', folder]);

test('the first workspace has the sample, a later one that a start makes is empty, and a command makes none', async () => {
  expect(await startWith('sales')).toContain('filling workspace sales with the sample');
  expect(await revenueOf('sales')).toMatchObject({ code: 0, out: expect.stringContaining('10005534') });
  expect(await revenueOf('sale')).toMatchObject({ code: 3, err: expect.stringContaining('There is no workspace sale.') });

  const said = await startWith('other');
  expect(said).toContain('made the workspace other, which is empty');
  expect(said).not.toContain('filling');
  expect(await startWith('other')).not.toContain('made the workspace');
  const empty = await revenueOf('other');
  expect([empty.code, empty.out.includes('10005534')]).toEqual([0, false]);
  expect(await revenueOf('sale')).toMatchObject({ code: 3 });
});

test('a sample that was cut off is filled in where it was begun, whatever workspace the next start means', async () => {
  expect(await startWith('sales', false)).not.toContain('filling');
  await writeFile(join(folder, 'run', 'sample'), 'loading sales');
  const said = await startWith('other');
  expect(said).toContain('filling workspace sales with the sample');
  expect(await revenueOf('sales')).toMatchObject({ code: 0, out: expect.stringContaining('10005534') });
});

test('a start that cannot see whether the sample is whole says so', async () => {
  expect(await startWith('sales', false)).not.toContain('filling');
  await mkdir(join(folder, 'run', 'sample'));
  await expect(startWith('sales')).rejects.toThrow('EISDIR');
});

test('of two that start at once over one database, one fills the first workspace and both start', async () => {
  const { configuration } = readConfiguration({
    env: { SOPHIA_LOG_LEVEL: 'error' },
    file: undefined,
    arguments: { 'data-dir': folder, workspace: 'sales' },
  });
  const platform = await createPlatform({ configuration, version: VERSION });
  const { workspaces } = platform.auth;
  const bothLooked = Promise.withResolvers<void>();
  let looked = 0;
  const all: typeof workspaces.all = async () => {
    const found = await workspaces.all();
    looked++;
    if (looked === 2) bothLooked.resolve();
    await bothLooked.promise;
    return found;
  };
  const lines: string[] = [];
  const start = async (dataDirectory: string): Promise<void> => {
    await mkdir(join(dataDirectory, 'run'), { recursive: true });
    const instance = {
      ...platform,
      configuration: { ...configuration, dataDirectory },
      auth: { ...platform.auth, workspaces: { ...workspaces, all } },
    };
    await prepareWorkspace(instance, { listens: true, say: (line) => lines.push(line) });
  };
  await Promise.all([start(folder), start(join(outside, 'other'))]);
  await platform.close();
  expect(lines.filter((line) => line.startsWith('filling'))).toEqual(['filling workspace sales with the sample']);
  expect(await revenueOf('sales')).toMatchObject({ code: 0, out: expect.stringContaining('10005534') });
});
