import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, existsSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLineWriter, type LineWriterOptions } from './line-writer.ts';
import { createObservability } from './observability.ts';

/** As many as fill a pipe. */
const LINE = `${'x'.repeat(1_023)}\n`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-lines-'));
});
afterEach(() => rm(folder, { recursive: true }));

const openWriter = (target: number | string, options: Partial<LineWriterOptions> = {}) => {
  const told: string[] = [];
  const recovered: number[] = [];
  const lost = { lines: 0 };
  const writer = createLineWriter({
    target,
    onLost: (lines) => {
      lost.lines += lines;
    },
    onRecovered: (lines) => recovered.push(lines),
    tell: (line) => told.push(line),
    retryMilliseconds: 1,
    closeMilliseconds: 50,
    ...options,
  });
  return { ...options, write: (line: string) => writer.write(line), close: () => writer.close(), told, recovered, lost };
};

/** What the process runs when it ends without closing the writer. */
const runExitHook = (): void => {
  process.listeners('exit').at(-1)?.call(process, 0);
};

const makePipe = async (): Promise<string> => {
  const path = join(folder, 'pipe');
  await promisify(execFile)('mkfifo', [path]);
  return path;
};
const openReader = (path: string): Promise<FileHandle> => open(path, constants.O_RDONLY | constants.O_NONBLOCK);

describe('lines of a log', () => {
  it('are written in their order, and all of them before it is closed', async () => {
    const file = join(folder, 'new', 'log');
    const { write, close, lost, told } = openWriter(file, { closeMilliseconds: 60_000 });
    for (let index = 0; index < 500; index++) write(`${index}\n`);
    await close();
    expect(await readFile(file, 'utf8')).toBe(Array.from({ length: 500 }, (_, index) => `${index}\n`).join(''));
    write('later\n');
    expect([lost.lines, told]).toEqual([1, []]);
  });

  it('for a disk that is full wait up to a bound, the rest is counted, and it is said once', async () => {
    const { write, close, lost, told } = openWriter('/dev/full', { maximumWaiting: 3 * LINE.length });
    for (let index = 0; index < 10; index++) write(LINE);
    await expect.poll(() => told).toHaveLength(1);
    expect(lost.lines).toBe(7);
    await close();
    expect(lost.lines).toBe(10);
    expect(told).toEqual([expect.stringContaining('cannot be written'), 'The last 3 lines of the log could not be written.']);
  });

  it('for a file that cannot be opened do no harm', async () => {
    const { write, close, lost, told } = openWriter(folder);
    write(LINE);
    await expect.poll(() => told).toEqual([expect.stringContaining('EISDIR')]);
    runExitHook();
    await close();
    expect(lost.lines).toBe(1);
  });

  it('for a pipe that nobody reads for a while come when it is read, and how many were lost', async () => {
    const path = await makePipe();
    const reader = await openReader(path);
    const { write, close, lost, told, recovered } = openWriter(path, { maximumWaiting: 20 * LINE.length, closeMilliseconds: 60_000 });
    let written = 0;
    for (; lost.lines === 0; written++) {
      write(LINE);
      if (written % 10 === 0) await new Promise(setImmediate);
    }
    expect(told).toEqual([expect.stringContaining('it takes no more')]);
    runExitHook();
    let read = 0;
    while (recovered.length === 0) {
      read += await readSome(reader);
      await new Promise(setImmediate);
    }
    read += await readSome(reader);
    expect([recovered, read / LINE.length]).toEqual([[1], written - 1]);
    write('again\n');
    await close();
    await reader.close();
  });

  it('for a pipe that nobody reads are given up when it is closed', async () => {
    const path = await makePipe();
    const reader = await openReader(path);
    const { write, close, lost, told } = openWriter(path, { retryMilliseconds: undefined });
    for (let index = 0; index < 1_000; index++) write(LINE);
    await close();
    expect(lost.lines).toBeGreaterThan(0);
    expect(told).toEqual([`The last ${lost.lines} lines of the log could not be written.`]);
    await reader.close();
  });

  it('that wait when the process ends without closing it are tried once more', async () => {
    const file = join(folder, 'log');
    const { write, close } = openWriter(file, { closeMilliseconds: 60_000 });
    write('first\n');
    await expect.poll(() => (existsSync(file) ? readFile(file, 'utf8') : '')).toBe('first\n');
    runExitHook();
    write('in flight\n');
    write('waiting\n');
    runExitHook();
    expect(await readFile(file, 'utf8')).toContain('waiting\n');
    await close();
  });
});

const readSome = async (reader: FileHandle): Promise<number> => {
  const { bytesRead } = await reader.read(Buffer.alloc(1 << 20)).catch(() => ({ bytesRead: 0 }));
  return bytesRead;
};

describe('a process whose standard output nobody reads', () => {
  const endOf = async (work: string, { reads = true } = {}) => {
    const index = new URL('./index.ts', import.meta.url);
    const program = `
      const { createObservability } = await import(${JSON.stringify(index)});
      const { logger, metrics, close } = createObservability({ service: 'x', version: '1' });
      for (let index = 0; index < 10_000; index++) logger.info({ text: 'x'.repeat(1_000) }, 'a line');
      const lost = async () => /^sophia_log_lines_lost_total (\\d+)$/m.exec(await metrics.render())?.[1];
      ${work}`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pause();
    if (!reads) child.stdout.destroy();
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk;
    });
    const [code] = await once(child, 'exit');
    child.stdout.destroy();
    return { code, told };
  };

  it('goes on, counts, and ends when it is closed', async () => {
    const { code, told } = await endOf("await close(); console.error('lost', await lost());");
    expect(code).toBe(0);
    expect(told.split('\n').sort()).toEqual([
      '',
      expect.stringMatching(/^The last \d+ lines of the log could not be written\.$/),
      expect.stringContaining('The log cannot be written'),
      expect.stringMatching(/^lost 9\d\d\d$/),
    ]);
  });

  it('ends also where it does not close the log, by itself or at once', async () => {
    expect((await endOf('')).code).toBe(0);
    expect((await endOf('process.exit(7)')).code).toBe(7);
  });

  it('ends also where the reader has gone', async () => {
    expect((await endOf('await close();', { reads: false })).code).toBe(0);
  });
});

it('a log that is given more lines than may wait counts those that it loses, and says it afterwards', async () => {
  const path = join(folder, 'log');
  const { logger, metrics, close } = createObservability({ service: 'x', version: '1', destination: { file: path } });
  for (let index = 0; index < 6_000; index++) logger.info({ text: 'x'.repeat(1_000) }, 'a line');
  await close();
  const lost = Number(/^sophia_log_lines_lost_total (\d+)$/m.exec(await metrics.render())?.[1]);
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  expect(lost).toBeGreaterThan(0);
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ level: 'warn', lost, msg: 'lines of the log were lost' });
  expect(lines).toHaveLength(6_000 - lost + 1);
});
