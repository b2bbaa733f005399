import type { Database, Statement } from '@sophia/database';
import { SophiaError } from '@sophia/shared';
import type { JsonObject, Transaction, WorkspaceId } from '@sophia/types';
import type { IdempotencyKey } from '../catalog.ts';

/** An `Idempotency-Key` with all that it holds for, and what was sent with it. */
export interface KeyUse extends IdempotencyKey {
  readonly workspace: WorkspaceId;
  readonly principal: string;
  readonly fingerprint: string;
}

/** What a key stands for: nothing yet (it is this transaction's now), or what was done with it before. */
export type KeyState =
  | { readonly state: 'new' }
  | { readonly state: 'reused' }
  | {
      readonly state: 'used';
      readonly answer: JsonObject | null;
      readonly importId: string | null;
      /** The transaction that wrote, and a place of the write-ahead log after it. */
      readonly transactionId: string;
      readonly walPosition: string;
    };

/** Keys of requests, 24 hours. All of it is in the transaction of the write, so that a key is used exactly if it committed. */
export interface IdempotencyKeys {
  /** Takes the keys that are free. Waits for a transaction that has one of them in hand. No key may come twice. */
  claim(transaction: Transaction, uses: readonly KeyUse[], importId?: string): Promise<readonly KeyState[]>;
  /** Keeps the answers of keys that were claimed in this transaction. */
  keep(transaction: Transaction, answers: readonly { readonly use: KeyUse; readonly answer: JsonObject }[]): Promise<void>;
}

export const createIdempotencyKeys = (database: Database): IdempotencyKeys => ({
  async claim(transaction, uses, importId) {
    const columns = columnsOf(uses);
    const [claimed, known] = await Promise.all([
      database.query<KeyRow>(transaction, CLAIM, [...columns, importId ?? null]),
      database.query<KnownRow>(transaction, READ, columns.slice(0, 4)),
      database.query(transaction, REMOVE_OLD),
    ]);
    const fresh = new Set(claimed.map(nameOf));
    const rows = new Map(known.map((row) => [nameOf(row), row]));
    return uses.map((use): KeyState => {
      if (fresh.has(nameOf(use))) return { state: 'new' };
      // It is locked since the claim met it.
      const row = rows.get(nameOf(use)) as KnownRow;
      if (row.fingerprint !== use.fingerprint) return { state: 'reused' };
      const { answer, import: ofImport, transaction_id: transactionId, wal_position: walPosition } = row;
      return { state: 'used', answer, importId: ofImport, transactionId, walPosition };
    });
  },
  async keep(transaction, answers) {
    if (answers.length === 0) return;
    const columns = columnsOf(answers.map(({ use }) => use)).slice(0, 4);
    await database.query(transaction, KEEP, [...columns, answers.map(({ answer }) => JSON.stringify(answer))]);
  },
});

/** Throws `invalid_idempotency_key` for what cannot be one. */
export function checkKey({ key }: IdempotencyKey): void {
  if (/^[\x21-\x7e]{1,200}$/.test(key)) return;
  throw new SophiaError('invalid_idempotency_key', 'An Idempotency-Key has 1 to 200 printable ASCII characters without spaces.');
}

export const keyInUse = ({ key }: IdempotencyKey): SophiaError =>
  new SophiaError('request_in_progress', `A request with the Idempotency-Key ${key} is still running.`, {
    retryAfter: 1,
    details: { key },
  });

/** Where the body is not that of before; of rows, as their record type reads them. */
export const keyReused = ({ key }: IdempotencyKey, orElse = ''): SophiaError =>
  new SophiaError('idempotency_key_reused', `The Idempotency-Key ${key} was used with another body${orElse}.`, { details: { key } });

interface KeyRow extends IdempotencyKey {
  readonly workspace: number;
  readonly principal: string;
}

interface KnownRow extends KeyRow {
  readonly fingerprint: string;
  readonly answer: JsonObject | null;
  readonly import: string | null;
  readonly transaction_id: string;
  readonly wal_position: string;
}

export const nameOf = ({ workspace, principal, route, key }: KeyRow): string => [workspace, principal, route, key].join('\u0000');

const columnsOf = (uses: readonly KeyUse[]): unknown[][] => [
  uses.map(({ workspace }) => workspace),
  uses.map(({ principal }) => principal),
  uses.map(({ route }) => route),
  uses.map(({ key }) => key),
  uses.map(({ fingerprint }) => fingerprint),
];

const NAMES = 'unnest($1::int[], $2::text[], $3::text[], $4::text[]';
const MATCHES = 'k.workspace = u.workspace and k.principal = u.principal and k.route = u.route and k.key = u.key';

// In the order of the key: two transactions never wait for each other.
const CLAIM: Statement = {
  name: 'catalog_claim_keys',
  text: `insert into idempotency_key as k (workspace, principal, route, key, fingerprint, import)
    select u.*, $6 from ${NAMES}, $5::text[]) as u (workspace, principal, route, key, fingerprint)
    order by workspace, principal, route, key
    on conflict (workspace, principal, route, key) do update
      set fingerprint = excluded.fingerprint, import = excluded.import, answer = null, xid = excluded.xid, created_at = excluded.created_at
      where k.created_at < now() - interval '24 hours'
    returning workspace, principal, route, key`,
};

const READ: Statement = {
  name: 'catalog_read_keys',
  text: `select k.workspace, k.principal, k.route, k.key, k.fingerprint, k.answer, k.import, k.xid::text as transaction_id,
      pg_current_wal_lsn()::text as wal_position
    from ${NAMES}) as u (workspace, principal, route, key) join idempotency_key as k on ${MATCHES}`,
};

const KEEP: Statement = {
  name: 'catalog_keep_answers',
  text: `update idempotency_key as k set answer = u.answer
    from ${NAMES}, $5::jsonb[]) as u (workspace, principal, route, key, answer) where ${MATCHES}`,
};

// A few at a time, whenever keys are used: never more work than was made.
const REMOVE_OLD: Statement = {
  name: 'catalog_remove_old_keys',
  text: `delete from idempotency_key where ctid = any (array(
    select ctid from idempotency_key where created_at < now() - interval '25 hours' limit 100 for update skip locked
  ))`,
};
