import type { RecordChange } from '@sophia/event-log';
import { SophiaError } from '@sophia/shared';
import type { Call, RecordId, WorkspaceId } from '@sophia/types';
import type { Records, RecordVersion } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { isRecordId, recordNotFound } from '../records/change-record.ts';
import { catchUp } from './catch-up.ts';
import { decodeCursor, encodeCursor, pageLimit, unknownCursor } from './cursor.ts';
import { readSeen, type SeenRecord } from './seen-by-id.ts';
import { seenData, seenFields } from './sight.ts';

/** Milliseconds that a history waits for a version whose event no tick has yet. */
const LONGEST_WAIT = 2_000;

/** Versions are integers of 32 bits. */
const MOST_VERSIONS = 0x7fff_ffff;

/** The changes of one record out of the log, judged by the record as it is now. */
export function createHistory(context: CatalogContext): Records['history'] {
  const { clock, audit, book, gate, policy, database } = context;
  return async (call, recordType, id, options = {}) => {
    const begun = clock.monotonic();
    const { principal, deadline, signal } = call;
    const { workspace } = principal;
    if (options.after !== undefined) await catchUp(context, call, options.after);
    await book.require(workspace, recordType);
    await gate.records(call, 'read', recordType);
    const limit = pageLimit(options.limit);
    const listing = `history/${id}`;
    const afterVersion = options.cursor === undefined ? 0 : Number(decodeCursor(listing, options.cursor, 1)[0]);
    if (!(Number.isInteger(afterVersion) && afterVersion >= 0 && afterVersion <= MOST_VERSIONS)) throw unknownCursor();
    const [types, resolved] = await Promise.all([book.types(workspace), policy.resolve(principal)]);
    const seen = isRecordId(id)
      ? (await readSeen(database, { workspace, recordType, ids: [id], types, policy: resolved, deadline, signal })).get(id)
      : undefined;
    const changes = seen === undefined ? [] : await readUpTo(context, call, { workspace, id, afterVersion, limit, version: seen.version });
    const isThere = seen !== undefined && seen.version > 0;
    await audit.read({
      call,
      action: 'history',
      object: `record:${recordType}/${id}`,
      result: isThere ? 'ok' : 'not_found',
      rows: changes.length,
      milliseconds: clock.monotonic() - begun,
    });
    if (!isThere) throw recordNotFound(recordType, id);
    const items = changes.map((change) => toVersion(change, seen));
    const last = items.at(-1);
    return { items, nextCursor: last !== undefined && last.version < seen.version ? encodeCursor(listing, [`${last.version}`]) : null };
  };
}

interface Wanted {
  readonly workspace: WorkspaceId;
  readonly id: RecordId;
  readonly afterVersion: number;
  readonly limit: number;
  /** The record's own. */
  readonly version: number;
}

/** The log shows an event when a tick has it, a few milliseconds after its commit. */
async function readUpTo(
  { eventLog, clock }: CatalogContext,
  { deadline, signal }: Pick<Call, 'deadline' | 'signal'>,
  wanted: Wanted,
): Promise<readonly RecordChange[]> {
  const { workspace, id, afterVersion, limit, version } = wanted;
  const until = clock.monotonic() + LONGEST_WAIT;
  for (;;) {
    const { tick } = await eventLog.head();
    const { changes, isCut } = await eventLog.history(workspace, id, { afterVersion, limit, deadline, signal });
    if (isCut || changes.length === limit || afterVersion + changes.length >= version) return changes;
    const left = until - clock.monotonic();
    if (left <= 0) throw new SophiaError('deadline_exceeded', 'The log does not show the latest version yet.', { retryAfter: 1 });
    await eventLog.waitForTick(tick, left, signal);
  }
}

const toVersion = (change: RecordChange, { masks, shown }: SeenRecord): RecordVersion => ({
  // Every change of a record has a version.
  version: change.version as number,
  kind: change.kind,
  at: change.at,
  occurred_at: change.occurred_at,
  source_version: change.source_version,
  actor: change.actor,
  cause: change.cause,
  data: seenData(change.data, masks, shown),
  previous: seenFields(change.previous, masks, shown),
  original: seenFields(change.original, masks, shown),
});
