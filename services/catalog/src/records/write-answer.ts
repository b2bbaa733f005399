import type { JsonObject, RowError, WriteAnswer } from '@sophia/types';
import type { RecordWriteAnswer } from '../catalog.ts';
import type { RejectedRow } from '../rows/incoming-record.ts';
import type { RecordOutcome } from '../writing/write-batch.ts';
import type { ChunkCounts } from '../writing/write-chunk.ts';

/** Most errors that an answer lists; all of them are in the dead letters. */
export const MAX_ERRORS = 100;

/** An answer before its transaction commits, as it is kept with an idempotency key. */
export type AnswerBody<Answer extends WriteAnswer> = Omit<Answer, 'token'>;

export function recordAnswer({ change, id, version }: RecordOutcome): AnswerBody<RecordWriteAnswer> {
  const created = change === 'created' ? 1 : 0;
  const updated = change === 'updated' || change === 'deleted' ? 1 : 0;
  return { created, updated, unchanged: 1 - created - updated, stale: change === 'stale' ? 1 : 0, rejected: 0, errors: [], id, version };
}

export function rowsAnswer(counts: ChunkCounts, rejected: readonly RejectedRow[]): AnswerBody<WriteAnswer> {
  const errors: RowError[] = [];
  for (const row of rejected) {
    if (errors.length >= MAX_ERRORS) break;
    errors.push(...row.errors.slice(0, MAX_ERRORS - errors.length));
  }
  return { ...counts, rejected: rejected.length, errors };
}

/** For the column of kept answers; answers are plain data. */
export const answerJson = (answer: AnswerBody<WriteAnswer>): JsonObject => answer as unknown as JsonObject;
