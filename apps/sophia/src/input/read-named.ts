import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { CommandError } from '../command-line/command-error.ts';
import { messageOf } from '../command-line/message-of.ts';

/** Text of a file that a person names as `what`. Errors: `CommandError` where it cannot be read, or is not UTF-8. */
export const readNamed = async (what: string, path: string): Promise<string> => {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(error.code === 'ENOENT' ? 'notFound' : 'failed', `The ${what} ${path} cannot be read: ${messageOf(error)}`);
  });
  // What it says would go into records with characters replaced.
  if (!isUtf8(bytes)) throw new CommandError('failed', `The ${what} ${path} is not UTF-8.`, 'Save it as UTF-8.');
  return bytes.toString();
};
