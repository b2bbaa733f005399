import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collectEach } from '../testing/chunks.ts';
import { runTap, type TapOptions } from './run-tap.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sophia-taps-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** A tap that is this script. */
const tap = (script: string, options: Partial<TapOptions> = {}) =>
  runTap({
    command: [process.execPath, '-e', script, '--'],
    config: { secret: 'hush' },
    directory: join(directory, 'run'),
    environment: { GREETING: 'hello' },
    log: () => undefined,
    ...options,
  });
const outputOf = async (running: { readonly output: AsyncIterable<Buffer> }): Promise<string> =>
  Buffer.concat(await collectEach(running.output)).toString();
const leftFiles = (): Promise<string[]> => readdir(join(directory, 'run'));

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !existsSync(`/proc/${pid}/stat`) || !isZombie(pid);
  } catch {
    return false;
  }
};
const isZombie = (pid: number): boolean => !existsSync(`/proc/${pid}/exe`);

describe('a tap', () => {
  test('gets its files, readable by nobody else, its environment and nothing more', async () => {
    const script = `
      const fs = require('node:fs');
      const files = Object.fromEntries(process.argv.slice(1).flatMap((name, i, all) => i % 2 ? [] : [[name, JSON.parse(fs.readFileSync(all[i + 1]))]]));
      const modes = process.argv.slice(1).filter((_, i) => i % 2).map((path) => (fs.statSync(path).mode & 0o777).toString(8));
      process.stdout.write(JSON.stringify({ files, modes, environment: { ...process.env, NODE_V8_COVERAGE: undefined }, folder: fs.readdirSync('.') }));`;
    const running = await tap(script, { state: { at: 1 }, catalog: { streams: [] } });
    expect(JSON.parse(await outputOf(running))).toEqual({
      files: { '--config': { secret: 'hush' }, '--state': { at: 1 }, '--catalog': { streams: [] } },
      modes: ['600', '600', '600'],
      environment: { GREETING: 'hello' },
      folder: ['catalog.json', 'config.json', 'state.json'],
    });
    expect(await leftFiles()).toEqual([]);
    expect(JSON.parse(await outputOf(await tap(`process.stdout.write(JSON.stringify(process.argv.length))`, { state: null })))).toBe(3);
  });

  test('has its log passed on line by line', async () => {
    const lines: string[] = [];
    const script = `process.stderr.write('one\\ntw'); setTimeout(() => { process.stderr.write('o\\r\\n\\n' + 'x'.repeat(25000) + '\\nlast'); }, 20)`;
    await outputOf(await tap(script, { log: (line) => lines.push(line) }));
    expect(lines.slice(0, 2)).toEqual(['one', 'two']);
    expect(lines.every((line) => line.length <= 10_000)).toBe(true);
    expect(lines.join('')).toContain('x'.repeat(10_000));
  });

  test('writes only as fast as it is read', async () => {
    const script = `let n = 0; const chunk = Buffer.alloc(65536, 120);
      (function more() { while (n++ < 2000) { if (!process.stdout.write(chunk)) return process.stdout.once('drain', more); } })();
      setInterval(() => process.stderr.write(n + '\\n'), 5).unref();`;
    let written = 0;
    const running = await tap(script, {
      log: (line) => {
        written = Number(line);
      },
    });
    let read = 0;
    for await (const chunk of running.output) {
      read += chunk.length;
      if (read > 1_000_000) break;
    }
    expect(written * 65_536).toBeLessThan(20_000_000);
    await running.close();
    expect(await leftFiles()).toEqual([]);
  });

  test('that fails tells why', async () => {
    const failing = await tap(`process.stdout.write('row'); for (let i = 0; i < 9; i++) console.error('line ' + i); process.exitCode = 3`);
    await expect(outputOf(failing)).rejects.toMatchObject({
      code: 'tap_failed',
      message: expect.stringMatching(/ended with code 3\. Its last lines: line 4 \| .* line 8$/),
      details: { code: 3 },
    });
    await expect(outputOf(await tap(`process.kill(process.pid, 'SIGKILL')`))).rejects.toThrow(/was ended by SIGKILL\.$/);
    const missing = await tap('', { command: [join(directory, 'no-such-tap')] });
    await expect(outputOf(missing)).rejects.toThrow(/did not start: spawn .*ENOENT/);
    expect(await leftFiles()).toEqual([]);
  });

  test('that is silent is stopped', async () => {
    const stalled = await tap(`process.stdout.write('row'); setInterval(() => {}, 1000)`, { silence: 300 });
    await expect(outputOf(stalled)).rejects.toMatchObject({
      code: 'tap_stalled',
      message: 'The tap sent nothing for 300 ms and was stopped.',
    });
    expect(await leftFiles()).toEqual([]);
  });

  test('that does not stop is killed, with what it started', async () => {
    const script = `const { spawn } = require('node:child_process');
      process.on('SIGTERM', () => {});
      const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); process.stdout.write('up')"], { stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout.once('data', () => process.stdout.write(process.pid + ' ' + child.pid));
      setInterval(() => {}, 1000);`;
    const running = await tap(script, { grace: 100 });
    let pids: number[] = [];
    for await (const chunk of running.output) {
      pids = chunk.toString().split(' ').map(Number);
      break;
    }
    expect(pids).toHaveLength(2);
    await running.close();
    await running.close();
    await expect.poll(() => pids.filter(isRunning), { timeout: 10_000 }).toEqual([]);
    expect(await leftFiles()).toEqual([]);
  });

  test('that cannot be given its files is not started', async () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    await expect(tap('', { config: circular as TapOptions['config'] })).rejects.toThrow('circular');
    expect(await leftFiles()).toEqual([]);
  });
});
