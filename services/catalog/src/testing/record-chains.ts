import type { Database } from '@sophia/database';
import type { JsonObject, WorkspaceId } from '@sophia/types';

/** One event of a record, as the table has it. */
export interface ChainLink {
  readonly record_id: string;
  readonly key: string;
  readonly position: string;
  readonly kind: string;
  readonly version: number;
  readonly data: JsonObject;
  readonly previous: JsonObject | null;
}

export interface CurrentRecord {
  readonly id: string;
  readonly key: string;
  readonly version: number;
  readonly data: JsonObject;
  readonly is_deleted: boolean;
}

/** Every event of the workspace's records, by record in the order of the log. */
export const readChains = (database: Database, workspace: WorkspaceId): Promise<ChainLink[]> =>
  database.select<ChainLink>([workspace], {
    name: 'test_read_chains',
    text: `select record_id, record_type || '/' || source_id as key, position, kind, version, data, previous
      from event where record_id is not null order by record_id, position`,
  });

export const readCurrent = (database: Database, workspace: WorkspaceId): Promise<CurrentRecord[]> =>
  database.select<CurrentRecord>([workspace], {
    name: 'test_read_current',
    text: `select id, record_type || '/' || source_id as key, version, data, deleted_at is not null as is_deleted
      from record where version > 0 order by id`,
  });

/**
 * What is wrong with the workspace's history: versions that are not consecutive in the order of the
 * log, a `previous` that does not lead back to the state before, records that differ from their last
 * event. Empty where all is well.
 */
export async function brokenChains(database: Database, workspace: WorkspaceId): Promise<string[]> {
  const faults: string[] = [];
  const chains = Map.groupBy(await readChains(database, workspace), ({ record_id }) => record_id);
  for (const [id, links] of chains) {
    links.forEach((link, index) => {
      const before = links[index - 1];
      if (link.version !== index + 1) faults.push(`${link.key} (${id}): version ${link.version} is number ${index + 1} of the log`);
      const fault = linkFault(link, before);
      if (fault !== undefined) faults.push(`${link.key} (${id}) version ${link.version}: ${fault}`);
    });
  }
  for (const record of await readCurrent(database, workspace)) {
    const last = chains.get(record.id)?.at(-1);
    const stands = last !== undefined && last.version === record.version && sameJson(last.data, record.data);
    if (!stands || record.is_deleted !== (last.kind === 'record.deleted')) faults.push(`${record.key}: differs from its last event`);
    chains.delete(record.id);
  }
  return [...faults, ...[...chains.keys()].map((id) => `${id}: has events and no record`)];
}

function linkFault({ kind, data, previous }: ChainLink, before: ChainLink | undefined): string | undefined {
  const stood = before !== undefined && before.kind !== 'record.deleted';
  if (kind === 'record.created')
    return stood ? 'created although it stood' : previous === null ? undefined : 'a creation has a previous state';
  if (!stood || before === undefined) return `${kind} although it did not stand`;
  if (kind === 'record.deleted') return sameJson(data, before.data) && sameJson(previous, {}) ? undefined : 'a deletion changed the data';
  if (previous === null || Object.keys(previous).length === 0) return 'an update changed nothing';
  return sameJson(undo(data, previous), before.data) ? undefined : 'previous does not lead back';
}

/** The state before: a null says that the field was not there. */
const undo = (data: JsonObject, previous: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries({ ...data, ...previous }).filter(([, value]) => value !== null));

const sameJson = (one: unknown, other: unknown): boolean => sorted(one) === sorted(other);
const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort()) : inner,
  );
