import { createHash } from 'node:crypto';
import type { CacheDependency } from '@sophia/cache';
import {
  type AvailableRollup,
  type CompileContext,
  type CompiledQuery,
  compileQuery,
  type RecordChange,
  type ResolvedPolicy,
} from '@sophia/core';
import { type Clock, canonicalJson } from '@sophia/shared';
import type { JsonValue, MetricQuery, SemanticLayer, WorkspaceId } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';
import { LRUCache } from 'lru-cache';

/** A record type that an answer was computed from, and which changes of its records matter to it. */
export interface AnswerDependency extends CacheDependency {
  readonly isAffected: (change: unknown) => boolean;
}

/** A metric query compiled for one policy scope, with its place in the caches. */
export interface PreparedQuery {
  readonly workspace: WorkspaceId;
  readonly query: MetricQuery;
  readonly compiled: CompiledQuery;
  /** Hash of query, models, policy scope and calendar: what an answer says follows from it and the rows alone, in every process. */
  readonly identity: string;
  /** Key in the caches of this process: `{service}:{version}:{operation}:{hash}`. */
  readonly key: string;
  readonly dependencies: readonly AnswerDependency[];
  readonly tags: readonly string[];
  readonly recordTypes: readonly string[];
  /** Of the workspace's tables, rollups and currencies, when it was compiled. */
  readonly generation: number;
  /** The quarter of an hour since 1970 that it was compiled in, by the wall clock. */
  readonly quarter: number;
  /** Neither kept nor warmed, and its answers neither: it is compiled and computed each time. */
  readonly isLarge: boolean;
  /** What it takes in memory, about: also where a cached answer holds it. */
  readonly bytes: number;
}

export interface WorkspaceCalendar {
  /** Stands for today in answers, `YYYY-MM-DD`; undefined: the clock's day. */
  readonly reportingDate?: string | undefined;
  readonly timeZone: string;
  readonly weekStart: 'monday' | 'sunday';
}

export interface PreparedQueriesOptions {
  readonly warehouse: Pick<Warehouse, 'layout'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly calendar: (workspace: WorkspaceId) => WorkspaceCalendar;
  readonly rollups: (workspace: WorkspaceId) => readonly AvailableRollup[];
  readonly onlyCurrency: (workspace: WorkspaceId, recordType: string, field: string) => string | null | undefined;
  readonly onlySourceSystem: (workspace: WorkspaceId, recordType: string) => string | undefined;
}

export interface PreparedQueries {
  /** What statements of this workspace are compiled against, for this policy; without one, over all records. */
  context(workspace: WorkspaceId, policy?: ResolvedPolicy): CompileContext;
  prepare(workspace: WorkspaceId, query: MetricQuery, layer: SemanticLayer, policy: ResolvedPolicy): PreparedQuery;
  /** Of the workspace's tables, rollups and currencies at this moment. */
  generation(workspace: WorkspaceId): number;
  /** Whether tables, rollups and currencies are still those that it was compiled for. */
  isCurrent(prepared: Pick<PreparedQuery, 'workspace' | 'generation'>): boolean;
  /** Whether its today, where it depends on it, is that of now. */
  isOfToday(prepared: Pick<PreparedQuery, 'compiled' | 'quarter'>): boolean;
  /** Forgets the workspace's compiled queries: its tables, rollups or currencies changed. */
  forget(workspace: WorkspaceId): void;
}

/** Of the compiled statements that are kept: about 5,000 of the usual size. */
const MAXIMUM_BYTES = 64 * 2 ** 20;
/** Characters of a query that is kept. Longer ones are rare, and what is compiled from one takes several times as much. */
const LONGEST_KEPT = 65_536;
/** What a compiled query takes beside what grows with its text. */
const PREPARED_BYTES = 12_000;
/** Of a query's text: as a name, parsed, and as text and parameters of its statement. */
const BYTES_PER_CHARACTER = 8;
/** Every zone's midnight falls on a quarter of an hour in UTC. */
const QUARTER_HOUR_MS = 15 * 60_000;

