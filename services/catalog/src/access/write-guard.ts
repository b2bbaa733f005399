import type { Database } from '@sophia/database';
import type { RecordTypeBook } from '../record-types/record-type-book.ts';
import { createMaskGuard } from './mask-guard.ts';
import { createRowGuard, type RowGuard } from './row-guard.ts';
import type { WriteAccess } from './write-access.ts';

/** Holds over a write all that a policy says of the records that it touches. Errors: `forbidden`, and nothing is written. */
export function createWriteGuard(database: Database, book: RecordTypeBook): RowGuard {
  const ofRows = createRowGuard(database, book);
  const ofMasks = createMaskGuard(database, book);
  return (transaction, call, access, keys, write) =>
    ofRows(transaction, call, access, keys, () => ofMasks(transaction, call, access, keys, write));
}

/** Whether a write has to be held against the records that are there, and so needs a transaction that looks at them. */
export const isGuarded = (access: WriteAccess): boolean =>
  access.rows !== undefined || access.readable !== undefined || access.masks.length > 0;
