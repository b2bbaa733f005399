import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { CommandError } from './command-error.ts';
import { type Exit, exitOfStatus } from './exit-codes.ts';
import { messageOf } from './message-of.ts';

/** How a command failed, in words. */
export interface Failure {
  readonly exit: Exit;
  readonly message: string;
  /** The way out. */
  readonly hint?: string | undefined;
  /** One of docs/reference/errors.md. */
  readonly code?: string | undefined;
  /** Of a fault of the program: the message with where it was. */
  readonly stack?: string | undefined;
}

export const failureOf = (error: unknown): Failure => {
  if (error instanceof CommandError) return { exit: error.exit, message: error.message, hint: error.hint };
  if (error instanceof CommanderError) return { exit: 'usage', message: error.message.replace(/^error: /, '') };
  if (isCoded(error)) {
    const { code, status, message } = error;
    const exit = code === 'invalid_configuration' ? 'usage' : exitOfStatus(status);
    return { exit, message, code, hint: `${code}: docs/reference/errors.md#${code}` };
  }
  // The system says no: a file, a disk, a network. Where in the code it was asked helps nobody.
  if (isOfSystem(error)) return { exit: 'failed', message: error.message, hint: wayOutOf(error) };
  return { exit: 'failed', message: messageOf(error), stack: inspect(error) };
};

/** What to do where the system says no to a file, a disk or a network; undefined where that is not known. */
export const wayOutOf = (error: unknown): string | undefined => (isOfSystem(error) ? WAYS_OUT[error.code] : undefined);

const WAYS_OUT: Readonly<Record<string, string>> = {
  EACCES: 'This user may not: call as another, or let this one read and write there.',
  EPERM: 'This user may not: call as another, or let this one read and write there.',
  EROFS: 'Nothing can be written there: choose another folder.',
  ENOSPC: 'The disk is full: make room there, or choose another folder.',
  EMFILE: 'Too many files are open: let this process open more (ulimit -n).',
};

interface CodedError extends Error {
  readonly code: string;
  readonly status: number;
}

/** A `SophiaError`, told by its shape: its class is loaded only where the server is. */
const isCoded = (error: unknown): error is CodedError =>
  error instanceof Error && error.name === 'SophiaError' && 'code' in error && 'status' in error;

const isOfSystem = (error: unknown): error is Error & { readonly code: string } => error instanceof Error && 'syscall' in error;
