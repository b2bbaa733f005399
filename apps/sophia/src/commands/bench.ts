import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Exit } from '../command-line/exit-codes.ts';
import type { Invocation } from '../command-line/invocation.ts';

const BENCH = fileURLToPath(new URL('../../../../bench/main.ts', import.meta.url));

const ENDS: Readonly<Record<number, Exit>> = { 0: 'ok', 2: 'usage' };

export interface BenchOptions {
  readonly check?: boolean | undefined;
  readonly growth?: boolean | undefined;
  readonly sizes?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Runs the benchmarks in a process of their own, so that nothing of this one is measured. */
export const bench = async (
  _invocation: Invocation,
  names: readonly string[],
  { check, growth, sizes, json }: BenchOptions,
): Promise<Exit> => {
  const flags = Object.entries({ check, growth, json }).flatMap(([name, isSet]) => (isSet === true ? [`--${name}`] : []));
  const args = ['--disable-warning=ExperimentalWarning', BENCH, ...names, ...flags, ...(sizes === undefined ? [] : ['--sizes', sizes])];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return ENDS[code] ?? 'failed';
};
