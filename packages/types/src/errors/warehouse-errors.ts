import type { ErrorCode } from './error-code.ts';

/** The warehouse: its files, its rows and the statements that it runs. */
export const WAREHOUSE_ERRORS = {
  warehouse_in_use: {
    status: 503,
    title: 'Warehouse in use',
    help: 'Another process holds the warehouse files; the detail names it where it is known. Stop it, or ask it instead.',
  },
  warehouse_unavailable: {
    status: 503,
    title: 'Warehouse unavailable',
    help: 'The disk, memory or a lost file keeps the warehouse from answering; the detail says which. Nothing is lost: retry when it is mended.',
  },
  warehouse_damaged: {
    status: 500,
    title: 'Warehouse damaged',
    help: 'A file of the warehouse is not as it was written. Nothing is lost, since the warehouse is made of the log: stop Sophia, move the folder of the warehouse away, and start again.',
  },
  warehouse_out_of_memory: {
    status: 503,
    title: 'Warehouse out of memory',
    help: 'The query needs more memory than the warehouse may take at the moment: ask for less at once, or raise the limit.',
  },
  warehouse_from_newer_version: {
    status: 500,
    title: 'Warehouse of a newer version',
    help: 'The files were written by a newer Sophia. Run that version, or rebuild the warehouse.',
  },
  warehouse_of_another_log: {
    status: 500,
    title: 'Warehouse of another log',
    help: 'The log was begun anew, restored or moved since the warehouse followed it. Rebuild the warehouse.',
  },
  warehouse_row_refused: {
    status: 500,
    title: 'Row refused by the warehouse',
    help: 'A record has a value that its column cannot hold exactly; the detail names record and field. Its events stand aside until they are repaired or discarded.',
  },
  warehouse_type_unknown: {
    status: 500,
    title: 'Record type unknown to the warehouse',
    help: 'The record type has no table yet: its definition must be applied before its records.',
  },
  warehouse_layout_refused: {
    status: 422,
    title: 'Layout refused by the warehouse',
    help: 'A record type, field or derived table cannot have a table of this name or shape; the detail says why.',
  },
  warehouse_statement_failed: {
    status: 500,
    title: 'Statement failed in the warehouse',
    help: 'A defect of Sophia, or a computation without a value. The detail has the message of the engine.',
  },
  warehouse_overflow: {
    status: 422,
    title: 'Computed value too large',
    help: 'A sum, or something else that the query computes, does not fit its type: an integer has 64 bits, an amount 18 digits in one record and 38 in a sum. Ask for less at once, or change the expression in the semantic model.',
  },
  warehouse_rebuild_refused: {
    status: 409,
    title: 'Rebuild refused',
    help: 'Another rebuild is under way, or this one has not come as far in the log as the warehouse that it is to replace.',
  },
} as const satisfies Record<string, ErrorCode>;
