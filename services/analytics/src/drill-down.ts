import { compileDrillDown, nextRecord, readDrillDown } from '@sophia/core';
import type { EventLog } from '@sophia/event-log';
import type { Call, WorkspaceId } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';
import type { AskOptions, DrillDownAnswer, DrillDownRequest } from './analytics.ts';
import type { PolicyReader } from './collaborators.ts';
import type { FreshnessTexts } from './freshness/freshness-texts.ts';
import type { SemanticLayers } from './models/semantic-layers.ts';
import type { PublishedReadPoint } from './projection/published-read-point.ts';
import { readPointOf } from './projection/warehouse-projection.ts';
import type { AsOfWaiting } from './queries/as-of-waiting.ts';
import { requireMetrics } from './queries/metric-permission.ts';
import type { PreparedQueries } from './queries/prepared-queries.ts';
import { untilPublished } from './queries/publication-waiting.ts';
import type { WriteWaiting } from './queries/write-waiting.ts';

export interface DrillDownOptions {
  readonly eventLog: EventLog;
  readonly warehouse: Warehouse;
  readonly layers: SemanticLayers;
  readonly policies: PolicyReader;
  readonly prepared: PreparedQueries;
  readonly published: PublishedReadPoint;
  readonly writes: WriteWaiting;
  readonly asOf: AsOfWaiting;
  readonly know: (workspace: WorkspaceId) => Promise<void>;
  readonly freshness: FreshnessTexts;
}

/**
 * The records behind a cell, as of the query's moment, else of the answer's position, page by page in the order of their ids.
 * A position tells when something was written last, not which day it was when the answer was computed: that the request says.
 */
export const drillDown = async (
  options: DrillDownOptions,
  call: Call,
  request: DrillDownRequest,
  { after }: AskOptions = {},
): Promise<DrillDownAnswer> => {
  await options.writes.waitFor(after, call.signal);
  for (;;) {
    const { answer, isCurrent } = await readRecords(options, call, request);
    // The same holds as for answers: what a statement was compiled against may have become another while it ran.
    if (isCurrent()) return answer;
  }
};

const readRecords = async (
  options: DrillDownOptions,
  call: Call,
  request: DrillDownRequest,
): Promise<{ readonly answer: DrillDownAnswer; readonly isCurrent: () => boolean }> => {
  const { warehouse, prepared, published, freshness } = options;
  const { deadline, signal, principal } = call;
  const { compiled, generation } = await compile(options, call, request);
  await options.asOf.waitFor(compiled.asOf, signal, request.query.as_of === undefined ? request.position : undefined);
  const result = await warehouse.query(compiled, { deadline, signal, party: principal.id });
  const readPoint = readPointOf(result.applied, published.current());
  await untilPublished(published, readPoint, signal);
  const types = compiled.reads.map(({ recordType }) => recordType);
  return {
    answer: {
      records: readDrillDown(compiled, result),
      next_cursor: nextRecord(compiled, result),
      freshness: freshness.freshness(principal.workspace, types, readPoint),
    },
    isCurrent: () => prepared.isCurrent({ workspace: principal.workspace, generation }),
  };
};

const compile = async ({ eventLog, layers, policies, prepared, know }: DrillDownOptions, call: Call, request: DrillDownRequest) => {
  const { workspace } = call.principal;
  const { position, ...cell } = request;
  const moment = position === undefined ? undefined : await eventLog.timeOf(position);
  const policy = await policies.resolve(call.principal);
  requireMetrics(policy, cell.query.metrics);
  await know(workspace);
  // Last: models taken before may be of other record types than the tables by then.
  const layer = await layers.layer(workspace);
  const generation = prepared.generation(workspace);
  const compiled = compileDrillDown({ ...cell, moment }, layer, prepared.context(workspace, policy));
  // A part of a metric is a metric of its own, and its records show its values.
  requireMetrics(policy, [compiled.metric]);
  return { compiled, generation };
};
