import type { Statement } from '@sophia/database';
import type { Role } from '@sophia/types';

export interface KeyRow {
  readonly id: string;
  readonly workspace: number;
  readonly workspace_name: string;
  readonly hash: Buffer;
  readonly name: string;
  readonly role: Role;
  readonly installation: boolean;
  readonly user_source_system: string | null;
  readonly user_source_id: string | null;
  readonly requests_per_second: number | null;
  readonly created_at: string;
  readonly created_by: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
}

const columns = `k.id, k.workspace, w.name as workspace_name, k.hash, k.name, k.role, k.installation, k.user_source_system,
  k.user_source_id, k.requests_per_second, k.created_at, k.created_by, k.expires_at, k.revoked_at`;

/** $1 the key's id. */
export const FIND_KEY: Statement = {
  name: 'auth_find_key',
  text: `select ${columns} from api_key k join workspace w on w.id = k.workspace where k.id = $1`,
};

/** $1 creation and $2 id of the last key of the page before, $3 how many. */
export const LIST_KEYS: Statement = {
  name: 'auth_list_keys',
  text: `select ${columns} from api_key k join workspace w on w.id = k.workspace
    where ($1::timestamptz is null or (k.created_at, k.id) > ($1::timestamptz, $2))
    order by k.created_at, k.id limit $3`,
};

/** In the order of the columns. */
export const INSERT_KEY: Statement = {
  name: 'auth_insert_key',
  text: `insert into api_key (workspace, id, hash, name, role, installation, user_source_system, user_source_id,
      requests_per_second, created_at, created_by, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
};

/** $1 the key's id. */
export const FIND_KEY_REACH: Statement = { name: 'auth_find_key_reach', text: 'select installation from api_key where id = $1' };

/** $1 the key's id, $2 when. A key that is revoked already stays as it is. */
export const REVOKE_KEY: Statement = {
  name: 'auth_revoke_key',
  text: 'update api_key set revoked_at = coalesce(revoked_at, $2) where id = $1',
};
