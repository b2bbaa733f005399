import type { ErrorCode } from './error-code.ts';

export const BACKUP_ERRORS = {
  backup_damaged: {
    status: 422,
    title: 'Backup damaged',
    help: 'The file is no whole backup of Sophia; the detail says what is wrong. Take another one.',
  },
  backup_newer: {
    status: 422,
    title: 'Backup of a later version',
    help: 'The backup was written by a later version of Sophia: restore it with that one or a later one.',
  },
} as const satisfies Record<string, ErrorCode>;
