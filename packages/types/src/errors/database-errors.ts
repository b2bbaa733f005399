import type { ErrorCode } from './error-code.ts';

export const DATABASE_ERRORS = {
  database_error: {
    status: 500,
    title: 'Database error',
    help: 'PostgreSQL refused a statement of Sophia: a defect, or a table changed by hand.',
  },
  storage_full: {
    status: 507,
    title: 'Storage full',
    help: 'The disk of the database is full. Nothing was changed; free some room and send it again.',
  },
  commit_unknown: {
    status: 503,
    title: 'Commit unknown',
    help: 'The connection was lost while the write was being committed, and it could not be found out whether it was. Send it again with the same Idempotency-Key.',
  },
  data_newer_than_code: {
    status: 500,
    title: 'Data newer than code',
    help: 'The database was migrated by a later version of Sophia. Start that version or a later one, or restore a backup made before.',
  },
  migration_changed: {
    status: 500,
    title: 'Migration changed',
    help: 'A migration was applied with another text than it has in this version, as a version between two releases may have done. Back the data up with the Sophia that ran on it last, and restore that backup with this one into a new data folder or database. Who edited the file puts its text back and adds a new migration.',
  },
  data_folder_in_use: {
    status: 500,
    title: 'Data folder in use',
    help: 'Another Sophia runs on this data folder; the message names its process.',
  },
  data_folder_copied: {
    status: 500,
    title: 'Data folder copied while in use',
    help: 'The data folder is a copy of one that a Sophia runs on, or that one under another name; the message names both. Nothing was changed. Of a copy, a snapshot for one, remove the files that the message names; it starts beside the other then.',
  },
  data_folder_version: {
    status: 500,
    title: 'Data folder of another PostgreSQL',
    help: 'The data folder was made by another major version of PostgreSQL. Back it up with the Sophia that made it, and restore that into a new folder.',
  },
  data_folder_not_owned: {
    status: 500,
    title: 'Data folder not owned',
    help: 'The data folder is that of another user, whose files the embedded PostgreSQL of root cannot read. Call as the user whose it is.',
  },
  data_folder_damaged: {
    status: 500,
    title: 'Data folder damaged',
    help: 'The file that the message names is not as Sophia wrote it. Put it back from a copy of the data folder, or restore a backup into a new folder.',
  },
  embedded_database_failed: {
    status: 500,
    title: 'Embedded database failed',
    help: 'The PostgreSQL that Sophia brings did not start; the message holds the end of its log, or how it ended.',
  },
} as const satisfies Record<string, ErrorCode>;
