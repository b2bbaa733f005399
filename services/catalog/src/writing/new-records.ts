import type { WorkspaceId } from '@sophia/types';
import type { IncomingRecord } from '../rows/incoming-record.ts';

/** One record on its way, with its workspace. */
export interface Arrival {
  readonly workspace: WorkspaceId;
  readonly record: Pick<IncomingRecord, 'record_type' | 'source_system' | 'content_hash'>;
}

/** Guesses from what sources sent of late whether the next records are all new, for which there is a cheaper statement. */
export interface NewRecords {
  /** Writes the records by the way that they are likely to fit, and remembers whether all were new; a failure says that they were not. */
  write<T>(arrivals: readonly Arrival[], write: (likelyNew: boolean) => Promise<T>, wereNew: (written: T) => boolean): Promise<T>;
}

/** New records in a row before the next ones are taken to be new: a wrong guess costs a transaction, so it must be rare. */
const ENOUGH = 500;
/** Sources that are remembered. */
const MOST_SOURCES = 1_000;

export function createNewRecords(): NewRecords {
  /** New records in a row by source, the source last heard of at the end. */
  const inRow = new Map<string, number>();
  const learn = (counts: ReadonlyMap<string, number>, wereNew: boolean) => {
    for (const [source, count] of counts) {
      const before = inRow.get(source) ?? 0;
      inRow.delete(source);
      inRow.set(source, wereNew ? before + count : 0);
    }
    for (const longestAgo of inRow.keys()) {
      if (inRow.size <= MOST_SOURCES) break;
      inRow.delete(longestAgo);
    }
  };
  return {
    async write(arrivals, write, wereNew) {
      const counts = countBySource(arrivals);
      const areNew = counts.size > 0 && [...counts.keys()].every((source) => (inRow.get(source) ?? 0) >= ENOUGH);
      try {
        const written = await write(areNew && arrivals.every(({ record }) => record.content_hash !== null));
        learn(counts, wereNew(written));
        return written;
      } catch (error) {
        learn(counts, false);
        throw error;
      }
    },
  };
}

function countBySource(arrivals: readonly Arrival[]): Map<string, number> {
  const counts = new Map<string, number>();
  let run: Arrival | undefined;
  let length = 0;
  const end = () => {
    if (run === undefined) return;
    const source = `${run.workspace}\u0000${run.record.record_type}\u0000${run.record.source_system}`;
    counts.set(source, (counts.get(source) ?? 0) + length);
  };
  for (const arrival of arrivals) {
    if (run === undefined || !isOfSameSource(run, arrival)) {
      end();
      run = arrival;
      length = 0;
    }
    length++;
  }
  end();
  return counts;
}

const isOfSameSource = (one: Arrival, other: Arrival): boolean =>
  one.workspace === other.workspace &&
  one.record.record_type === other.record.record_type &&
  one.record.source_system === other.record.source_system;
