import { type Call, limitsOf } from '@sophia/types';
import { actorOf, causeOf } from '../access/attribution.ts';
import { maskedFields } from '../access/masked-fields.ts';
import { isGuarded } from '../access/write-guard.ts';
import type { Records, RecordWriteAnswer } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { ONE_REJECTED } from '../catalog-metrics.ts';
import { storeRejected } from '../dead-letters/store-rejected.ts';
import { keyUse } from '../idempotency/key-use.ts';
import type { IncomingRecord, RejectedRow } from '../rows/incoming-record.ts';
import type { RecordWriter } from './record-writer.ts';
import { RowRefused, type WriteInOwnTransaction } from './write-in-own-transaction.ts';
import { checkTarget } from './write-target.ts';

/** Writes one record, in a transaction that it shares with the others of its moment. */
export function createUpsert(context: CatalogContext, writer: RecordWriter, writeAlone: WriteInOwnTransaction): Records['upsert'] {
  const { gate, unseenValues, book, clock, inHand, catalogMetrics } = context;
  return async (call, wanted, row, options = {}) => {
    const begun = clock.monotonic();
    const target = checkTarget(wanted);
    const prepare = await book.preparer(call.principal.workspace, target.recordType);
    const access = await gate.writes(call, target.recordType);
    const masked = maskedFields(access);
    const { record, rejected } = prepare(row, target, masked);
    if (record === undefined) {
      await keepRejected(context, call, { rejected, masked, begun });
      catalogMetrics.counted(ONE_REJECTED);
      throw new RowRefused(rejected);
    }
    const use = keyUse(call, options.idempotency, target, row);
    const audit = { call, action: 'write', object: objectOf(record), rows: 1 };
    const item = { workspace: call.principal.workspace, record, actor: actorOf(call), cause: causeOf(call, options.proposal) };
    const answer = await inHand
      .hold(use, (): Promise<RecordWriteAnswer> => {
        if (!isGuarded(access)) {
          const { deadline, signal } = call;
          return writer.write({
            key: `${item.workspace} ${record.key}`,
            workspace: item.workspace,
            deadline,
            signal,
            item,
            use,
            audit,
            begun,
          });
        }
        return writeAlone(
          call,
          { access, keepUnseen: unseenValues(call, [[target.recordType, access]]), use, audit, begun },
          async () => item,
        );
      })
      .catch(async (error: unknown) => {
        if (error instanceof RowRefused) await keepRejected(context, call, { rejected: error.rejected, masked });
        throw error;
      });
    catalogMetrics.counted(answer);
    return answer;
  };
}

/** How the audit names a record that is written by its key. */
const objectOf = ({ record_type, source_system, source_id }: IncomingRecord): string =>
  `record:${record_type}/${source_system}/${source_id}`;

interface Rejection {
  readonly rejected: RejectedRow;
  readonly masked: ReadonlySet<string> | undefined;
  /** On the monotonic clock; not told where the refusal is audited already. */
  readonly begun?: number;
}

async function keepRejected(context: CatalogContext, call: Call, { rejected, masked, begun }: Rejection): Promise<void> {
  const { database, audit, clock, typesGuard } = context;
  const { workspace } = call.principal;
  const object = `record:${rejected.record_type}`;
  await database.write(
    [workspace],
    async (transaction) => {
      await Promise.all([
        typesGuard.hold(transaction, [rejected], workspace),
        storeRejected(database, transaction, { workspace, rows: [rejected], accepted: [], unseen: () => masked }),
        begun === undefined
          ? undefined
          : audit.record(transaction, [
              { call, action: 'write', object, result: 'row_rejected', rows: 1, milliseconds: clock.monotonic() - begun },
            ]),
      ]);
    },
    limitsOf(call),
  );
}
