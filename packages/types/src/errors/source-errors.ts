import type { ErrorCode } from './error-code.ts';

/** Files, streams and taps that are read, and mappings. */
export const SOURCE_ERRORS = {
  source_not_found: { status: 404, title: 'Source not found', help: 'There is no file at the path that the detail names.' },
  source_unreadable: {
    status: 422,
    title: 'Source unreadable',
    help: 'The file cannot be opened or read, or its sender went away; the detail gives the cause.',
  },
  source_damaged: {
    status: 422,
    title: 'Source damaged',
    help: 'The compressed or binary data is broken or cut off at the place that the detail names. Rows before it are in; make the file anew and import it again.',
  },
  unknown_format: {
    status: 422,
    title: 'Unknown format',
    help: 'The content is none of CSV, TSV, NDJSON, JSON and Parquet, or not the one that was set.',
  },
  unknown_encoding: {
    status: 422,
    title: 'Unknown encoding',
    help: 'Set an encoding that is known, for example utf-8, windows-1252 or utf-16le.',
  },
  too_many_columns: {
    status: 422,
    title: 'Too many columns',
    help: 'A table has at most 2,000 columns, and so have objects that a mapping is suggested for; the delimiter of a table may be wrong, and can be set.',
  },
  unsupported_column_type: {
    status: 422,
    title: 'Unsupported column type',
    help: 'A column of the Parquet file, which the detail names, has a type that cannot be read exactly; write it as one that can, or as text.',
  },
  ambiguous_date_format: {
    status: 422,
    title: 'Ambiguous date format',
    help: 'All dates of the column can be read in two ways, both named in the detail. Set the format in the mapping.',
  },
  ambiguous_number_format: {
    status: 422,
    title: 'Ambiguous number format',
    help: 'The numbers of the column can be read with a sign for decimals or for thousands, or some are percentages and others have no sign. Set in the mapping what the detail names.',
  },
  mapping_invalid: {
    status: 422,
    title: 'Invalid mapping',
    help: 'The detail names file, line, what was found and the nearest valid name.',
  },
  mapping_mismatch: {
    status: 422,
    title: 'Mapping does not fit',
    help: 'The source lacks columns that the mapping reads, and the detail names them and the nearest columns found; or a stream of a tap needs a mapping: it has no key, or would be the same record type as another.',
  },
  invalid_singer_message: {
    status: 422,
    title: 'Invalid Singer message',
    help: 'The tap wrote a line that is no Singer message, or a RECORD before its SCHEMA; the detail names the line.',
  },
  tap_failed: {
    status: 502,
    title: 'Tap failed',
    help: 'The tap ended with an error; the detail has its last lines. What it sent before is in, up to its last state.',
  },
  tap_stalled: { status: 504, title: 'Tap stalled', help: 'The tap sent nothing for longer than its deadline and was stopped.' },
} as const satisfies Record<string, ErrorCode>;
