import type { Readable } from 'node:stream';
import type { Observability } from '@sophia/observability';
import type { Configuration } from '@sophia/shared';
import { createPlatform } from '../create-platform.ts';
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

/**
 * Brings a backup into an empty data folder, and makes what is derived from it: the first answer is whole.
 * Errors: those of `restoreDatabase`, and `deadline_exceeded` where what is derived does not come about.
 */
export const restoreBackup = async (options: RestoreBackupOptions): Promise<BackupCounts> => {
  const { configuration, version, observability } = options;
  const counts = await restoreDatabase({ ...options, logger: observability.logger });
  const platform = await createPlatform({ configuration, version, observability });
  try {
    await platform.caughtUp();
    return counts;
  } finally {
    await platform.close();
  }
};
