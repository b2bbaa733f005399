import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface Outcome {
  readonly exitCode: number;
  readonly seconds: number;
  /** What the command printed, where it was not shown at once. */
  readonly output: string;
}

export interface StepOptions {
  /** Whether its output is shown as it comes, or kept until someone wants it. */
  readonly shown: boolean;
  /** Whether it is shown on standard error. */
  readonly aside?: boolean;
}

/** Runs a program of `node_modules/.bin` at the root. */
export async function runStep(program: string, args: readonly string[], { shown, aside = false }: StepOptions): Promise<Outcome> {
  const out = aside ? process.stderr : 'inherit';
  const started = performance.now();
  const child = spawn(`${ROOT}node_modules/.bin/${program}`, args, {
    cwd: ROOT,
    env: environment(),
    stdio: ['ignore', shown ? out : 'pipe', shown ? 'inherit' : 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
  return { exitCode, seconds: (performance.now() - started) / 1000, output };
}

/** Without the compile cache, which would blur coverage. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_COMPILE_CACHE: _, ...inherited } = process.env;
  return inherited;
}
