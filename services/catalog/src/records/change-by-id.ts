import { actorOf, causeOf } from '../access/attribution.ts';
import type { Records } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { keyUse } from '../idempotency/key-use.ts';
import { deletionOf, lockRecord, requireFields } from './change-record.ts';
import { patchRefused } from './patch-refused.ts';
import { patchedRecord } from './patched-record.ts';
import type { WriteInOwnTransaction } from './write-in-own-transaction.ts';

/** Sets fields of a record, or deletes it, under its lock. */
export function createChangesById(context: CatalogContext, writeAlone: WriteInOwnTransaction): Pick<Records, 'patch' | 'delete'> {
  const { gate, book, clock, inHand, typesGuard, catalogMetrics } = context;
  return {
    async patch(call, recordType, id, fields, options = {}) {
      const begun = clock.monotonic();
      const { workspace } = call.principal;
      const [prepare, type] = await Promise.all([book.preparer(workspace, recordType), book.require(workspace, recordType)]);
      const access = await gate.records(call, 'write', recordType);
      requireFields(fields);
      const { ifVersion } = options;
      const use = keyUse(call, options.idempotency, 'patch', recordType, id, fields, ifVersion);
      const audit = { call, action: 'write', object: `record:${recordType}/${id}`, rows: 1 };
      const answer = await inHand.hold(use, () =>
        writeAlone(call, { access, use, audit, begun }, async (transaction) => {
          const row = await lockRecord(context, transaction, call, { recordType, id, ifVersion });
          const { record, rejected } = patchedRecord(row, fields, prepare, type);
          if (record === undefined) {
            await typesGuard.hold(transaction, [rejected], workspace);
            throw await patchRefused(context, call, recordType, { fields, rejected });
          }
          return { workspace, record, actor: actorOf(call), cause: causeOf(call, options.proposal) };
        }),
      );
      catalogMetrics.counted(answer);
      return answer;
    },

    async delete(call, recordType, id, options = {}) {
      const begun = clock.monotonic();
      const { workspace } = call.principal;
      await book.require(workspace, recordType);
      const access = await gate.records(call, 'write', recordType);
      const { ifVersion } = options;
      const use = keyUse(call, options.idempotency, 'delete', recordType, id, ifVersion);
      const audit = { call, action: 'delete', object: `record:${recordType}/${id}`, rows: 1 };
      const answer = await inHand.hold(use, () =>
        writeAlone(call, { access, use, audit, begun }, async (transaction) => {
          const record = deletionOf(await lockRecord(context, transaction, call, { recordType, id, ifVersion }));
          return { workspace, record, actor: actorOf(call), cause: causeOf(call, options.proposal) };
        }),
      );
      catalogMetrics.counted(answer);
      return answer;
    },
  };
}
