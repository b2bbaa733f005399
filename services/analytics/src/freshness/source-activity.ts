import type { EventFact, ReadPoint, SourceFreshness, SourceState, WorkspaceId } from '@sophia/types';

/** What a source last did, for one record type of a workspace. Instants are ISO 8601. */
export interface SourceActivity {
  readonly workspace: WorkspaceId;
  readonly source_system: string;
  readonly record_type: string;
  readonly last_record_at: string | null;
  readonly last_sync_at: string | null;
  /** How the last one ended. */
  readonly sync: 'none' | 'succeeded' | 'failed';
}

/** A source of which an import was interrupted, and is neither resumed nor followed by another that ended. */
export interface InterruptedSource {
  readonly workspace: WorkspaceId;
  readonly source_system: string;
}

/** Beyond so many seconds behind, a source is said to be late. */
const LATE_AFTER_SECONDS = 10;

/** Keeps, from the log, how fresh each source of each record type is. */
export interface SourceActivities {
  load(activities: readonly SourceActivity[]): void;
  recordApplied(workspace: WorkspaceId, sourceSystem: string, recordType: string, at: string): void;
  synced(workspace: WorkspaceId, sourceSystem: string, at: string | null, sync: SourceActivity['sync']): void;
  /** All that are interrupted by now. */
  interrupted(sources: readonly InterruptedSource[]): void;
  /** The sources behind these record types (all: undefined), by name. */
  freshness(
    workspace: WorkspaceId,
    recordTypes: readonly string[] | undefined,
    readPoint: ReadPoint,
    now: number,
    incomplete: boolean,
  ): SourceFreshness[];
}

interface Source {
  lastSyncAt: string | null;
  sync: SourceActivity['sync'];
  readonly lastRecordAt: Map<string, string>;
}

export const createSourceActivities = (): SourceActivities => {
  const workspaces = new Map<WorkspaceId, Map<string, Source>>();
  let interrupted: ReadonlySet<string> = new Set();

  const source = (workspace: WorkspaceId, name: string): Source => {
    const sources = workspaces.get(workspace) ?? new Map<string, Source>();
    workspaces.set(workspace, sources);
    const found = sources.get(name) ?? { lastSyncAt: null, sync: 'none', lastRecordAt: new Map() };
    sources.set(name, found);
    return found;
  };

  const recordApplied = (workspace: WorkspaceId, sourceSystem: string, recordType: string, at: string): void => {
    const { lastRecordAt } = source(workspace, sourceSystem);
    if (at > (lastRecordAt.get(recordType) ?? '')) lastRecordAt.set(recordType, at);
  };

  const synced = (workspace: WorkspaceId, sourceSystem: string, at: string | null, sync: SourceActivity['sync']): void => {
    const found = source(workspace, sourceSystem);
    found.sync = sync;
    if (at !== null && at > (found.lastSyncAt ?? '')) found.lastSyncAt = at;
  };

  return {
    load(activities) {
      for (const { workspace, source_system, record_type, last_record_at, last_sync_at, sync } of activities) {
        if (last_record_at !== null) recordApplied(workspace, source_system, record_type, last_record_at);
        if (sync !== 'none') synced(workspace, source_system, last_sync_at, sync);
      }
    },
    recordApplied,
    synced,
    interrupted(sources) {
      interrupted = new Set(sources.map(({ workspace, source_system }) => nameOf(workspace, source_system)));
    },
    freshness(workspace, recordTypes, readPoint, now, incomplete) {
      const lag = Math.max(0, Math.round(now - Date.parse(readPoint.completeTo)) / 1000);
      return [...(workspaces.get(workspace) ?? [])]
        .flatMap(([source_system, { lastSyncAt, sync, lastRecordAt }]): SourceFreshness[] => {
          const times =
            recordTypes === undefined ? [...lastRecordAt.values()] : recordTypes.flatMap((type) => lastRecordAt.get(type) ?? []);
          if (times.length === 0) return [];
          const last_record_at = times.reduce((latest, at) => (at > latest ? at : latest));
          const isWhole = sync !== 'failed' && !interrupted.has(nameOf(workspace, source_system));
          return [{ source_system, last_record_at, last_sync_at: lastSyncAt, lag_seconds: lag, state: stateOf(isWhole, lag, incomplete) }];
        })
        .sort((one, other) => (one.source_system < other.source_system ? -1 : 1));
    },
  };
};

const nameOf = (workspace: WorkspaceId, sourceSystem: string): string => `${workspace} ${sourceSystem}`;

/** @param isWhole whether its last import came to its end */
const stateOf = (isWhole: boolean, lag: number, incomplete: boolean): SourceState => {
  if (incomplete) return 'incomplete';
  if (!isWhole) return 'failed';
  return lag > LATE_AFTER_SECONDS ? 'late' : 'fresh';
};

/** Takes from applied events what their sources did. */
export const followSources = (sources: SourceActivities, events: readonly EventFact[]): void => {
  for (const { kind, workspace, record, at, data } of events) {
    if (record !== null) sources.recordApplied(workspace, record.source_system, record.record_type, at);
    if (kind !== 'sync.finished') continue;
    const name = data?.source_system;
    if (typeof name === 'string') sources.synced(workspace, name, at, data?.state === 'failed' ? 'failed' : 'succeeded');
  }
};
