import { once } from 'node:events';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beginSophia, runSophia } from '../fixtures/sophia-command.ts';
import { createKey, type SophiaProcess, startSophia, temporaryDataFolder } from '../fixtures/sophia-process.ts';

const ROWS = 60_000;

let folder: Awaited<ReturnType<typeof temporaryDataFolder>>;
let outside: string;
let sophia: SophiaProcess;
beforeAll(async () => {
  folder = await temporaryDataFolder();
  outside = dirname(folder.path);
  sophia = await startSophia({ dataDirectory: folder.path, args: ['--no-sample'] });
});
afterAll(async () => {
  await sophia.kill();
  await folder.remove();
});

const run = (...args: string[]) => runSophia([...args, '--data-dir', folder.path]);
const importArgs = (file: string) => ['import', file, '--type', 'deal', '--source-system', 'hand', '--data-dir', folder.path];

/** Writes a file that takes a while to import. */
const writeDeals = async (name: string): Promise<string> => {
  const file = join(outside, name);
  const rows = Array.from({ length: ROWS }, (_, index) => `${name}-${index},Deal ${index},open`);
  await writeFile(file, `source_id,name,status\n${rows.join('\n')}\n`);
  return file;
};

/** Waits until rows of the newest import are committed, but not all. */
const underWay = async (name: string): Promise<void> => {
  await expect
    .poll(
      async () => {
        const { body } = await sophia.admin('GET', '/api/v1/imports?limit=1');
        const [newest] = JSON.parse(body).imports;
        return newest?.name === name && newest.read > 0;
      },
      { timeout: 60_000, interval: 20 },
    )
    .toBe(true);
};

/** Goes on as the message says. */
const goOn = async (message: string): Promise<void> => {
  const [, id = ''] = /Go on with: sophia import --resume (\S+)/.exec(message) ?? [];
  expect(id, message).not.toBe('');
  const { code, out, err } = await run('import', '--resume', id, '--json');
  expect([code, err]).toEqual([0, '']);
  const report = JSON.parse(out);
  expect([report.state, report.read, report.created]).toEqual(['finished', ROWS, ROWS]);
};

describe('an import that ends early says what happened and how to go on', () => {
  it('Ctrl-C', async () => {
    const importing = beginSophia(importArgs(await writeDeals('stopped.csv')));
    await underWay('stopped.csv');
    importing.signal('SIGINT');
    const { code, err } = await importing.ended;
    expect([code, err]).toEqual([130, expect.stringContaining('The import was interrupted; what was committed stays.')]);
    await goOn(err);
  });

  it('a server that is killed', async () => {
    const importing = beginSophia(importArgs(await writeDeals('killed.csv')));
    await underWay('killed.csv');
    await sophia.kill('SIGKILL');
    const { code, err } = await importing.ended;
    expect([code, err]).toEqual([75, expect.stringContaining('for Sophia went away; what was committed stays.')]);
    sophia = await startSophia({ dataDirectory: folder.path });
    await goOn(err);
  });

  it('a server that is stopped, which is not kept from its end by who sends on', async () => {
    const from = ['--format', 'ndjson', '--type', 'deal', '--source-system', 'pipe'];
    const importing = beginSophia(['import', '-', ...from, '--data-dir', folder.path]);
    for (let id = 0; id < 20_000; id += 1) importing.input.write(`{"source_id":"${id}","name":"Deal ${id}"}\n`);
    await underWay('standard input');
    const headers = { authorization: `Bearer ${await createKey(sophia, 'admin')}`, 'content-type': 'application/x-ndjson' };
    const sending = request(`${sophia.address}/api/v1/records/deal?source_system=slow`, { method: 'POST', headers });
    const answered = once(sending, 'response');
    sending.write('{"source_id":"2","name":"Second"}\n');
    await underWay('POST /records/deal');
    expect(await sophia.kill('SIGTERM')).toBe(0);
    const [{ statusCode }] = await answered;
    expect(statusCode).toBe(503);
    const { code, err } = await importing.ended;
    expect([code, err]).toEqual([75, expect.stringContaining('Go on with: sophia import - --resume')]);
    sophia = await startSophia({ dataDirectory: folder.path });
    const { body } = await sophia.admin('GET', '/api/v1/imports?limit=2');
    const interrupted = { state: 'interrupted', failure: { code: 'unavailable' } };
    expect(JSON.parse(body).imports).toMatchObject([{ ...interrupted, read: 1 }, interrupted]);
  });

  it('a tap that fails at once, whose configuration was readable by nobody else and is gone', async () => {
    const program = [
      `const { statSync } = require('node:fs');`,
      `const path = process.argv[process.argv.indexOf('--config') + 1];`,
      `console.error('config', path, (statSync(path).mode & 0o777).toString(8));`,
      `console.error('the token is refused');`,
      `process.exit(3);`,
    ].join('');
    const tap = join(outside, 'tap.yaml');
    await writeFile(
      tap,
      JSON.stringify({ source_system: 'desk', command: [process.execPath, '-e', program, '--'], config: { token: 'secret' } }),
    );
    const before = await readdir(outside);
    const { code, err } = await run('import', '--tap', tap);
    expect(code).toBe(1);
    expect(err).toMatch(/The tap .* ended with code 3\. Its last lines: .*the token is refused/s);
    expect(err).toContain('tap_failed');
    const [, path = '', mode] = /^config (\S+) (\d+)$/m.exec(err) ?? [];
    expect([path.startsWith(join(folder.path, 'spool')), mode]).toEqual([true, '600']);
    expect(await stat(path).catch(({ code: reason }) => reason)).toBe('ENOENT');
    expect(await readdir(outside)).toEqual(before);
    await writeFile(tap, 'not: [yaml');
    const malformed = await run('import', '--tap', tap);
    expect([malformed.code, malformed.err]).toEqual([2, expect.stringContaining('is not well formed: Flow sequence')]);
    expect(malformed.err).not.toContain('    at ');
    // What ended because its sender went away is no error of Sophia's.
    expect(sophia.output()).not.toContain('"level":"error"');
  });
});
