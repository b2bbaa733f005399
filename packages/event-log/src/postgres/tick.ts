import { parseSnapshot, type Snapshot } from './snapshot.ts';

/** A place in the log that a ticker made: see the migration for how its fields bound its events. */
export interface Tick {
  readonly tick: number;
  /** Null on ticks that a restore brought back. */
  readonly snapshot: Snapshot | null;
  /** ISO 8601 with microseconds, as `at`. */
  readonly completeTo: string;
  readonly at: string;
  readonly floor: number;
  readonly ceiling: number;
}

/** A tick of this database's own life. */
export type LiveTick = Tick & { readonly snapshot: Snapshot };

export const isLive = (tick: Tick): tick is LiveTick => tick.snapshot !== null;

export interface TickRow {
  readonly tick: string;
  readonly snapshot: string | null;
  readonly complete_to: string;
  readonly at: string;
  readonly floor: string;
  readonly ceiling: string;
}

/**
 * Tells a tick from others of its number. The time alone does not: while the clock is behind the log, each is a microsecond
 * after the one before.
 */
export const markOf = ({ tick, at, snapshot, ceiling }: Tick): string =>
  snapshot === null ? `${tick} ${at} ${ceiling}` : `${tick} ${at} ${ceiling} ${snapshot.minimum}:${snapshot.maximum}`;

export const TICK_COLUMNS = 'tick, snapshot, complete_to, at, floor, ceiling';

export const tickOf = (row: TickRow): Tick => ({
  tick: Number(row.tick),
  snapshot: row.snapshot === null ? null : parseSnapshot(row.snapshot),
  completeTo: row.complete_to,
  at: row.at,
  floor: Number(row.floor),
  ceiling: Number(row.ceiling),
});
