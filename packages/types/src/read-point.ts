import type { Position } from './ids.ts';

/** How far a projection had applied the log when something was read from it. */
export interface ReadPoint {
  readonly tick: number;
  readonly position: Position;
  /** ISO 8601: everything acknowledged before this instant was applied. */
  readonly completeTo: string;
}
