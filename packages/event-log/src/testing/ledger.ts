import type { Database } from '@sophia/database';
import type { LogEvent, NewEvent, RecordId, Transaction, WorkspaceId } from '@sophia/types';
import type { EventLog } from '../event-log.ts';

export const WORKSPACE = 1 as WorkspaceId;

/** A change of a record, as its writer knows it. */
export interface Change {
  readonly key: number;
  readonly version: number;
}

/** The client's own account of what was committed, to compare the log with. */
export interface Ledger {
  /** Committed changes, in no order. */
  readonly committed: Change[];
  /** Changes the records in one transaction. `before` and `after` run in it, around the changes; a throw in them rolls it back. */
  change(keys: readonly number[], steps?: ChangeSteps): Promise<void>;
}

export interface ChangeSteps {
  readonly workspace?: WorkspaceId | undefined;
  readonly before?: (() => Promise<void>) | undefined;
  readonly after?: (() => Promise<void>) | undefined;
}

export function createLedger(database: Database, eventLog: EventLog): Ledger {
  const committed: Change[] = [];
  return {
    committed,
    async change(keys, { workspace = WORKSPACE, before, after } = {}) {
      const { value } = await database.write(
        [workspace],
        async (transaction) => {
          // The transaction has its id from here on.
          await database.query(transaction, TOUCH);
          await before?.();
          const changes: Change[] = [];
          for (const key of [...keys].sort((a, b) => a - b)) changes.push(await changeRecord(database, transaction, key));
          await eventLog.append(
            transaction,
            changes.map((change) => eventOf(change, workspace)),
          );
          await after?.();
          return changes;
        },
        { idempotent: false, deadline: 60_000 },
      );
      committed.push(...value);
      eventLog.wake();
    },
  };
}

export const eventOf = ({ key, version }: Change, workspace: WorkspaceId = WORKSPACE): NewEvent => ({
  workspace,
  kind: version === 1 ? 'record.created' : 'record.updated',
  record: { id: `${key + 1}` as RecordId, source_system: 'crm', record_type: key % 2 === 0 ? 'deal' : 'call', source_id: `key-${key}` },
  version,
  occurred_at: '2026-11-20T09:30:00.000000Z',
  source_version: null,
  business_priority: null,
  created_at: '2026-11-20T09:30:00.000000Z',
  actor: { principal: 'key:test', via: 'rest' },
  cause: { request: 'test' },
  data: { key, version, text: 'a "quoted" \\ text, ü and 🙂' },
  previous: version === 1 ? null : { version: version - 1 },
  original: null,
});

export const changeOf = ({ data }: Pick<LogEvent, 'data'>): Change => ({ key: Number(data?.key), version: Number(data?.version) });

/** The changes in one order, for comparing sets. */
export const sorted = (changes: readonly Change[]): Change[] => [...changes].sort((a, b) => a.key - b.key || a.version - b.version);

/** The first change whose version is not one more than the version before it of its key. */
export function firstOutOfOrder(changes: readonly Change[]): Change | undefined {
  const versions = new Map<number, number>();
  return changes.find(({ key, version }) => {
    const expected = (versions.get(key) ?? 0) + 1;
    versions.set(key, version);
    return version !== expected;
  });
}

async function changeRecord(database: Database, transaction: Transaction, key: number): Promise<Change> {
  const [row] = await database.query<{ version: number }>(transaction, CHANGE, [key]);
  if (row === undefined) throw new Error(`There is no record with the key ${key}.`);
  return { key, version: row.version };
}

const TOUCH = { name: 'test_touch', text: 'select 1' };
const CHANGE = { name: 'test_change', text: 'update test_record set version = version + 1 where key = $1 returning version' };
