import { lstat, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { refuseElsewhere } from '../client/refuse-elsewhere.ts';
import { clientSettings } from '../client/settings.ts';
import { answers } from '../client/with-sophia.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { CommonOptions, Invocation } from '../command-line/invocation.ts';
import { messageOf } from '../command-line/message-of.ts';
import { askLine } from '../input/ask-line.ts';
import { ifThere } from '../input/if-there.ts';
import { plainText } from '../output/text-width.ts';
import { adminSocketPath, findServer } from '../server/run-directory.ts';

/** What Sophia writes into a data folder: nothing else is removed. */
const OURS = ['postgres', 'warehouse', 'run', 'spool', 'models'];

/** Removes the data folder, after a question. */
export const reset = async (
  { terminal, environment }: Invocation,
  options: CommonOptions & { readonly yes?: boolean | undefined },
): Promise<void> => {
  refuseElsewhere('reset', environment);
  const { dataDirectory } = await clientSettings(options, environment);
  const folder = resolve(dataDirectory);
  const names = await ifThere(readdir(folder)).catch((error: unknown) => {
    throw new CommandError(
      'failed',
      `The data folder ${folder} cannot be read: ${messageOf(error)}`,
      'Let this user read it, or name the folder with --data-dir.',
    );
  });
  if (names === undefined) throw new CommandError('notFound', `There is no data folder ${folder}.`);
  const ours = OURS.filter((name) => names.includes(name));
  if (ours.length === 0 && names.length > 0) throw new CommandError('usage', `${folder} is no data folder of Sophia.`);
  await refuseHeld(dataDirectory, folder);
  if (options.yes !== true) await confirm(terminal, folder);
  for (const name of ours) await rm(join(folder, name), { recursive: true, force: true });
  const left = await readdir(folder);
  // A link to the folder stays a link.
  if (left.length === 0 && !(await lstat(folder)).isSymbolicLink()) await rm(folder, { recursive: true });
  const kept = left.length === 0 ? '' : `; ${plainText(left.join(', '))} stayed, which Sophia did not make`;
  terminal.out(options.json === true ? `${JSON.stringify({ removed: folder, kept: left })}\n` : `${folder} is removed${kept}\n`);
};

/** Errors: `CommandError` while a server or another command works there. */
const refuseHeld = async (dataDirectory: string, folder: string): Promise<void> => {
  const holder = await findServer(dataDirectory);
  if (holder !== undefined) {
    throw new CommandError('temporary', `${folder} is held by the Sophia at ${holder.address} (process ${holder.pid}): stop it first.`);
  }
  if (await answers(adminSocketPath(dataDirectory))) {
    throw new CommandError('temporary', `${folder} is held by another command: let it end first.`);
  }
};

const confirm = async (terminal: Invocation['terminal'], folder: string): Promise<void> => {
  if (!terminal.interactive) throw new CommandError('usage', 'Nobody can be asked here.', 'Say --yes to remove the data folder.');
  const answer = await askLine(terminal, `Remove ${folder} with all records, keys and history in it? [yes/no] `);
  if (answer !== 'yes') throw new CommandError('failed', 'Nothing was removed.');
};
