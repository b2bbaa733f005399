import type { Database } from '@sophia/database';
import type { Logger } from '@sophia/observability';
import { type Clock, type Random, SophiaError, systemClock, systemRandom } from '@sophia/shared';
import type { EventLog } from '../event-log.ts';
import { appendEvents } from './append-events.ts';
import { createEventReader } from './event-reader.ts';
import { FACTS, WHOLE_EVENTS } from './event-rows.ts';
import { readLag } from './group-lag.ts';
import { createGroupMembers } from './group-members.ts';
import { createHaste } from './haste.ts';
import { startHousekeeping } from './housekeeping.ts';
import { keepInstance } from './instances.ts';
import { createLogReads } from './log-reads.ts';
import { READ_EPOCH, stateOf } from './same-log.ts';
import { selectFrom } from './select.ts';
import { createSetAsideAccess } from './set-aside-access.ts';
import { createSubscriptions } from './subscriptions.ts';
import { openTickBook } from './tick-book.ts';
import { openTickSession } from './tick-session.ts';
import { createWriteVisibility } from './write-visibility.ts';

export interface PostgresEventLogOptions {
  /** As the role `app`: for what joins a caller's transaction. */
  readonly app: Database;
  /** As the role `log`. Each consumer in the middle of a batch takes one of its connections. */
  readonly log: Database;
  readonly logger: Logger;
  readonly ticker?:
    | {
        /** Milliseconds between ticks at least, 5 unless told. */
        readonly intervalMs?: number | undefined;
        /** Milliseconds between ticks at most, 1,000 unless told. */
        readonly idleMs?: number | undefined;
      }
    | undefined;
  /** Days that the data of passing events are kept; 30 unless told. */
  readonly retentionDays?: number | undefined;
  /** Told, perhaps more than once, when the database is no longer the one that was read: what follows the log has to begin anew. */
  readonly onWentBack?: ((error: SophiaError) => void) | undefined;
  /** Milliseconds between two looks whether it is; 5,000 unless told. */
  readonly lookMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

export interface PostgresEventLog extends EventLog {
  /** Whether this process makes the ticks. */
  readonly isTicker: boolean;
}

const HOUSEKEEPING_MS = 10_000;
const LOOK_MS = 5_000;

/** The event log over the table `event` of PostgreSQL 15 and later. */
export async function createPostgresEventLog(options: PostgresEventLogOptions): Promise<PostgresEventLog> {
  const { app, log, logger, ticker: { intervalMs = 5, idleMs = 1_000 } = {}, retentionDays = 30 } = options;
  const { clock = systemClock, random = systemRandom, lookMs = LOOK_MS, onWentBack = () => undefined } = options;
  const epoch = await readEpoch(log);
  const book = await openTickBook(selectFrom(log));
  const events = { shape: WHOLE_EVENTS, reader: createEventReader(epoch, book, WHOLE_EVENTS) };
  const facts = { shape: FACTS, reader: createEventReader(epoch, book, FACTS) };
  const members = createGroupMembers(random);
  const haste = createHaste();
  const pace = { intervalMs, idleMs, lookMs };
  const ticks = await openTickSession({ database: log, epoch, book, clock, logger, haste, ...pace, onOpen: members.join, onWentBack });
  const { session, ticker } = ticks;
  const housekeeping = startHousekeeping({ log, logger, isElected: () => ticker.isElected, retentionDays, intervalMs: HOUSEKEEPING_MS });
  const subscriptions = createSubscriptions({ log, logger, epoch, book, random, haste, members, session });
  const lag = () => readLag(log, epoch, book);

  return {
    ...createLogReads({ log, epoch, book, events: events.reader, facts: facts.reader }),
    ...createSetAsideAccess({ log, epoch, book, wake: ticker.wake, lag }),
    ...createWriteVisibility({ log, epoch, book, haste, ticker }),
    get isTicker() {
      return ticker.isElected;
    },
    append: (transaction, news) => appendEvents(app, transaction, news),
    consume: (group, handler, consume) => subscriptions.join(events, group, handler, consume),
    consumeFacts: (group, handler, consume) => subscriptions.join(facts, group, handler, consume),
    keepInstance: (group, instance) => keepInstance(log, group, instance),
    stateOf: (mark) => stateOf(selectFrom(log), mark),
    async erase(transaction, record) {
      await app.query(transaction, ERASE, [record]);
    },
    lag,
    async close() {
      await subscriptions.close();
      await housekeeping.close();
      await ticks.close();
    },
  };
}

async function readEpoch(log: Database): Promise<string> {
  const [row] = await log.select<{ epoch: string }>([], READ_EPOCH);
  if (row === undefined) throw new SophiaError('database_error', 'The database has no installation: migrate it first.');
  return row.epoch;
}

const ERASE = { name: 'event_log_erase', text: 'select erase_record_events($1)' };
