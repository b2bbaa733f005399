import { type Freshness, SOURCE_STATES, type SourceFreshness } from '@sophia/types';
import type { Styles } from './styles.ts';
import { plainText } from './text-width.ts';

export interface FreshnessLineOptions {
  readonly styles: Styles;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Sources that are told each by itself. */
const MOST_TOLD = 3;

/** How old an answer is and where it comes from, in one line: of many sources how many, and the first that are not fresh. */
export const freshnessLine = ({ complete_to, state, set_aside: setAside, sources }: Freshness, options: FreshnessLineOptions): string => {
  const { styles, now } = options;
  const complete = `complete to ${complete_to.slice(0, 19).replace('T', ' ')} UTC (${ago(complete_to, now)})`;
  const areFew = sources.length <= MOST_TOLD;
  const counted = areFew ? [] : [countOf(sources, styles)];
  const told = (areFew ? sources : worstOf(sources)).map((source) => sourceWords(source, options));
  const missing = `incomplete: ${setAside ?? 0} events stand aside (sophia set-aside list)`;
  const parts = [styles.faint(complete), ...counted, ...told, ...(state === 'incomplete' ? [styles.bad(missing)] : [])];
  return `${parts.join(styles.faint(' · '))}\n`;
};

/** `400 sources: 397 fresh, 2 late, 1 failed (--json names them)`. */
const countOf = (sources: readonly SourceFreshness[], styles: Styles): string => {
  const counts = SOURCE_STATES.map((state) => ({ state, count: sources.filter((source) => source.state === state).length }));
  const words = counts.filter(({ count }) => count > 0).map(({ state, count }) => `${count} ${state}`);
  const text = `${sources.length} sources: ${words.join(', ')} (--json names them)`;
  return sources.every(({ state }) => state === 'fresh') ? styles.faint(text) : styles.warning(text);
};

const WORST_FIRST = ['failed', 'late', 'incomplete'] as const;

const worstOf = (sources: readonly SourceFreshness[]): readonly SourceFreshness[] =>
  WORST_FIRST.flatMap((state) => sources.filter((source) => source.state === state)).slice(0, MOST_TOLD);

const sourceWords = (source: SourceFreshness, { styles, now }: FreshnessLineOptions): string => {
  const last = source.last_record_at === null ? 'no records' : `last record ${ago(source.last_record_at, now)}`;
  const words = `${plainText(source.source_system)} ${source.state}, ${last}`;
  return source.state === 'fresh' ? styles.faint(words) : styles.warning(words);
};

/** Clocks of two machines differ by less, in seconds. */
const MOST_AHEAD = 2;

/** `3.2 s ago`, `5 min ago`, `2 h ago`, `4 days ago`; `ahead of this machine's clock by 1 h` where a clock is wrong. */
export const ago = (instant: string, now: number): string => {
  const seconds = (now - Date.parse(instant)) / 1_000;
  return seconds < -MOST_AHEAD ? `ahead of this machine's clock by ${duration(-seconds)}` : `${duration(Math.max(0, seconds))} ago`;
};

export const duration = (seconds: number): string => {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
};
