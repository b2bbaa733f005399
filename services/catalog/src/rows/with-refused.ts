import type { IncomingRecord, RejectedRow } from './incoming-record.ts';

/** Rejected rows, and those that were refused when they were written, in the order of their lines. */
export const withRefused = (rejected: readonly RejectedRow[], refused: ReadonlyMap<IncomingRecord, RejectedRow>): readonly RejectedRow[] =>
  refused.size === 0 ? rejected : [...rejected, ...refused.values()].sort((a, b) => a.line - b.line);
