import type { Database } from '@sophia/database';
import { type Clock, formatMicros, SophiaError } from '@sophia/shared';
import { type Call, limitsOf, ROLES, type Role, type Transaction, type WorkspaceId } from '@sophia/types';
import type { Audit } from '../audit/audit.ts';
import { checkLimit } from '../check-limit.ts';
import { readTimeCursor, timeCursor } from '../time-cursor.ts';
import { readExpiry } from './key-expiry.ts';
import { hashSecret, isKeyId, makeKey } from './key-format.ts';
import { FIND_KEY_REACH, INSERT_KEY, type KeyRow, LIST_KEYS, REVOKE_KEY } from './key-statements.ts';

/** A key without its secret. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly workspace: string;
  /** Whether it may be used for every workspace of the installation. */
  readonly installation: boolean;
  readonly user_record: { readonly source_system: string; readonly source_id: string } | null;
  readonly requests_per_second: number | null;
  readonly created_at: string;
  readonly created_by: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
}

export interface NewApiKey {
  /** What it is for, in a person's words. */
  readonly name: string;
  readonly role: Role;
  /** ISO 8601; it never expires unless told. */
  readonly expiresAt?: string | undefined;
  /** The user record that whoever has the key is, for row filters. */
  readonly userRecord?: { readonly source_system: string; readonly source_id: string } | undefined;
  readonly installation?: boolean | undefined;
  /** Its own rate limit. */
  readonly requestsPerSecond?: number | undefined;
}

/** Keys of a workspace, for its administrators. Errors of all: `forbidden`. */
export interface ApiKeys {
  /** The text is given this once and kept nowhere. Errors: `invalid_key_request`. */
  create(call: Call, key: NewApiKey): Promise<{ readonly key: ApiKey; readonly text: string }>;
  /** Oldest first. */
  list(
    call: Call,
    options?: { readonly limit?: number | undefined; readonly cursor?: string | undefined },
  ): Promise<{ readonly keys: readonly ApiKey[]; readonly cursor: string | null }>;
  /**
   * From now on the key is refused: at once in this process, in others when they hear of it, at most seconds later.
   * One for the installation is revoked by those who make such keys. Errors: `not_found`.
   */
  revoke(call: Call, id: string): Promise<void>;
}

export interface ApiKeysOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly requireAdministrator: (call: Call, action: string, object: string) => Promise<void>;
  /** Of those who make and revoke keys for the whole installation. */
  readonly requireInstallationAdministrator: (call: Call, action: string, object: string) => Promise<void>;
  readonly onRevoked: (id: string) => void;
}

export function createApiKeys(options: ApiKeysOptions): ApiKeys {
  const { database, clock, audit, requireAdministrator, requireInstallationAdministrator, onRevoked } = options;
  return {
    async create(call, wanted) {
      const begun = clock.monotonic();
      const require = wanted.installation === true ? requireInstallationAdministrator : requireAdministrator;
      await require(call, 'key.create', 'keys');
      const { key, text, hash } = newKey(call, wanted, clock.now());
      const insert = async (transaction: Transaction): Promise<void> => {
        await database.query(transaction, INSERT_KEY, insertValues(call.principal.workspace, key, hash));
        const { name, role, installation, expires_at } = key;
        const details = { name, role, installation, expires_at };
        await audit.record(transaction, [
          { call, action: 'key.create', object: `key:${key.id}`, milliseconds: clock.monotonic() - begun, details },
        ]);
      };
      await database.write([call.principal.workspace], insert, limitsOf(call));
      return { key, text };
    },

    async list(call, { limit: wanted, cursor } = {}) {
      const begun = clock.monotonic();
      const limit = checkLimit(wanted);
      await requireAdministrator(call, 'key.list', 'keys');
      const after = cursor === undefined ? undefined : readTimeCursor(cursor, isKeyId, 'keys');
      const values = [after?.at ?? null, after?.id ?? null, limit];
      const rows = await database.select<KeyRow>([call.principal.workspace], LIST_KEYS, values, limitsOf(call));
      await audit.read({ call, action: 'key.list', object: 'keys', rows: rows.length, milliseconds: clock.monotonic() - begun });
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return { keys: rows.map(toApiKey), cursor: last === undefined ? null : timeCursor({ at: last.created_at, id: last.id }) };
    },

    async revoke(call, id) {
      const begun = clock.monotonic();
      await requireAdministrator(call, 'key.revoke', `key:${id}`);
      const { workspace } = call.principal;
      const [found] = await database.select<Pick<KeyRow, 'installation'>>([workspace], FIND_KEY_REACH, [id], limitsOf(call));
      if (found === undefined) throw new SophiaError('not_found', `There is no key ${id} in this workspace.`);
      if (found.installation) await requireInstallationAdministrator(call, 'key.revoke', `key:${id}`);
      const mark = async (transaction: Transaction): Promise<void> => {
        await database.query(transaction, REVOKE_KEY, [id, new Date(clock.now()).toISOString()]);
        await audit.record(transaction, [{ call, action: 'key.revoke', object: `key:${id}`, milliseconds: clock.monotonic() - begun }]);
      };
      await database.write([workspace], mark, limitsOf(call));
      onRevoked(id);
    },
  };
}

function newKey(call: Call, wanted: NewApiKey, now: number): { readonly key: ApiKey; readonly text: string; readonly hash: Buffer } {
  const { name, role, expiresAt, userRecord, installation = false, requestsPerSecond } = wanted;
  const fault = faultOf(wanted);
  if (fault !== undefined) throw new SophiaError('invalid_key_request', fault);
  const { id, secret, text } = makeKey(call.principal.workspace);
  const key: ApiKey = {
    id,
    name: name.trim(),
    role,
    workspace: call.principal.workspaceName,
    installation,
    user_record: userRecord ?? null,
    requests_per_second: requestsPerSecond ?? null,
    created_at: formatMicros(BigInt(Math.trunc(now)) * 1_000n),
    created_by: call.principal.id,
    expires_at: expiresAt === undefined ? null : readExpiry(expiresAt, now),
    revoked_at: null,
  };
  return { key, text, hash: hashSecret(secret) };
}

const insertValues = (workspace: WorkspaceId, key: ApiKey, hash: Buffer): readonly unknown[] => [
  workspace,
  key.id,
  hash,
  key.name,
  key.role,
  key.installation,
  key.user_record?.source_system,
  key.user_record?.source_id,
  key.requests_per_second,
  key.created_at,
  key.created_by,
  key.expires_at,
];

function faultOf({ name, role, requestsPerSecond, installation }: NewApiKey): string | undefined {
  if (name.trim() === '' || name.length > 200) return 'name is empty or longer than 200 characters.';
  if (!ROLES.includes(role)) return `role is "${role}"; allowed are ${ROLES.join(', ')}.`;
  if (installation === true && role !== 'admin') return 'a key for the installation has the role admin.';
  if (
    requestsPerSecond !== undefined &&
    !(Number.isInteger(requestsPerSecond) && requestsPerSecond > 0 && requestsPerSecond <= 10_000_000)
  ) {
    return 'requests_per_second is not a whole number from 1 to 10,000,000.';
  }
  return undefined;
}

const toApiKey = (row: KeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  role: row.role,
  workspace: row.workspace_name,
  installation: row.installation,
  user_record:
    row.user_source_system === null || row.user_source_id === null
      ? null
      : { source_system: row.user_source_system, source_id: row.user_source_id },
  requests_per_second: row.requests_per_second,
  created_at: row.created_at,
  created_by: row.created_by,
  expires_at: row.expires_at,
  revoked_at: row.revoked_at,
});
