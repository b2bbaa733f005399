import type { Metrics } from '@sophia/observability';
import { type Clock, parseMicros } from '@sophia/shared';
import type { EventLog, GroupLag } from './event-log.ts';

/** Registers what an operator watches: how far each group is behind, what stands aside, whether ticks are made and who holds them up. */
export function observeEventLog(metrics: Metrics, eventLog: EventLog, clock: Clock): void {
  const perGroup = (figure: (lag: GroupLag) => number) => async () =>
    (await eventLog.lag()).map((lag) => ({ labels: { group: lag.group }, value: figure(lag) }));
  const labels = ['group'] as const;
  metrics.observedGauge(
    { name: 'sophia_event_log_lag_events', help: 'Events that a consumer group has not handled yet.', labels },
    perGroup(({ events }) => events),
  );
  metrics.observedGauge(
    { name: 'sophia_event_log_lag_seconds', help: 'Seconds since the instant up to which a consumer group is complete.', labels },
    perGroup(({ seconds }) => seconds),
  );
  metrics.observedGauge(
    { name: 'sophia_event_log_set_aside_events', help: 'Poison events of a consumer group and those behind them.', labels },
    perGroup(({ setAside }) => setAside),
  );
  metrics.observedGauge(
    { name: 'sophia_event_log_members', help: 'Members of a consumer group.', labels },
    perGroup(({ members }) => members),
  );
  metrics.observedGauge(
    { name: 'sophia_event_log_tick_age_seconds', help: 'Seconds since the newest tick; about a second where nothing is written.' },
    async () => clock.now() / 1_000 - Number(parseMicros((await eventLog.head()).at)) / 1_000_000,
  );
  metrics.observedGauge(
    { name: 'sophia_event_log_oldest_writer_seconds', help: 'Seconds that the oldest open transaction with an id has lasted.' },
    () => eventLog.oldestWriterSeconds(),
  );
}
