import { createHash } from 'node:crypto';
import type { Freshness, ReadPoint, SourceFreshness } from '@sophia/types';

export const freshnessOf = (readPoint: ReadPoint, sources: readonly SourceFreshness[], setAside: number): Freshness => ({
  complete_to: readPoint.completeTo,
  position: readPoint.position,
  state: setAside === 0 ? 'complete' : 'incomplete',
  ...(setAside === 0 ? {} : { set_aside: setAside }),
  sources,
});

/** What is said of one response beside its columns and rows. */
export interface Envelope {
  /** JSON text. */
  readonly freshness: string;
  /** What the answer took for today, where it depends on it. */
  readonly today: string | undefined;
  readonly tier: string;
  readonly age: number;
  readonly queryId: string;
  readonly notes: readonly string[];
}

/** JSON members `freshness`, (`today`,) `cache`, `query_id` (and `notes`), without braces. */
export const envelopeText = ({ freshness, today, tier, age, queryId, notes }: Envelope): string =>
  `"freshness":${freshness}${today === undefined ? '' : `,"today":"${today}"`},"cache":{"tier":"${tier}","age_ms":${Math.round(
    age,
  )}},"query_id":"${queryId}"${notes.length === 0 ? '' : `,"notes":${JSON.stringify(notes)}`}`;

const tags = new WeakMap<Buffer, string>();

/** Weak entity tag over the bytes and the query's identity (with model version and policy scope); computed once for the same buffer. */
export const entityTag = (bytes: Buffer, identity: string): string => {
  const known = tags.get(bytes);
  if (known !== undefined) return known;
  const tag = `W/"${createHash('sha256').update(identity).update('\n').update(bytes).digest('base64url').slice(0, 27)}"`;
  tags.set(bytes, tag);
  return tag;
};
