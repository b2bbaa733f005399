import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Exit } from '../command-line/exit-codes.ts';
import type { Invocation } from '../command-line/invocation.ts';

const BENCH = fileURLToPath(new URL('../../../../bench/main.ts', import.meta.url));

/** Runs the benchmarks in a process of their own, so that nothing of this one is measured. */
export const bench = async (
  _invocation: Invocation,
  names: readonly string[],
  { check }: { readonly check?: boolean | undefined },
): Promise<Exit> => {
  const args = ['--disable-warning=ExperimentalWarning', BENCH, ...names, ...(check === true ? ['--check'] : [])];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code === 0 ? 'ok' : 'failed';
};
