import type { ErrorCode } from './error-code.ts';

/** Record types by JSON Schema. */
export const RECORD_TYPE_ERRORS = {
  schema_keyword_unsupported: {
    status: 422,
    title: 'Schema keyword not supported',
    help: 'A record type is read from a subset of JSON Schema; the detail names the place and what is supported there.',
  },
  invalid_record_type: {
    status: 422,
    title: 'Invalid record type',
    help: 'The detail names the place in the schema and what is expected there.',
  },
} as const satisfies Record<string, ErrorCode>;
