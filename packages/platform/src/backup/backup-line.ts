import type { ExportedLine } from '@sophia/event-log/postgres';

/** The form of the lines; another number is another form. */
export const BACKUP_FORMAT = 1;

export interface BackupHeader {
  readonly sophia_backup: number;
  /** Version of the Sophia that wrote it. */
  readonly version: string;
  readonly created_at: string;
  readonly database_number: number;
}

export interface BackupCounts {
  readonly rows: number;
  readonly events: number;
}

/**
 * A line of a backup. It is NDJSON, packed with zstd: the header, the model files, the sequences,
 * each table with its rows (bare objects behind the line that names it), the log's ticks and events,
 * and the end, without which it was cut off, with the CRC-32 of all text before it: the checksum of zstd is not looked at
 * where the last block is empty.
 */
export type BackupLine =
  | { readonly model: string; readonly text: string }
  | { readonly sequence: string; readonly last: string; readonly called: boolean }
  | { readonly table: string; readonly columns: readonly string[] }
  | { readonly log: ExportedLine }
  | { readonly end: BackupCounts & { readonly crc32?: number | undefined } };
