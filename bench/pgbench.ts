import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPinned } from './processes.ts';
import type { Sample } from './protocol.ts';
import type { BenchServer } from './sophia-server.ts';

/** Transactions that pgbench gets through, against Sophia's own PostgreSQL. */
export const pgbench = async (postgres: BenchServer['postgres'], args: readonly string[], seconds: number): Promise<Sample> => {
  const whole = Math.max(1, Math.round(seconds));
  const output = await runPinned('load', 'pgbench', ['-n', '-T', String(whole), ...args], { ...process.env, ...postgres });
  const processed = /transactions actually processed: (\d+)/.exec(output)?.[1];
  if (processed === undefined) throw new Error(`pgbench said:\n${output}`);
  return { operations: Number(processed), seconds: whole };
};

/** A file with a script for pgbench. */
export const pgbenchScript = async (name: string, text: string): Promise<string> => {
  const file = join(tmpdir(), `sophia-bench-${process.pid}-${name}.sql`);
  await writeFile(file, text);
  return file;
};

export const psql = (postgres: BenchServer['postgres'], ...commands: readonly string[]): Promise<string> =>
  runPinned('load', 'psql', ['-q', '-v', 'ON_ERROR_STOP=1', ...commands.flatMap((command) => ['-c', command])], {
    ...process.env,
    ...postgres,
  });
