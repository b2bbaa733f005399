import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryDataFolder } from '../fixtures/sophia-process.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

let data: Awaited<ReturnType<typeof temporaryDataFolder>>;
let dev: ChildProcess;
let printed: string;
/** Of the servers, too: they print where it does. */
let ended: Promise<unknown>;
beforeEach(async () => {
  data = await temporaryDataFolder();
  printed = '';
  dev = spawn(process.execPath, ['scripts/develop.ts', '--no-sample', '--port', '0', '--data-dir', data.path], { cwd: ROOT });
  for (const stream of [dev.stdout, dev.stderr]) stream?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  ended = once(dev, 'close');
});
afterEach(async () => {
  dev.kill('SIGKILL');
  await ended;
  await data.remove();
});

const times = (text: string): number => printed.split(text).length - 1;
const untilPrinted = (text: string, count: number) => expect.poll(() => times(text), { timeout: 90_000 }).toBeGreaterThanOrEqual(count);
const serverId = async (): Promise<number> => JSON.parse(await readFile(join(data.path, 'run/server.json'), 'utf8')).pid;
/** Only the times of the file change. */
const touch = (file: string) => utimes(join(ROOT, file), new Date(), new Date());

test('a change of the source, of a migration or of the sample starts the server anew', async () => {
  await untilPrinted('is ready at', 1);
  const pids = [await serverId()];
  const files = [
    'apps/sophia/src/version.ts',
    'packages/database/src/migrations/0001_foundation.sql',
    'samples/crm/mappings/sales-pipeline.yaml',
  ];
  for (const file of files) {
    await touch(file);
    await untilPrinted('is ready at', pids.length + 1);
    pids.push(await serverId());
  }
  expect(new Set(pids).size).toBe(4);
  for (const file of files) expect(printed).toContain(`sophia dev: ${file} changed`);
  dev.kill('SIGTERM');
  expect(await once(dev, 'exit')).toEqual([0, null]);
  expect(times('letting requests and work in hand finish')).toBe(4);
  await expect(serverId()).rejects.toThrow('ENOENT');
});

test('the server ends when who started it is killed', async () => {
  await untilPrinted('is ready at', 1);
  dev.kill('SIGKILL');
  await ended;
  expect(times('letting requests and work in hand finish')).toBe(1);
  await expect(serverId()).rejects.toThrow('ENOENT');
});

test('a start that failed is tried again on a change, and the exit code is its own', async () => {
  await untilPrinted('is ready at', 1);
  // Its data folder is held by the first.
  const second = spawn(process.execPath, ['scripts/develop.ts', '--port', '0', '--data-dir', data.path], { cwd: ROOT });
  let seen = '';
  second.stderr.on('data', (chunk: Buffer) => (seen += chunk.toString()));
  await expect.poll(() => seen, { timeout: 90_000 }).toContain('sophia dev: Sophia has ended (1) and starts anew on the next change');
  second.kill('SIGINT');
  expect(await once(second, 'exit')).toEqual([1, null]);
});
