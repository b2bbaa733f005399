import type { Cache, CacheResult, Loaded } from '@sophia/cache';
import { type RecordChange, readAnswer } from '@sophia/core';
import type { Clock } from '@sophia/shared';
import type { Call, MetricQuery, ReadPoint, WorkspaceId } from '@sophia/types';
import type { QueryOptions, Warehouse } from '@sophia/warehouse';
import type { Answer, AskOptions } from '../analytics.ts';
import { encodeAnswer, rowCountOf } from '../answers/answer-bytes.ts';
import type { AuditTrail, PolicyReader } from '../collaborators.ts';
import type { SemanticLayers } from '../models/semantic-layers.ts';
import { laterOf, type PublishedReadPoint } from '../projection/published-read-point.ts';
import { readPointOf } from '../projection/warehouse-projection.ts';
import { entityTag, envelopeText } from './answer-envelope.ts';
import { type AsOfWaiting, requireReached } from './as-of-waiting.ts';
import { audited, objectOf } from './audited.ts';
import { isOfItsCaller } from './is-of-its-caller.ts';
import { mayAsk, requireMetrics } from './metric-permission.ts';
import type { AnswerDependency, PreparedQueries, PreparedQuery } from './prepared-queries.ts';
import { isPublished, untilPublished } from './publication-waiting.ts';
import { createRememberedBodies } from './remembered-bodies.ts';
import type { WriteWaiting } from './write-waiting.ts';

/** Milliseconds that an answer stays in memory when nothing changes it. */
const ANSWER_TTL = 15 * 60_000;
/** Answers of the warehouse, reused while their tables' version stands; and answers as of a past time. */
const RESULT_TTL = 24 * 3_600_000;

export interface MetricQueriesOptions {
  readonly warehouse: Warehouse;
  readonly layers: SemanticLayers;
  readonly policies: PolicyReader;
  readonly audit: AuditTrail;
  readonly prepared: PreparedQueries;
  /** L1: answers, dropped by the events that change them. */
  readonly answers: Cache;
  /** L3: answers under the version of the tables that they were read from. */
  readonly results: Cache;
  readonly published: PublishedReadPoint;
  readonly writes: WriteWaiting;
  readonly asOf: AsOfWaiting;
  /** Resolves when what statements of the workspace are compiled against is known. */
  readonly know: (workspace: WorkspaceId) => Promise<void>;
  /** JSON text of the freshness of an answer over these types. */
  readonly freshnessText: (prepared: PreparedQuery, readPoint: ReadPoint) => string;
  /** Catalog time of the workspace's first change, or null: earlier answers are empty and say so. */
  readonly firstChange: (prepared: PreparedQuery) => Promise<bigint | null>;
  /** Told of each query that is answered: for warming. */
  readonly asked: (prepared: PreparedQuery) => void;
  /** Told of each statement that ran in the warehouse. */
  readonly ran: (prepared: PreparedQuery, milliseconds: number) => void;
  readonly newQueryId: () => string;
  readonly clock: Clock;
}

export interface MetricQueries {
  ask(call: Call, query: MetricQuery, options?: AskOptions): Promise<Answer>;
  peek(call: Call, body: string, largest?: number): Answer | undefined;
  remember(call: Call, body: string, query: MetricQuery): void;
  prepare(call: Call, query: MetricQuery): Promise<PreparedQuery>;
  /** Computes the answer into the caches if it is not there. */
  warm(prepared: PreparedQuery): Promise<void>;
}

