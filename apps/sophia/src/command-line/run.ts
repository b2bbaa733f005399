import { CommanderError } from 'commander';
import { ProblemError } from '../client/problem-error.ts';
import { stylesOf } from '../output/styles.ts';
import { plainLines } from '../output/text-width.ts';
import { EXIT_CODES, type Exit } from './exit-codes.ts';
import { type Failure, failureOf } from './failure.ts';
import type { Invocation } from './invocation.ts';
import { PartlyDone } from './partly-done.ts';
import { createProgram } from './program.ts';
import { requireCommand } from './require-command.ts';
import type { Terminal } from './terminal.ts';

/** Runs a command; resolves to its exit code. */
export const run = async (argv: readonly string[], invocation: Invocation): Promise<number> => {
  let exit: Exit = 'ok';
  const program = createProgram(invocation, (ended) => {
    exit = ended;
  });
  try {
    if (asksForJson(argv)) requireCommand(program, argv);
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    // Help and version end this way too.
    if (!(error instanceof CommanderError && error.exitCode === 0)) exit = tell(error, asksForJson(argv), invocation.terminal);
  }
  return EXIT_CODES[exit].code;
};

/** Behind `--` stand names only, such as that of a file which is called so. */
const asksForJson = (argv: readonly string[]): boolean => argv.slice(0, [...argv, '--'].indexOf('--')).includes('--json');

const tell = (thrown: unknown, json: boolean, terminal: Terminal): Exit => {
  const { failure: error, done } = thrown instanceof PartlyDone ? thrown : { failure: thrown, done: {} };
  const failure = failureOf(error);
  if (json) terminal.out(`${JSON.stringify({ problem: error instanceof ProblemError ? error.problem : problemOf(failure), ...done })}\n`);
  // Commander has told what it does not understand.
  if (!(error instanceof CommanderError)) tellPeople(failure, terminal);
  return failure.exit;
};

const problemOf = ({ exit, code, message, hint }: Failure) => ({ code, detail: message, hint, exit: EXIT_CODES[exit].code });

/** A message may hold what a file or a server said, which a terminal is not to obey. */
const tellPeople = ({ message, stack = message, hint }: Failure, terminal: Terminal): void => {
  terminal.err(`${stylesOf(terminal).bad('sophia:')} ${plainLines(stack)}\n`);
  if (hint !== undefined) terminal.err(`  ${plainLines(hint)}\n`);
};
