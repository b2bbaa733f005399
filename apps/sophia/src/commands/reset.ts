import { lstat, readdir, realpath, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { refuseElsewhere } from '../client/refuse-elsewhere.ts';
import { clientSettings } from '../client/settings.ts';
import { answers } from '../client/with-sophia.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { CommonOptions, Invocation } from '../command-line/invocation.ts';
import { messageOf } from '../command-line/message-of.ts';
import { askLine } from '../input/ask-line.ts';
import { ifThere } from '../input/if-there.ts';
import { shellWord } from '../output/shell-word.ts';
import { plainText } from '../output/text-width.ts';
import { emptyFolder } from '../server/empty-folder.ts';
import { adminSocketPath, findServer } from '../server/run-directory.ts';

/** What Sophia writes into a data folder: nothing else is removed. */
const OURS = ['postgres', 'warehouse', 'run', 'spool', 'models'];
/** Written by people too: a link to it leads to what is theirs. */
const SHARED = 'models';

/** Removes the data folder, after a question; of a part that is a link, to a larger disk for one, what is in it. */
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
  const linked = await findLinked(folder, ours);
  if (options.yes !== true) await confirm(terminal, folder, [...linked.values()]);
  for (const name of ours) {
    const path = join(folder, name);
    await (linked.has(name) ? emptyFolder(path) : rm(path, { recursive: true, force: true }));
  }
  const left = await readdir(folder);
  // A link to the folder stays a link.
  if (left.length === 0 && !(await lstat(folder)).isSymbolicLink()) await rm(folder, { recursive: true });
  const kept = left.filter((name) => !linked.has(name));
  const stayed = [
    ...[...linked].map(([name, target]) => `; what ${name} leads to, ${plainText(target)}, is empty`),
    kept.length === 0 ? '' : `; ${plainText(kept.join(', '))} stayed, which Sophia did not make`,
  ].join('');
  const told = { removed: folder, kept, emptied: [...linked.values()] };
  terminal.out(options.json === true ? `${JSON.stringify(told)}\n` : `${folder} is removed${stayed}\n`);
};

/** The parts that are links to folders elsewhere, by their names: these folders. */
const findLinked = async (folder: string, ours: readonly string[]): Promise<ReadonlyMap<string, string>> => {
  const linked = new Map<string, string>();
  for (const name of ours) {
    const path = join(folder, name);
    if (name === SHARED || !(await lstat(path)).isSymbolicLink()) continue;
    const target = await ifThere(realpath(path));
    if (target !== undefined) linked.set(name, target);
  }
  return linked;
};

/** Errors: `CommandError` while a server or another command works there. */
const refuseHeld = async (dataDirectory: string, folder: string): Promise<void> => {
  const holder = await findServer(dataDirectory);
  if (holder?.folder !== undefined && holder.folder !== (await realpath(folder))) {
    throw new CommandError(
      'temporary',
      `${folder} is a copy of ${holder.folder}, which is held by the Sophia at ${holder.address} (process ${holder.pid}), or that folder under another name.`,
      `If it is a copy, remove ${shellWord(join(folder, 'run'))} first.`,
    );
  }
  if (holder !== undefined) {
    throw new CommandError('temporary', `${folder} is held by the Sophia at ${holder.address} (process ${holder.pid}): stop it first.`);
  }
  if (await answers(adminSocketPath(dataDirectory))) {
    throw new CommandError('temporary', `${folder} is held by another command: let it end first.`);
  }
};

const confirm = async (terminal: Invocation['terminal'], folder: string, elsewhere: readonly string[]): Promise<void> => {
  if (!terminal.interactive) throw new CommandError('usage', 'Nobody can be asked here.', 'Say --yes to remove the data folder.');
  const also = elsewhere.map((target) => `, and what is in ${plainText(target)},`).join('');
  const answer = await askLine(terminal, `Remove ${folder}${also} with all records, keys and history in it? [yes/no] `);
  if (answer !== 'yes') throw new CommandError('failed', 'Nothing was removed.');
};
