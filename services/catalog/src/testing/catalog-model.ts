import type { JsonObject, WriteCounts } from '@sophia/types';

/** A row as the model takes it. */
export interface ModelRow {
  readonly key: string;
  /** Null for a deletion. */
  readonly data: JsonObject | null;
  readonly sourceVersion: number | null;
  /** Seconds. */
  readonly occurredAt: number | null;
}

export interface ModelEvent {
  readonly key: string;
  readonly kind: 'record.created' | 'record.updated' | 'record.deleted';
  readonly version: number;
  readonly data: JsonObject;
  readonly previous: JsonObject | null;
}

interface ModelRecord {
  version: number;
  data: JsonObject;
  deleted: boolean;
  newestVersion: number | null;
  newestOccurrence: number | null;
}

/** What the catalog promises, in the simplest words: one map, one row after the other. */
export function createCatalogModel() {
  const records = new Map<string, ModelRecord>();
  const events: ModelEvent[] = [];
  const note = (key: string, kind: ModelEvent['kind'], record: ModelRecord, previous: JsonObject | null) =>
    events.push({ key, kind, version: record.version, data: record.data, previous });

  const take = ({ key, data, sourceVersion, occurredAt }: ModelRow): Omit<WriteCounts, 'rejected'> => {
    const record = records.get(key);
    if (record === undefined) {
      if (data === null && sourceVersion === null && occurredAt === null) return UNCHANGED;
      const made = { version: 0, data: {}, deleted: true, newestVersion: sourceVersion, newestOccurrence: occurredAt };
      records.set(key, made);
      return data === null ? UNCHANGED : set(key, made, data);
    }
    if (isOlder(record, sourceVersion, occurredAt)) return { ...UNCHANGED, stale: 1 };
    record.newestVersion = sourceVersion ?? record.newestVersion;
    record.newestOccurrence = occurredAt ?? record.newestOccurrence;
    if (data !== null) return set(key, record, data);
    if (record.deleted) return UNCHANGED;
    record.version++;
    record.deleted = true;
    note(key, 'record.deleted', record, {});
    return { ...NOTHING, updated: 1 };
  };
  const set = (key: string, record: ModelRecord, data: JsonObject): Omit<WriteCounts, 'rejected'> => {
    const before = record.data;
    const stood = !record.deleted;
    if (stood && JSON.stringify(before) === JSON.stringify(data)) return UNCHANGED;
    record.version++;
    record.data = data;
    record.deleted = false;
    note(key, stood ? 'record.updated' : 'record.created', record, stood ? differences(before, data) : null);
    return stood ? { ...NOTHING, updated: 1 } : { ...NOTHING, created: 1 };
  };
  return {
    /** Counts of all the rows, taken in their order. */
    takeAll: (rows: readonly ModelRow[]) => rows.map(take).reduce(add, NOTHING),
    events,
    /** Records that stand. */
    current: () => [...records].filter(([, { deleted }]) => !deleted).map(([key, { version, data }]) => ({ key, version, data })),
  };
}

const NOTHING = { created: 0, updated: 0, unchanged: 0, stale: 0 };
const UNCHANGED = { ...NOTHING, unchanged: 1 };

const isOlder = (record: ModelRecord, sourceVersion: number | null, occurredAt: number | null): boolean => {
  if (sourceVersion !== null && record.newestVersion !== null) return sourceVersion < record.newestVersion;
  return occurredAt !== null && record.newestOccurrence !== null && occurredAt < record.newestOccurrence;
};

const differences = (before: JsonObject, after: JsonObject): JsonObject => {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => before[name] !== after[name]);
  return Object.fromEntries(names.map((name) => [name, before[name] ?? null]));
};

type Counts = typeof NOTHING;
const add = (one: Counts, other: Counts): Counts => ({
  created: one.created + other.created,
  updated: one.updated + other.updated,
  unchanged: one.unchanged + other.unchanged,
  stale: one.stale + other.stale,
});
