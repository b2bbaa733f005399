import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { spawnPinned, startError } from './processes.ts';

const MAIN = fileURLToPath(new URL('../apps/sophia/src/main.ts', import.meta.url));

/** A Sophia of its own in a temporary folder, as `./sophia start` runs it, pinned to the server's core. */
export interface BenchServer {
  readonly address: string;
  readonly pid: number;
  /** A key whose rate limit is out of the way. */
  readonly key: string;
  /** Milliseconds from the start of the process to its ready line. */
  readonly startMilliseconds: number;
  /** For psql and pgbench: the same PostgreSQL, as its owner. */
  readonly postgres: Readonly<Record<'PGHOST' | 'PGPORT' | 'PGUSER' | 'PGPASSWORD' | 'PGDATABASE', string>>;
  close(): Promise<void>;
}

export const startBenchServer = async ({ sample }: { readonly sample: boolean }): Promise<BenchServer> => {
  const folder = await mkdtemp(join(tmpdir(), 'sophia-bench-'));
  const data = join(folder, 'data');
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SOPHIA_')));
  const begun = performance.now();
  const args = [
    '--disable-warning=ExperimentalWarning',
    MAIN,
    'start',
    '--data-dir',
    data,
    '--port',
    '0',
    ...(sample ? [] : ['--no-sample']),
  ];
  // What is measured is the work, not when it is refused: on a busy machine the event loop may be late.
  const settings = { UV_THREADPOOL_SIZE: '12', SOPHIA_LOG_LEVEL: 'error', SOPHIA_EVENT_LOOP_DELAY: '60s' };
  const child = spawnPinned('server', process.execPath, args, { ...environment, ...settings });
  let output = '';
  const address = await new Promise<string>((resolve, reject) => {
    const hear = (text: string): void => {
      output += text;
      const found = /ready at (\S+)\s/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.setEncoding('utf8').on('data', hear);
    child.stderr?.setEncoding('utf8').on('data', hear);
    child.once('error', (error) => reject(startError(error)));
    child.once('exit', () => reject(new Error(`Sophia ended before it was ready:\n${output}`)));
  });
  const startMilliseconds = performance.now() - begun;
  const { owner: password } = JSON.parse(await readFile(join(data, 'postgres', 'passwords.json'), 'utf8'));
  const postgres = {
    PGHOST: join(data, 'postgres', 'socket'),
    PGPORT: '5432',
    PGUSER: 'sophia_owner',
    PGPASSWORD: password,
    PGDATABASE: 'sophia',
  };
  await assertDurable(postgres);
  return {
    address,
    pid: child.pid ?? 0,
    key: await createKey(join(data, 'run', 'admin.sock')),
    startMilliseconds,
    postgres,
    async close() {
      const exited = child.exitCode === null ? once(child, 'exit') : Promise.resolve();
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** Both sides of every comparison are durable. */
const assertDurable = async ({ PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE }: BenchServer['postgres']): Promise<void> => {
  const client = new pg.Client({ host: PGHOST, port: Number(PGPORT), user: PGUSER, password: PGPASSWORD, database: PGDATABASE });
  await client.connect();
  for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    const { rows } = await client.query(`show ${setting}`);
    if (rows[0][setting] !== 'on') throw new Error(`${setting} is ${rows[0][setting]}`);
  }
  await client.end();
};

const createKey = (socketPath: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const sent = request({ socketPath, method: 'POST', path: '/api/v1/keys', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => (response.statusCode === 200 ? resolve(JSON.parse(text).text) : reject(new Error(text))));
    });
    sent.once('error', reject).end(JSON.stringify({ name: 'bench', role: 'admin', requests_per_second: 1_000_000 }));
  });
