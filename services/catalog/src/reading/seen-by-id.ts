import type { ResolvedPolicy } from '@sophia/core';
import type { CallOptions, Database, Statement } from '@sophia/database';
import type { RecordId, WorkspaceId } from '@sophia/types';
import type { TypesByName } from '../record-types/record-type-book.ts';
import { type Masks, sightOf, statementName } from './sight.ts';

/** What a principal sees of one record, whether it stands or is deleted. */
export interface SeenRecord {
  readonly id: RecordId;
  readonly version: number;
  readonly masks: Masks;
  readonly shown: readonly boolean[];
}

/** Judges records by their current state and owner; those that are not seen are missing in the answer. */
export async function readSeen(
  database: Database,
  options: CallOptions & {
    readonly workspace: WorkspaceId;
    readonly recordType: string;
    readonly ids: readonly RecordId[];
    readonly types: TypesByName;
    readonly policy: ResolvedPolicy;
  },
): Promise<ReadonlyMap<RecordId, SeenRecord>> {
  const { workspace, recordType, ids, types, policy, deadline, signal } = options;
  const { where, shown, parameters, masks } = sightOf({ recordType, types: [...types.values()], policy, offset: 3 });
  const text = `select r.id, r.version, ${shown} as shown from record as r
    where r.workspace = $1::int and r.record_type = $2 and r.id = any ($3::bigint[]) and ${where}`;
  const statement: Statement = { name: statementName('catalog_seen', text), text };
  const values = [workspace, recordType, ids, ...parameters];
  const rows = await database.select<Omit<SeenRecord, 'masks'>>([workspace], statement, values, { deadline, signal });
  return new Map(rows.map((row) => [row.id, { ...row, masks }]));
}
