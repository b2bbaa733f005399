import type { Clock } from '@sophia/shared';
import type { Freshness, ReadPoint, WorkspaceId } from '@sophia/types';
import { freshnessOf } from '../queries/answer-envelope.ts';
import type { SourceActivities } from './source-activity.ts';

/** The freshness of answers, as data and as JSON text made at most every few milliseconds for the same types. */
export interface FreshnessTexts {
  freshness(workspace: WorkspaceId, recordTypes: readonly string[] | undefined, readPoint: ReadPoint): Freshness;
  text(workspace: WorkspaceId, recordTypes: readonly string[], readPoint: ReadPoint): string;
  /** How many events stand aside for each workspace and record type. */
  setAside(counts: ReadonlyMap<string, number>): void;
}

/** The lag that an answer states is at most so many milliseconds old. */
const STANDS_MS = 20;
const MOST_TEXTS = 1_000;

export const setAsideKey = (workspace: WorkspaceId, recordType: string): string => `${workspace}:${recordType}`;

export const createFreshnessTexts = (activities: SourceActivities, clock: Clock): FreshnessTexts => {
  const texts = new Map<string, { readonly text: string; readonly readPoint: ReadPoint; readonly until: number }>();
  let aside: ReadonlyMap<string, number> = new Map();

  const freshness: FreshnessTexts['freshness'] = (workspace, recordTypes, readPoint) => {
    const setAside = countOf(aside, workspace, recordTypes);
    return freshnessOf(readPoint, activities.freshness(workspace, recordTypes, readPoint, clock.now(), setAside > 0), setAside);
  };

  return {
    freshness,
    text(workspace, recordTypes, readPoint) {
      const key = `${workspace} ${recordTypes.join(' ')}`;
      const now = clock.monotonic();
      const known = texts.get(key);
      if (known !== undefined && known.readPoint === readPoint && now < known.until) return known.text;
      const text = JSON.stringify(freshness(workspace, recordTypes, readPoint));
      if (texts.size >= MOST_TEXTS) texts.clear();
      texts.set(key, { text, readPoint, until: now + STANDS_MS });
      return text;
    },
    setAside(counts) {
      aside = counts;
      texts.clear();
    },
  };
};

const countOf = (aside: ReadonlyMap<string, number>, workspace: WorkspaceId, recordTypes: readonly string[] | undefined): number => {
  let count = 0;
  for (const [key, events] of aside) {
    const isConcerned =
      recordTypes === undefined
        ? key.startsWith(`${workspace}:`)
        : recordTypes.some((recordType) => key === setAsideKey(workspace, recordType));
    if (isConcerned) count += events;
  }
  return count;
};
