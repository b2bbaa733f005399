import type { Clock } from '@sophia/shared';
import type { WriteCounts } from '@sophia/types';
import type { ImportProgress } from '../catalog.ts';
import { secondsLeft } from './import-row.ts';

/** Milliseconds between two tellings. */
const TELL_EVERY = 250;
/** Milliseconds between two notes in the database, for those who watch from elsewhere. */
const NOTE_EVERY = 1_000;

/** How far an import has come in this run. */
export interface ProgressMeter {
  count(counts: WriteCounts): void;
  read(bytesRead: number | undefined): void;
  readonly bytesRead: number | null;
  /** Of this run. */
  readonly milliseconds: number;
  /** Tells whoever listens, if it is time or `always`. */
  tell(always?: boolean): void;
  /** Whether it is time for a note. */
  noteIsDue(): boolean;
}

export function createProgressMeter({
  clock,
  bytesTotal,
  onProgress,
}: {
  readonly clock: Clock;
  readonly bytesTotal: number | undefined;
  readonly onProgress: ((progress: ImportProgress) => void) | undefined;
}): ProgressMeter {
  const begun = clock.monotonic();
  let told = begun;
  let noted = begun;
  let bytes: number | null = null;
  const sum = { created: 0, updated: 0, unchanged: 0, stale: 0, rejected: 0 };
  const milliseconds = () => clock.monotonic() - begun;
  return {
    count(counts) {
      sum.created += counts.created;
      sum.updated += counts.updated;
      sum.unchanged += counts.unchanged;
      sum.stale += counts.stale;
      sum.rejected += counts.rejected;
    },
    read(bytesRead) {
      bytes = bytesRead ?? bytes;
    },
    get bytesRead() {
      return bytes;
    },
    get milliseconds() {
      return Math.round(milliseconds());
    },
    tell(always = false) {
      const now = clock.monotonic();
      if (onProgress === undefined || (!always && now - told < TELL_EVERY)) return;
      told = now;
      const seconds = milliseconds() / 1_000;
      const read = sum.created + sum.updated + sum.unchanged + sum.rejected;
      onProgress({
        ...sum,
        read,
        rows_per_second: seconds === 0 ? 0 : Math.round(read / seconds),
        seconds_left: secondsLeft(bytes ?? 0, bytesTotal ?? 0, seconds),
      });
    },
    noteIsDue() {
      const now = clock.monotonic();
      if (now - noted < NOTE_EVERY) return false;
      noted = now;
      return true;
    },
  };
}