export const createMetricQueries = (options: MetricQueriesOptions): MetricQueries => {
  const { warehouse, layers, policies, audit, prepared, answers, results, published, writes, clock } = options;
  const bodies = createRememberedBodies();

  const prepare = async (call: Call, query: MetricQuery): Promise<PreparedQuery> => {
    const { workspace } = call.principal;
    const policy = await policies.resolve(call.principal);
    requireMetrics(policy, query.metrics);
    await options.know(workspace);
    // Last: models taken before may be of other record types than the tables by then.
    return prepared.prepare(workspace, query, await layers.layer(workspace), policy);
  };

  /** Undefined where the models changed and have no such query any more: the ordinary way meets that error, and tells it. */
  const prepareOrPass = (...asked: Parameters<PreparedQueries['prepare']>): PreparedQuery | undefined => {
    try {
      return prepared.prepare(...asked);
    } catch {
      return undefined;
    }
  };

  const present = async (
    of: PreparedQuery,
    result: CacheResult,
    tier: Answer['tier'],
    signal: AbortSignal | undefined,
  ): Promise<Answer> => {
    const { readPoint: read } = result;
    if (isPublished(published, read)) return respond(of, result, statedOf(read, tier), tier, await notesOf(of));
    await untilPublished(published, read, signal);
    return respond(of, result, read, tier, await notesOf(of));
  };

  /** A hit is as current as the invalidations that spared it; what was just read, no more than its read. */
  const statedOf = (read: ReadPoint, tier: Answer['tier']): ReadPoint => {
    const current = published.current();
    return tier === 'L1' || current.tick === read.tick ? current : read;
  };

  const respond = (
    of: PreparedQuery,
    { bytes, age }: CacheResult,
    readPoint: ReadPoint,
    tier: Answer['tier'],
    notes: readonly string[],
  ): Answer => {
    const queryId = options.newQueryId();
    const freshness = options.freshnessText(of, readPoint);
    const today = of.compiled.usesToday ? of.compiled.today : undefined;
    return {
      bytes,
      rowCount: rowCountOf(bytes),
      etag: entityTag(bytes, of.identity),
      readPoint,
      envelope: envelopeText({ freshness, today, tier, age, queryId, notes }),
      queryId,
      tier,
      tags: of.tags,
      notes,
    };
  };

  const notesOf = async (of: PreparedQuery): Promise<readonly string[]> => {
    if (of.compiled.asOf === null) return [];
    const first = await options.firstChange(of);
    return first === null || of.compiled.asOf < first ? ['as_of_before_first_change'] : [];
  };

  const readWarehouse = async (of: PreparedQuery, reading: QueryOptions): Promise<Loaded> => {
    const begun = clock.monotonic();
    const result = await warehouse.query(of.compiled, reading);
    options.ran(of, clock.monotonic() - begun);
    const readPoint = readPointOf(result.applied, published.current());
    // No event drops an answer of a past moment: one that was read too early would stand for a day, whoever had it computed.
    if (of.compiled.asOf !== null) requireReached(of.compiled.asOf, readPoint);
    return { bytes: encodeAnswer(readAnswer(of.compiled, result)), readPoint };
  };

  /** L3: the same answer again while the version of its tables stands. */
  const load = async (of: PreparedQuery, reading: QueryOptions, told: { tier: Answer['tier'] }): Promise<Loaded> => {
    if (of.compiled.asOf !== null) return readWarehouse(of, reading);
    const current = published.current();
    const version = warehouse.version(of.workspace, of.recordTypes);
    const key = `${of.key}:${version}`;
    const known = results.peek(key);
    if (known !== undefined) {
      told.tier = 'L3';
      return { bytes: known.bytes, readPoint: laterOf(current, known.readPoint) };
    }
    const loaded = await readWarehouse(of, reading);
    // Only an answer of exactly this version may stand under its name.
    if (warehouse.version(of.workspace, of.recordTypes) === version) {
      await results.getOrLoad(
        key,
        { dependencies: of.dependencies.map(onErasureOnly), ttl: RESULT_TTL, heldBytes: of.bytes },
        async () => loaded,
      );
    }
    return loaded;
  };

  const cached = async (
    of: PreparedQuery,
    { signal, deadline, principal }: Partial<Call>,
  ): Promise<{ result: CacheResult; tier: Answer['tier'] }> => {
    const told: { tier: Answer['tier'] } = { tier: 'none' };
    const ttl = of.compiled.asOf === null ? ANSWER_TTL : RESULT_TTL;
    const wanted = { dependencies: of.dependencies, ttl, signal, party: principal?.id, isOfItsCaller, heldBytes: of.bytes };
    const result = await answers.getOrLoad(of.key, wanted, (loading, party) => load(of, { deadline, signal: loading, party }, told));
    return { result, tier: result.tier === 'L1' ? 'L1' : told.tier };
  };

  const askWarehouse = async (of: PreparedQuery, { deadline, signal, principal }: Call): Promise<Answer> => {
    const loaded = await readWarehouse(of, { deadline, signal, party: principal.id });
    return present(of, { ...loaded, tier: 'none', age: 0 }, 'none', signal);
  };

  const askCaches = async (of: PreparedQuery, call: Call): Promise<Answer> => {
    const { result, tier } = await cached(of, call);
    return present(of, result, tier, call.signal);
  };

  /** Where a statement's tables or currencies became others while it ran, its answer or error is nobody's: it is asked again. */
  const askUntilCurrent = async (call: Call, query: MetricQuery, cache: 'use' | 'bypass'): Promise<Answer> => {
    for (;;) {
      const of = await prepare(call, query);
      await options.asOf.waitFor(of.compiled.asOf, call.signal);
      try {
        const answer = await (cache === 'use' && !of.isLarge ? askCaches(of, call) : askWarehouse(of, call));
        if (prepared.isCurrent(of)) {
          // Only now: a question that is refused is not computed again by itself.
          options.asked(of);
          return answer;
        }
      } catch (error) {
        if (prepared.isCurrent(of)) throw error;
      }
    }
  };

  return {
    prepare,
    ask: (call, query, { after, cache = 'use' } = {}) =>
      audited(options, { call, action: 'query', object: objectOf(query), rowsOf: ({ rowCount }: Answer) => rowCount }, async () => {
        await writes.waitFor(after, call.signal);
        return askUntilCurrent(call, query, cache);
      }),
    peek(call, body, largest = Number.POSITIVE_INFINITY) {
      const begun = clock.monotonic();
      const { workspace } = call.principal;
      const layer = layers.peek(workspace);
      const policy = policies.peek(call.principal);
      const query = bodies.find(body);
      if (layer === undefined || policy === undefined || query === undefined || !mayAsk(policy, query.metrics)) return undefined;
      const of = prepareOrPass(workspace, query, layer, policy);
      // Its notes need a look at the log's beginning: not on this path.
      if (of === undefined || of.compiled.asOf !== null) return undefined;
      const result = answers.peek(of.key);
      if (result === undefined || result.bytes.length > largest || !isPublished(published, result.readPoint)) return undefined;
      options.asked(of);
      const answer = respond(of, result, published.current(), 'L1', []);
      const entry = { call, action: 'query', object: objectOf(query), rows: answer.rowCount, milliseconds: clock.monotonic() - begun };
      // Without room for the entry nothing is read: the ordinary way waits for it.
      return audit.tryRead(entry) ? answer : undefined;
    },
    remember: (_call, body, query) => bodies.remember(body, query),
    async warm(of) {
      await cached(of, {});
    },
  };
};

/** Under a version's name an answer never changes, but for data that is erased for good. */
const onErasureOnly = ({ tag, isAffected }: AnswerDependency): AnswerDependency => ({
  tag,
  isAffected: (change) => (change as RecordChange).erased === true && isAffected(change),
});
