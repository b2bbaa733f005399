import type { Readable } from 'node:stream';
import { constants, createZstdCompress } from 'node:zlib';
import { type BackupSource, writeBackup } from './write-backup.ts';

/** A backup as bytes, written only as fast as it is read; destroyed where it fails. */
export const openBackup = (source: BackupSource): Readable => {
  const packed = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  const gone = new AbortController();
  packed.once('close', () => gone.abort(new Error('Nobody reads the backup any more.')));
  const write = async (text: string): Promise<void> => {
    gone.signal.throwIfAborted();
    if (packed.write(text)) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        packed.off('drain', go).off('close', go);
        resolve();
      };
      packed.on('drain', go).on('close', go);
    });
  };
  writeBackup(source, write, gone.signal).then(
    () => packed.end(),
    (error: unknown) => packed.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return packed;
};
