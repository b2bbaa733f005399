import { compileDrillDown } from '@sophia/core';
import type { EventLog } from '@sophia/event-log';
import type { Call, Cell, JsonValue, RecordId } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';
import type { DrillDownAnswer, DrillDownRecord, DrillDownRequest } from './analytics.ts';
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

/** Columns of a drill-down before those of the type's fields. */
const KEY_COLUMNS = 5;

/** The records behind a cell, as of the answer's position, page by page in the order of their ids. */
export const drillDown = async (options: DrillDownOptions, call: Call, request: DrillDownRequest): Promise<DrillDownAnswer> => {
  const { eventLog, warehouse, layers, policies, prepared, published, freshness } = options;
  const { workspace } = call.principal;
  const { position, query, ...rest } = request;
  const asOf = position === undefined ? query.as_of : await eventLog.timeOf(position);
  const [layer, policy] = await Promise.all([layers.layer(workspace), policies.resolve(call.principal)]);
  const compiled = compileDrillDown({ ...rest, query: { ...query, as_of: asOf } }, layer, prepared.context(workspace, policy));
  const result = await warehouse.query(compiled, { signal: call.signal });
  const rows = Array.from({ length: result.rowCount }, (_, row) => result.values.map((column) => column[row] ?? null));
  const page = rows.slice(0, compiled.limit);
  const names = compiled.columns.map(({ name }) => name);
  return {
    records: page.map((cells) => toRecord(compiled.recordType, names, cells)),
    // The statement asks for one row more than a page, to know whether there is another.
    next_cursor: rows.length > compiled.limit ? String(page.at(-1)?.[0]) : null,
    freshness: freshness.freshness(
      workspace,
      compiled.reads.map(({ recordType }) => recordType),
      readPointOf(result.applied, published.current()),
    ),
  };
};

const toRecord = (recordType: string, names: readonly string[], cells: readonly unknown[]): DrillDownRecord => {
  const [id, source_system, source_id, version, value] = cells;
  const data: Record<string, JsonValue> = {};
  for (let index = KEY_COLUMNS; index < cells.length; index += 1) {
    const cell = cells[index];
    // Values of the warehouse are canonical JSON values.
    if (cell !== null && cell !== undefined) data[names[index] ?? ''] = cell as JsonValue;
  }
  return {
    id: String(id) as RecordId,
    source_system: String(source_system),
    record_type: recordType,
    source_id: String(source_id),
    version: Number(version),
    data,
    value: value as Cell,
  };
};
