import type { Statement } from '@sophia/database';
import type { PolicyRule } from '@sophia/types';

export interface RulesRow {
  readonly version: number;
  readonly rules: readonly PolicyRule[];
  readonly created_at: string;
  readonly created_by: string;
}

/** $1 the workspace. */
export const CURRENT_RULES: Statement = {
  name: 'auth_current_rules',
  text: 'select version, rules, created_at, created_by from policy where workspace = $1 order by version desc limit 1',
};

/** $1 the workspace, $2 the rules, $3 by whom, $4 the version that they follow, or null. No row where that is not the current one. */
export const INSERT_RULES: Statement = {
  name: 'auth_insert_rules',
  text: `insert into policy (workspace, version, rules, created_by)
    select $1::int4, coalesce(max(version), 0) + 1, $2::jsonb, $3 from policy where workspace = $1::int4
    having $4::int4 is null or coalesce(max(version), 0) = $4::int4
    on conflict do nothing
    returning version, rules, created_at, created_by`,
};
