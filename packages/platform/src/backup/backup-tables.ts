/** A table of a backup: all of its rows are in it. */
export interface BackupTable {
  readonly name: string;
  /** Order in which rows are written: their key. */
  readonly key: string;
  /** Columns that mean nothing in another database: transaction ids, tokens. */
  readonly leftOut?: readonly string[] | undefined;
}

/**
 * What is not derived, but for the log, which goes with its ticks. Tables that others refer to stand
 * first. Idempotency keys are left out: they name transactions of the database that they were used in.
 */
export const BACKUP_TABLES: readonly BackupTable[] = [
  { name: 'workspace', key: 'id' },
  { name: 'api_key', key: 'id' },
  { name: 'policy', key: 'workspace, version' },
  { name: 'record_type', key: 'workspace, name' },
  { name: 'record', key: 'workspace, record_type, source_system, source_id' },
  { name: 'source_activity', key: 'workspace, source_system, record_type, slot' },
  { name: 'import_run', key: 'id', leftOut: ['token'] },
  { name: 'import_lane', key: 'import, lane' },
  { name: 'dead_letter', key: 'id' },
  { name: 'audit_entry', key: 'position', leftOut: ['xid'] },
];

/** Sequences that go on where they were. */
export const BACKUP_SEQUENCES = ['record_id', 'audit_position', 'workspace_id_seq', 'dead_letter_id_seq'] as const;
