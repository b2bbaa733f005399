import type { ErrorCode } from './error-code.ts';

export const CATALOG_ERRORS = {
  unknown_record_type: {
    status: 404,
    title: 'Unknown record type',
    help: 'The workspace has no such type; the detail names the nearest. Define it with PUT /api/v1/record-types/{name}.',
  },
  row_rejected: {
    status: 422,
    title: 'Row rejected',
    help: 'The record does not fit its type; the details give column, reason and value. It is kept in the dead letters.',
  },
  not_a_field: {
    status: 422,
    title: 'Not a field',
    help: 'A patch sets fields of the record, occurred_at, source_version and business_priority; nothing was changed. A record is deleted by DELETE, the version that it must have stands in If-Match, and what a source calls by such a name is set inside extra.',
  },
  too_many_rows: {
    status: 413,
    title: 'Too many rows',
    help: 'One call of the catalog takes at most 2,500 rows. Over REST, arrays of any length are taken as they arrive.',
  },
  version_conflict: {
    status: 412,
    title: 'Version conflict',
    help: 'The record has changed since the version that was named: read it again and decide anew.',
  },
  invalid_idempotency_key: {
    status: 400,
    title: 'Invalid idempotency key',
    help: 'An Idempotency-Key has 1 to 200 printable ASCII characters without spaces.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency key reused',
    help: 'The key was used with another body in the last 24 hours. Use a new key for another request.',
  },
  request_in_progress: {
    status: 409,
    title: 'Request in progress',
    help: 'A request with this Idempotency-Key is still running; repeat it later to get its answer.',
  },
  too_many_imports: {
    status: 429,
    title: 'Too many imports',
    help: 'This principal has as many imports running or waiting as it may (imports.per_principal): let one of them end, or try again after the seconds in Retry-After.',
  },
  import_running: {
    status: 409,
    title: 'Import running',
    help: 'The import is running at the moment, here or in another process; wait for its end.',
  },
  import_finished: { status: 409, title: 'Import finished', help: 'The import is complete and cannot be resumed; start a new one.' },
  import_source_changed: {
    status: 409,
    title: 'Source changed',
    help: 'The rows before the place of interruption are not those imported before, so the import cannot go on. Start a new one: unchanged records stay as they are.',
  },
  import_taken_over: {
    status: 409,
    title: 'Import taken over',
    help: 'Another process has gone on with this import; this one has stopped.',
  },
  invalid_cursor: { status: 400, title: 'Invalid cursor', help: 'Send a cursor as it came in next_cursor, with the same filter.' },
  invalid_filter: { status: 400, title: 'Invalid filter', help: 'The detail names the field or operator, and the nearest valid one.' },
  dead_letter_closed: {
    status: 409,
    title: 'Dead letter closed',
    help: 'It was replayed, discarded or superseded by a later arrival of the same row.',
  },
} as const satisfies Record<string, ErrorCode>;
