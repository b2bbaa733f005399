import type { GroupLag } from '@sophia/event-log';
import type { ReadPoint } from '@sophia/types';
import type { Collaborators } from './collaborators.ts';

/** What the read side tells of itself when metrics are read. */
export const exportMetrics = (
  { observability: { metrics }, answers, results, eventLog, clock }: Collaborators,
  published: { current(): ReadPoint },
): void => {
  metrics.observedGauge(
    { name: 'sophia_freshness_lag_seconds', help: 'Age of the instant up to which answers are complete.' },
    () => Math.max(0, clock.now() - Date.parse(published.current().completeTo)) / 1000,
  );
  metrics.observedGauge(
    { name: 'sophia_log_clock_ahead_seconds', help: 'How far the instant up to which answers are complete is ahead of this clock.' },
    () => Math.max(0, Date.parse(published.current().completeTo) - clock.now()) / 1000,
  );
  const groups = sharedWhileRead(() => eventLog.lag());
  const byGroup = (read: (lag: GroupLag) => number) => async () =>
    withoutGone(await groups()).map((lag) => ({ labels: { group: labelOf(lag) }, value: read(lag) }));
  metrics.observedGauge(
    { name: 'sophia_log_group_lag_seconds', help: 'How far each consumer group is behind the log.', labels: ['group'] },
    byGroup(({ seconds }) => seconds),
  );
  metrics.observedGauge(
    { name: 'sophia_log_group_lag_events', help: 'Events between each consumer group and the head of the log.', labels: ['group'] },
    byGroup(({ events }) => events),
  );
  metrics.observedGauge(
    { name: 'sophia_log_group_set_aside_events', help: 'Events that stand aside for each consumer group.', labels: ['group'] },
    byGroup(({ setAside }) => setAside),
  );
  metrics.observedGauge(
    { name: 'sophia_log_oldest_writer_seconds', help: 'How long the oldest open writing transaction has lasted.' },
    () => eventLog.oldestWriterSeconds(),
  );
  metrics.observedCounter(
    { name: 'sophia_cache_events_total', help: 'What the caches of answers did, by tier and event.', labels: ['tier', 'event'] },
    () =>
      Object.entries({ L1: answers.statistics(), L3: results.statistics() }).flatMap(
        ([tier, { hits, misses, loads, joins, evictions, invalidated }]) =>
          Object.entries({ hits, misses, loads, joins, evictions, invalidated }).map(([event, value]) => ({
            labels: { tier, event },
            value,
          })),
      ),
  );
  metrics.observedGauge({ name: 'sophia_cache_bytes', help: 'Bytes held by the caches of answers.', labels: ['tier'] }, () => [
    { labels: { tier: 'L1' }, value: answers.statistics().bytes },
    { labels: { tier: 'L3' }, value: results.statistics().bytes },
  ]);
};

/** A group's instances each have a lag of their own. */
const labelOf = ({ group, instance }: GroupLag): string => (instance === null ? group : `${group}@${instance}`);

/** Where a group has instances, those without a member are not behind but gone. */
const withoutGone = (lags: readonly GroupLag[]): GroupLag[] => {
  const withInstances = new Set(lags.filter(({ instance }) => instance !== null).map(({ group }) => group));
  return lags.filter(({ group, members }) => members > 0 || !withInstances.has(group));
};

/** All who ask while it is being read get the same: the gauges of one scrape. */
const sharedWhileRead = <T>(read: () => Promise<T>): (() => Promise<T>) => {
  let reading: Promise<T> | undefined;
  return () => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };
};
