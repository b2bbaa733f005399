import type { Freshness } from '@sophia/types';
import type { Styles } from './styles.ts';

export interface FreshnessLineOptions {
  readonly styles: Styles;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** How old an answer is and where it comes from, in one line. */
export const freshnessLine = (
  { complete_to, state, set_aside: setAside, sources }: Freshness,
  { styles, now }: FreshnessLineOptions,
): string => {
  const complete = `complete to ${complete_to.slice(0, 19).replace('T', ' ')} UTC (${ago(complete_to, now)})`;
  const told = sources.map((source) => {
    const last = source.last_record_at === null ? 'no records' : `last record ${ago(source.last_record_at, now)}`;
    const words = `${source.source_system} ${source.state}, ${last}`;
    return source.state === 'fresh' ? styles.faint(words) : styles.warning(words);
  });
  const missing = `incomplete: ${setAside ?? 0} events stand aside (sophia set-aside list)`;
  const parts = [styles.faint(complete), ...told, ...(state === 'incomplete' ? [styles.bad(missing)] : [])];
  return `${parts.join(styles.faint(' · '))}\n`;
};

/** `3.2 s ago`, `5 min ago`, `2 h ago`, `4 days ago`. */
export const ago = (instant: string, now: number): string => {
  const seconds = Math.max(0, (now - Date.parse(instant)) / 1_000);
  return `${duration(seconds)} ago`;
};

export const duration = (seconds: number): string => {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
};
