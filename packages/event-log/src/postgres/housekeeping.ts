import type { Database } from '@sophia/database';
import type { Logger } from '@sophia/observability';
import type { EventKind } from '@sophia/types';
import { FORGET_AFTER_DAYS, forgetInstances } from './instances.ts';
import { pause } from './pause.ts';

export interface HousekeepingOptions {
  readonly log: Database;
  readonly logger: Logger;
  /** Only the process that makes the ticks keeps house. */
  readonly isElected: () => boolean;
  /** Days that the data of passing events are kept. */
  readonly retentionDays: number;
  /** Milliseconds between two rounds. */
  readonly intervalMs: number;
}

/** Events that no rebuild needs: their data goes after the retention. Record changes are never among them. */
const PASSING_KINDS: readonly EventKind[] = ['sync.finished'];

/** Seconds after which a tick without events is pruned. */
const PRUNE_AFTER = 3_600;

/** Makes partitions ahead, prunes ticks without events, blanks what is past its retention and forgets instances that are gone, in the background. */
export function startHousekeeping({ log, logger, isElected, retentionDays, intervalMs }: HousekeepingOptions): { close(): Promise<void> } {
  const closing = new AbortController();
  const run = async () => {
    while (!closing.signal.aborted) {
      try {
        if (isElected()) {
          await keepHouse(log, retentionDays);
          for (const group of await forgetInstances(log)) {
            logger.info({ group }, `an instance that has not come for ${FORGET_AFTER_DAYS} days is forgotten`);
          }
        }
      } catch (error) {
        logger.warn({ err: error }, 'housekeeping of the event log failed and is tried again');
      }
      await pause(intervalMs, closing.signal);
    }
  };
  const running = run();
  return {
    async close() {
      closing.abort(new Error('Housekeeping is closing.'));
      await running;
    },
  };
}

export async function keepHouse(log: Database, retentionDays: number, pruneAfter = PRUNE_AFTER): Promise<void> {
  await log.write([], (transaction) => log.query(transaction, MAKE_PARTITIONS));
  while ((await pruneTicks(log, pruneAfter)) > 0);
  await log.write([], (transaction) => log.query(transaction, BLANK_PASSING_EVENTS, [PASSING_KINDS, retentionDays]), { deadline: 60_000 });
}

/** Looks at the next thousand ticks; resolves to how many it looked at. */
async function pruneTicks(log: Database, pruneAfter: number): Promise<number> {
  const { value } = await log.write([], (transaction) => log.query<{ looked_at: number }>(transaction, PRUNE_TICKS, [pruneAfter]));
  const [row] = value as [{ looked_at: number }];
  return row.looked_at;
}

const MAKE_PARTITIONS = {
  name: 'event_log_make_partitions',
  text: `select make_event_partitions(coalesce(pg_sequence_last_value('event_position_seq'), 0))`,
};

const PRUNE_TICKS = { name: 'event_log_prune_ticks', text: 'select prune_ticks($1) as looked_at' };

// The place of an event stays, so that the offsets of those behind it do.
const BLANK_PASSING_EVENTS = {
  name: 'event_log_blank_passing_events',
  text: `update event set data = null, previous = null, original = null
    where record_id is null and kind = any ($1) and data is not null
      and position <= (select ceiling from tick where at < clock_timestamp() - make_interval(days => $2) order by at desc limit 1)`,
};
