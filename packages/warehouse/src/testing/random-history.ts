import type { WorkspaceId } from '@sophia/types';
import fc from 'fast-check';
import type { WarehouseChange } from '../warehouse.ts';
import { createLogScript, type LogScript } from './log-script.ts';

/** What happens to one record; what is not possible at the moment (deleting what is not there) is passed over. */
export interface RandomStep {
  readonly action: 'upsert' | 'delete' | 'next_tick' | 'next_batch';
  readonly type: 'deal' | 'visit';
  readonly id: number;
  readonly seats: number;
}

export const randomSteps: fc.Arbitrary<RandomStep[]> = fc.array(
  fc.record({
    action: fc.oneof(
      { arbitrary: fc.constant('upsert' as const), weight: 6 },
      { arbitrary: fc.constantFrom('delete' as const, 'next_batch' as const), weight: 2 },
      { arbitrary: fc.constant('next_tick' as const), weight: 2 },
    ),
    type: fc.constantFrom('deal' as const, 'visit' as const),
    id: fc.integer({ min: 1, max: 5 }),
    seats: fc.integer({ min: -3, max: 3 }),
  }),
  { minLength: 5, maxLength: 80 },
);

/** Records by type and id, after a tick. */
export type ModelState = ReadonlyMap<string, { readonly id: number; readonly version: number; readonly seats: number }>;

export interface PlayedHistory {
  readonly log: LogScript;
  /** What is current at the end of each tick, from tick 0. */
  readonly states: readonly ModelState[];
}

/** Plays the steps into batches, and follows them in the plainest way: a map that is copied at each tick. */
export async function playHistory(
  steps: readonly RandomStep[],
  workspace: WorkspaceId,
  apply: (batch: ReturnType<LogScript['next']>) => Promise<void>,
  log = createLogScript(),
): Promise<PlayedHistory> {
  const current = new Map<string, { id: number; version: number; seats: number }>();
  const versions = new Map<string, number>();
  const states: ModelState[] = [];
  for (let tick = 0; tick < log.tick; tick++) states.push(new Map());
  let changes: WarehouseChange[] = [];
  // Ids are the catalog's: one range for all types and workspaces.
  const catalogId = (type: string, id: number) => workspace * 1_000 + (type === 'deal' ? 0 : 100) + id;
  const endTick = async () => {
    await apply(log.next(...changes));
    changes = [];
    states.push(new Map(current));
  };
  for (const { action, type, id, seats } of steps) {
    const key = `${type}:${id}`;
    const version = (versions.get(key) ?? 0) + 1;
    const options = { workspace, type, version };
    if (action === 'next_tick') await endTick();
    if (action === 'next_batch') {
      await apply(log.part(...changes));
      changes = [];
    }
    if (action === 'upsert') {
      changes.push(log.upsert(catalogId(type, id), { seats }, options));
      current.set(key, { id: catalogId(type, id), version, seats });
      versions.set(key, version);
    }
    if (action === 'delete' && current.delete(key)) {
      changes.push(log.remove(catalogId(type, id), options));
      versions.set(key, version);
    }
  }
  await endTick();
  return { log, states };
}

export const rowsOf = (state: ModelState, type: string) =>
  [...state]
    .filter(([key]) => key.startsWith(`${type}:`))
    .map(([, { id, version, seats }]) => ({ id, version, seats }))
    .sort((one, other) => one.id - other.id);
