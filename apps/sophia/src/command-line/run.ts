import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { ProblemError } from '../client/problem-error.ts';
import { stylesOf } from '../output/styles.ts';
import { CommandError } from './command-error.ts';
import { EXIT_CODES, type Exit, exitOfStatus } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';
import { createProgram } from './program.ts';

/** Runs a command; resolves to its exit code. */
export const run = async (argv: readonly string[], invocation: Invocation): Promise<number> => {
  let exit: Exit = 'ok';
  const program = createProgram(invocation, (ended) => {
    exit = ended;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    // Help and version end this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok.code : EXIT_CODES.usage.code;
    exit = tell(error, argv.includes('--json'), invocation);
  }
  return EXIT_CODES[exit].code;
};

interface CodedError extends Error {
  readonly code: string;
  readonly status: number;
}

const tell = (error: unknown, json: boolean, { terminal }: Invocation): Exit => {
  const styles = stylesOf({ colour: terminal.colour });
  if (json && error instanceof ProblemError) terminal.out(`${JSON.stringify({ problem: error.problem })}\n`);
  if (error instanceof CommandError) {
    terminal.err(`${styles.bad('sophia:')} ${error.message}\n`);
    if (error.hint !== undefined) terminal.err(`  ${error.hint}\n`);
    return error.exit;
  }
  if (isCoded(error)) {
    terminal.err(`${styles.bad('sophia:')} ${error.message}\n  ${error.code}: docs/reference/errors.md#${error.code}\n`);
    return error.code === 'invalid_configuration' ? 'usage' : exitOfStatus(error.status);
  }
  // The system says no: a file, a disk, a network. Where in the code it was asked helps nobody.
  if (error instanceof Error && 'syscall' in error) {
    terminal.err(`${styles.bad('sophia:')} ${error.message}\n`);
    return 'failed';
  }
  terminal.err(`${styles.bad('sophia:')} ${inspect(error)}\n`);
  return 'failed';
};

/** A `SophiaError`, told by its shape: its class is loaded only where the server is. */
const isCoded = (error: unknown): error is CodedError =>
  error instanceof Error && error.name === 'SophiaError' && 'code' in error && 'status' in error;