/** Compiles queries, each once for its scope, models, tables and day. */
export const createPreparedQueries = (options: PreparedQueriesOptions): PreparedQueries => {
  const { warehouse, clock, calendar, rollups, onlyCurrency, onlySourceSystem } = options;
  const prepared = new LRUCache<string, PreparedQuery>({
    maxSize: MAXIMUM_BYTES,
    sizeCalculation: ({ bytes }) => bytes,
  });
  const generations = new Map<WorkspaceId, number>();

  // By the wall clock alone: a machine that slept goes on in another day, while its monotonic clock may have stood still.
  const isOfToday: PreparedQueries['isOfToday'] = ({ compiled, quarter }) => !compiled.usesToday || quarter === quarterAt(clock.now());

  const generationOf = (workspace: WorkspaceId): number => generations.get(workspace) ?? 0;

  const context = (workspace: WorkspaceId, policy?: ResolvedPolicy): CompileContext => ({
    dialect: 'duckdb',
    workspace,
    table: (recordType) => warehouse.layout(workspace, recordType),
    now: clock.now(),
    ...calendar(workspace),
    policy: policy?.scope,
    mayAsk: policy?.metric,
    rollups: rollups(workspace),
    onlyCurrency: (recordType, field) => onlyCurrency(workspace, recordType, field),
    onlySourceSystem: (recordType) => onlySourceSystem(workspace, recordType),
  });

  const compile = (
    workspace: WorkspaceId,
    query: MetricQuery,
    layer: SemanticLayer,
    policy: ResolvedPolicy,
  ): Omit<PreparedQuery, 'isLarge' | 'bytes'> => {
    const against = context(workspace, policy);
    const { now, timeZone = 'UTC', weekStart = 'monday' } = against;
    const compiled = compileQuery(query, layer, against);
    const recordTypes = compiled.reads.map(({ recordType }) => recordType);
    const tags = recordTypes.map((recordType) => recordTypeTag(workspace, recordType));
    const generation = generationOf(workspace);
    const parameters: JsonValue = [workspace, layer.hash, policy.hash, JSON.parse(JSON.stringify(query)), timeZone, weekStart];
    const identity = digest(canonicalJson(compiled.usesToday ? [...parameters, compiled.today] : parameters));
    return {
      workspace,
      query,
      compiled,
      identity,
      key: `analytics:1:query:${digest(`${generation} ${identity}`)}`,
      dependencies: dependenciesOf(compiled, tags),
      tags,
      recordTypes,
      generation,
      quarter: quarterAt(now),
    };
  };

  return {
    context,
    prepare(workspace, query, layer, policy) {
      const name = `${workspace} ${generationOf(workspace)} ${layer.hash} ${policy.hash} ${JSON.stringify(query)}`;
      const known = prepared.get(name);
      if (known !== undefined && isOfToday(known)) return known;
      const isLarge = name.length > LONGEST_KEPT;
      const bytes = name.length * BYTES_PER_CHARACTER + PREPARED_BYTES;
      const compiled = { ...compile(workspace, query, layer, policy), isLarge, bytes };
      if (!isLarge) prepared.set(name, compiled);
      return compiled;
    },
    generation: generationOf,
    isCurrent: ({ workspace, generation }) => generation === generationOf(workspace),
    isOfToday,
    forget(workspace) {
      generations.set(workspace, generationOf(workspace) + 1);
    },
  };
};

const quarterAt = (now: number): number => Math.floor(now / QUARTER_HOUR_MS);

/** What an invalidation names when a record of the type changed. */
export const recordTypeTag = (workspace: WorkspaceId, recordType: string): string => `${workspace}:${recordType}`;

const dependenciesOf = (compiled: CompiledQuery, tags: readonly string[]): AnswerDependency[] => {
  // The projection sends nothing else under these tags.
  const isAffected = (change: unknown): boolean => compiled.affects(change as RecordChange);
  return tags.map((tag) => ({ tag, isAffected }));
};

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 32);
