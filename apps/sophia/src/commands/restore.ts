import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { restoreBackup } from '@sophia/platform';
import { parseConfiguration } from '@sophia/shared';
import { refuseElsewhere } from '../client/refuse-elsewhere.ts';
import { readConfigurationFile } from '../client/settings.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { CommonOptions, Invocation } from '../command-line/invocation.ts';
import { messageOf } from '../command-line/message-of.ts';
import { ifThere } from '../input/if-there.ts';
import { duration } from '../output/freshness-line.ts';
import { createProgressLine } from '../output/progress.ts';
import { shellWord } from '../output/shell-word.ts';
import { emptyFolder } from '../server/empty-folder.ts';
import { beginRestore, endRestore, refuseHalfRestored } from '../server/half-restored.ts';
import { quietObservability } from '../server/quiet-observability.ts';
import { adminSocketPath } from '../server/run-directory.ts';
import { VERSION } from '../version.ts';

/** Reads a backup into an empty data folder. */
export const restore = async (
  { terminal, environment }: Invocation,
  file: string,
  { dataDir, workspace, json }: CommonOptions,
): Promise<void> => {
  refuseElsewhere('restore', environment);
  const configuration = parseConfiguration({
    env: environment,
    file: await readConfigurationFile(environment),
    arguments: { 'data-dir': dataDir, workspace },
  });
  const found = await ifThere(stat(file)).catch((error: unknown) => {
    throw new CommandError('failed', `The backup ${file} cannot be read: ${messageOf(error)}`, 'Let this user read it.');
  });
  if (found?.isFile() !== true) throw new CommandError('notFound', `There is no backup ${file}.`);
  const { dataDirectory } = configuration;
  // No start would take a folder without room for it.
  adminSocketPath(dataDirectory);
  await refuseHalfRestored(dataDirectory);
  // One that cannot be looked at is told, with the way out, when it is opened.
  const names = await readdir(dataDirectory).catch(() => undefined);
  if (names !== undefined && names.length > 0) {
    throw new CommandError('failed', `The data folder ${dataDirectory} is not empty.`, 'Restore into a new one: --data-dir restored');
  }
  const progress = createProgressLine(terminal);
  const begun = performance.now();
  const observability = quietObservability(configuration);
  await beginRestore(dataDirectory);
  try {
    const report = await restoreBackup({
      configuration,
      backup: createReadStream(file),
      version: VERSION,
      observability,
      progress: ({ rows, events }) => progress.show(`${rows.toLocaleString('en-US')} rows, ${events.toLocaleString('en-US')} events`),
    });
    await endRestore(dataDirectory);
    progress.clear();
    const seconds = duration((performance.now() - begun) / 1_000);
    terminal.out(
      json === true
        ? `${JSON.stringify({ ...report, data_dir: dataDirectory })}\n`
        : `${report.rows.toLocaleString('en-US')} rows and ${report.events.toLocaleString('en-US')} events are restored into ${dataDirectory} in ${seconds}. Start it: ./sophia start --data-dir ${shellWord(dataDirectory)}\n`,
    );
  } catch (error) {
    if (names === undefined) await rm(dataDirectory, { recursive: true, force: true });
    else await emptyFolder(dataDirectory);
    throw error;
  } finally {
    progress.clear();
    await observability.close();
  }
};
