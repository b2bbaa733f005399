import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Observability } from '@sophia/observability';
import { type Configuration, SophiaError } from '@sophia/shared';
import { createPlatform, type Platform } from '../create-platform.ts';
import type { BackupCounts } from './backup-line.ts';
import { restoreDatabase } from './restore-backup.ts';

export interface RestoreBackupOptions {
  readonly configuration: Configuration;
  readonly backup: Readable;
  readonly version: string;
  readonly observability: Observability;
  /** Told of the rows and events so far. */
  readonly progress?: ((counts: BackupCounts) => void) | undefined;
}

const LOOK_EVERY = 50;
/** Milliseconds that the projection may stand still. It takes as long as it takes while it moves. */
const STANDSTILL = 5 * 60_000;

/**
 * Brings a backup into an empty data folder, and makes what is derived from it: the first answer is whole.
 * Errors: those of `restoreDatabase`, and `deadline_exceeded` where what is derived does not come about.
 */
export const restoreBackup = async (options: RestoreBackupOptions): Promise<BackupCounts> => {
  const { configuration, version, observability } = options;
  const counts = await restoreDatabase({ ...options, logger: observability.logger });
  const platform = await createPlatform({ configuration, version, observability });
  try {
    await untilApplied(platform);
    return counts;
  } finally {
    await platform.close();
  }
};

const untilApplied = async ({ eventLog, analytics }: Platform): Promise<void> => {
  const { tick: last } = await eventLog.head();
  let applied = -1;
  let latest = 0;
  for (;;) {
    const { tick } = (await analytics.status()).readPoint;
    if (tick >= last) return;
    if (tick > applied) latest = performance.now() + STANDSTILL;
    applied = tick;
    if (performance.now() > latest) {
      throw new SophiaError('deadline_exceeded', `The warehouse stands at tick ${tick} of ${last} since ${STANDSTILL / 60_000} minutes.`);
    }
    await sleep(LOOK_EVERY);
  }
};
