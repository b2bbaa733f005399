import { execFile } from 'node:child_process';
import { access, mkdir, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './run-step.ts';

const run = promisify(execFile);

/** Singer taps of PyPI that tests read from, each in an environment of its own: `.cache/singer/<tap>/bin/<tap>`. */
const SINGER_TAPS = { 'tap-csv-folder': '0.0.1a1', 'tap-jsonl': '0.3.1' } as const;

/** Programs of benchmarks, and Debian's packages that have them. */
const PROGRAMS = { psql: 'postgresql-client', pgbench: 'postgresql', wrk: 'wrk' } as const;

export interface MissingEngine {
  readonly engine: string;
  readonly reason: string;
}

/** Prepares what tests use beside the packages of bun.lock. Resolves to what this machine cannot give. */
export async function prepareEngines(): Promise<MissingEngine[]> {
  const outcomes = await Promise.all([
    ...Object.entries(SINGER_TAPS).map(async ([tap, version]) => ({ engine: `Singer ${tap}`, reason: await prepareTap(tap, version) })),
    ...Object.entries(PROGRAMS).map(async ([program, debian]) => ({ engine: program, reason: await findProgram(program, debian) })),
  ]);
  return outcomes.flatMap(({ engine, reason }) => (reason === undefined ? [] : [{ engine, reason }]));
}

/** Resolves to why it is not there, or to undefined. */
async function prepareTap(tap: string, version: string): Promise<string | undefined> {
  const folder = `${ROOT}.cache/singer/${tap}-${version}`;
  if (await exists(join(folder, 'bin', tap))) return undefined;
  const environment = { ...process.env, PIP_CACHE_DIR: `${ROOT}.cache/pip`, PIP_DISABLE_PIP_VERSION_CHECK: '1' };
  try {
    await mkdir(`${ROOT}.cache/singer`, { recursive: true });
    await rm(folder, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', folder], { env: environment, timeout: 120_000 });
    await run(join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', `${tap}==${version}`], {
      env: environment,
      timeout: 300_000,
    });
    return undefined;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    return `python3 with venv and PyPI could not give it: ${lastLine(error)}`;
  }
}

async function findProgram(program: string, debian: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (await exists(join(folder, program))) return undefined;
  }
  return `no ${program} on the PATH (Debian: ${debian})`;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

function lastLine(error: unknown): string {
  const text =
    error instanceof Error
      ? ('stderr' in error && typeof error.stderr === 'string' && error.stderr.trim()) || error.message
      : String(error);
  return text.trim().split('\n').at(-1) ?? '';
}
