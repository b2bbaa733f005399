import type { ErrorCode } from './error-code.ts';

export const EVENT_LOG_ERRORS = {
  cursor_of_another_log: {
    status: 410,
    title: 'Cursor of another log',
    help: 'The log was begun anew, restored or moved since the cursor or token was given. Start over without it.',
  },
  invalid_token: { status: 400, title: 'Invalid token', help: 'Send in Sophia-After the token that a write answered with, unchanged.' },
  log_went_back: {
    status: 503,
    title: 'Log went back',
    help: 'The database is not the one that was read: a replica was promoted that lacked a part of the log, or an older state was restored. Sophia begins anew over what is there, with a new epoch and a warehouse made from it.',
  },
  log_not_empty: {
    status: 409,
    title: 'Log not empty',
    help: 'A backup is restored only into a database without events. Restore it into a new data folder.',
  },
} as const satisfies Record<string, ErrorCode>;
