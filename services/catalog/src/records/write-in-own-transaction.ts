import { isSophiaError, SophiaError } from '@sophia/shared';
import { type Call, limitsOf, type NaturalKey, type Transaction } from '@sophia/types';
import { auditingRefusal } from '../access/audited-refusal.ts';
import type { KeepUnseen, KeptRecord } from '../access/unseen-values.ts';
import type { WriteAccess } from '../access/write-access.ts';
import type { RecordWriteAnswer } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { ONE_REJECTED } from '../catalog-metrics.ts';
import type { AuditEntry } from '../collaborators.ts';
import { earlierAnswer } from '../idempotency/earlier-answer.ts';
import type { KeyUse } from '../idempotency/idempotency-keys.ts';
import type { RejectedRow } from '../rows/incoming-record.ts';
import type { BatchItem, RecordOutcome } from '../writing/write-batch.ts';
import { type AnswerBody, answerJson, recordAnswer } from './write-answer.ts';

/** The row does not pass with what its record has, and nothing is written. */
export class RowRefused extends SophiaError {
  readonly rejected: RejectedRow;

  constructor(rejected: RejectedRow) {
    super('row_rejected', rejected.errors[0].message, { details: { errors: rejected.errors } });
    this.rejected = rejected;
  }
}

/**
 * Writes one record in a transaction of its own, for what must look at the record before it knows
 * what to write. `decide` runs first in the transaction and may run again. Errors: `RowRefused`.
 */
export type WriteInOwnTransaction = (
  call: Call,
  options: {
    readonly access: WriteAccess;
    /** For a whole row; who says what changes says it all. */
    readonly keepUnseen?: KeepUnseen | undefined;
    readonly use: KeyUse | undefined;
    readonly audit: Omit<AuditEntry, 'milliseconds'>;
    /** On the monotonic clock. */
    readonly begun: number;
  },
  decide: (transaction: Transaction) => Promise<BatchItem>,
) => Promise<RecordWriteAnswer>;

export const createWriteInOwnTransaction = (context: CatalogContext): WriteInOwnTransaction => {
  const { database, eventLog, audit, clock, keys, guard, writeBatch, committed, catalogMetrics } = context;
  return async (call, { access, keepUnseen, use, audit: entry, begun }, decide) => {
    let written: readonly NaturalKey[] = [];
    const transact = () =>
      database.write(
        [call.principal.workspace],
        async (transaction): Promise<RecordWriteAnswer | AnswerBody<RecordWriteAnswer>> => {
          const [state] = use === undefined ? [] : await keys.claim(transaction, [use]);
          const earlier =
            use === undefined || state === undefined ? undefined : earlierAnswer<RecordWriteAnswer>(use, state, eventLog.encodeToken);
          if (earlier !== undefined) return earlier;
          const item = await decide(transaction);
          written = [item.record];
          // Most of these are changes of a record that is there.
          const write = async () => {
            const kept = keepUnseen === undefined ? [item] : await keepUnseen(transaction, [item.record]);
            const items = kept.map(({ record, refused }: KeptRecord) => {
              if (refused !== undefined) throw new RowRefused(refused);
              return { ...item, record };
            });
            return writeBatch(transaction, items, { guess: false });
          };
          const [[outcome = NOTHING]] = await Promise.all([
            guard(transaction, call, access, [item.record], write),
            audit.record(transaction, [{ ...entry, milliseconds: clock.monotonic() - begun }]),
          ]);
          const body = recordAnswer(outcome);
          if (use !== undefined) await keys.keep(transaction, [{ use, answer: answerJson(body) }]);
          return body;
        },
        limitsOf(call),
      );
    const { value, token } = await auditingRefusal(context, entry, begun, transact).catch((error: unknown) => {
      if (isSophiaError(error, 'row_rejected')) catalogMetrics.counted(ONE_REJECTED);
      throw error;
    });
    const text = eventLog.encodeToken(token);
    committed(call.principal.workspace, written, text);
    return { token: text, ...value };
  };
};

const NOTHING: RecordOutcome = { change: 'none', id: null, version: null };
