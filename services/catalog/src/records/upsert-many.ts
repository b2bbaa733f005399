import { SophiaError } from '@sophia/shared';
import { limitsOf, type WriteAnswer } from '@sophia/types';
import { actorOf, causeOf } from '../access/attribution.ts';
import { auditingRefusal } from '../access/audited-refusal.ts';
import { maskedFields } from '../access/masked-fields.ts';
import type { Records } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { storeRejected } from '../dead-letters/store-rejected.ts';
import { earlierAnswer } from '../idempotency/earlier-answer.ts';
import { keyUse } from '../idempotency/key-use.ts';
import { prepareRows } from '../rows/prepare-rows.ts';
import { withRefused } from '../rows/with-refused.ts';
import { type AnswerBody, answerJson, rowsAnswer } from './write-answer.ts';
import { checkTarget } from './write-target.ts';

/** Most rows of one request: what a transaction writes in a tenth of a second. */
export const MAX_ROWS = 2_500;

/** Writes some rows in one transaction, all or none but for those that are rejected. */
export function createUpsertMany(context: CatalogContext): Records['upsertMany'] {
  const {
    database,
    eventLog,
    audit,
    clock,
    gate,
    guard,
    unseenValues,
    book,
    keys,
    inHand,
    typesGuard,
    writeChunk,
    committed,
    catalogMetrics,
  } = context;
  return async (call, wanted, rows, options = {}) => {
    const begun = clock.monotonic();
    if (rows.length > MAX_ROWS)
      throw new SophiaError('too_many_rows', `${rows.length} rows were sent; one request takes at most ${MAX_ROWS}.`);
    const target = checkTarget(wanted);
    const { workspace } = call.principal;
    const prepare = await book.preparer(workspace, target.recordType);
    const access = await gate.writes(call, target.recordType);
    const masked = maskedFields(access);
    const { records, rejected: malformed } = prepareRows(rows, target, prepare, masked);
    const keepUnseen = unseenValues(call, [[target.recordType, access]]);
    const use = keyUse(call, options.idempotency, target, rows);
    const entry = { call, action: 'write', object: `record:${target.recordType}`, rows: rows.length };
    const answer = await inHand.hold(use, async () => {
      const transact = () =>
        database.write(
          [workspace],
          async (transaction): Promise<WriteAnswer | AnswerBody<WriteAnswer>> => {
            const [state] = use === undefined ? [] : await keys.claim(transaction, [use]);
            const earlier =
              use === undefined || state === undefined ? undefined : earlierAnswer<WriteAnswer>(use, state, eventLog.encodeToken);
            if (earlier !== undefined) return earlier;
            const { counts, refused } = await guard(transaction, call, access, records, () =>
              writeChunk(transaction, { workspace, records, actor: actorOf(call), cause: causeOf(call, options.proposal), keepUnseen }),
            );
            const rejected = withRefused(malformed, refused);
            const body = rowsAnswer(counts, rejected);
            await Promise.all([
              typesGuard.hold(transaction, rejected, workspace),
              storeRejected(database, transaction, {
                workspace,
                rows: rejected,
                accepted: records.filter((record) => !refused.has(record)),
                unseen: () => masked,
              }),
              audit.record(transaction, [{ ...entry, milliseconds: clock.monotonic() - begun }]),
              use === undefined ? undefined : keys.keep(transaction, [{ use, answer: answerJson(body) }]),
            ]);
            return body;
          },
          limitsOf(call),
        );
      const { value, token } = await auditingRefusal(context, entry, begun, transact);
      const text = eventLog.encodeToken(token);
      committed(workspace, records, text);
      return { token: text, ...value };
    });
    catalogMetrics.counted(answer);
    return answer;
  };
}
