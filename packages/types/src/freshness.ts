import type { Position } from './ids.ts';

export const SOURCE_STATES = ['fresh', 'late', 'failed', 'incomplete'] as const;
export type SourceState = (typeof SOURCE_STATES)[number];

export interface SourceFreshness {
  readonly source_system: string;
  readonly last_record_at: string | null;
  readonly last_sync_at: string | null;
  readonly lag_seconds: number | null;
  readonly state: SourceState;
}

/** How old an answer is and what it contains. */
export interface Freshness {
  /** Every write acknowledged before this instant is in the answer. */
  readonly complete_to: string;
  readonly position: Position;
  /** `incomplete` while a poison event stands for a type that the answer reads. */
  readonly state: 'complete' | 'incomplete';
  readonly set_aside?: number | undefined;
  readonly sources: readonly SourceFreshness[];
}
