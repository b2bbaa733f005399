import type { ImportRow } from '../import-item.ts';
import type { SourceRow } from '../read/source-row.ts';

/** A row that could not be read is kept as its text, so that a person can repair it. */
export const unreadable = ({ line, raw, errors }: SourceRow): ImportRow => ({
  line,
  fields: raw === undefined ? {} : { extra: { raw } },
  errors,
});
