import { compileDrillDown, readDrillDown } from '@sophia/core';
import type { EventLog } from '@sophia/event-log';
import type { Call } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';
import type { DrillDownAnswer, DrillDownRequest } from './analytics.ts';
import type { PolicyReader } from './collaborators.ts';
import type { FreshnessTexts } from './freshness/freshness-texts.ts';
import type { SemanticLayers } from './models/semantic-layers.ts';
import type { PublishedReadPoint } from './projection/published-read-point.ts';
import { readPointOf } from './projection/warehouse-projection.ts';
import type { PreparedQueries } from './queries/prepared-queries.ts';

export interface DrillDownOptions {
  readonly eventLog: EventLog;
  readonly warehouse: Warehouse;
  readonly layers: SemanticLayers;
  readonly policies: PolicyReader;
  readonly prepared: PreparedQueries;
  readonly published: PublishedReadPoint;
  readonly freshness: FreshnessTexts;
}

/** The records behind a cell, as of the answer's position, page by page in the order of their ids. */
export const drillDown = async (options: DrillDownOptions, call: Call, request: DrillDownRequest): Promise<DrillDownAnswer> => {
  const { eventLog, warehouse, layers, policies, prepared, published, freshness } = options;
  const { workspace } = call.principal;
  const { position, query, ...rest } = request;
  const asOf = position === undefined ? query.as_of : await eventLog.timeOf(position);
  const [layer, policy] = await Promise.all([layers.layer(workspace), policies.resolve(call.principal)]);
  const compiled = compileDrillDown({ ...rest, query: { ...query, as_of: asOf } }, layer, prepared.context(workspace, policy));
  const result = await warehouse.query(compiled, { signal: call.signal });
  const records = readDrillDown(compiled, result);
  return {
    records,
    next_cursor: records.length === compiled.limit ? (records.at(-1)?.id ?? null) : null,
    freshness: freshness.freshness(
      workspace,
      compiled.reads.map(({ recordType }) => recordType),
      readPointOf(result.applied, published.current()),
    ),
  };
};
