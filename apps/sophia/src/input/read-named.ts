import { readFile } from 'node:fs/promises';
import { CommandError } from '../command-line/command-error.ts';
import { messageOf } from '../command-line/message-of.ts';

/** Text of a file that a person names as `what`. Errors: `CommandError` where it cannot be read. */
export const readNamed = (what: string, path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(error.code === 'ENOENT' ? 'notFound' : 'failed', `The ${what} ${path} cannot be read: ${messageOf(error)}`);
  });
