import { randomUUID } from 'node:crypto';
import type { Database } from '@sophia/database';
import type { Logger } from '@sophia/observability';
import { type Clock, type Random, SophiaError, systemClock, systemRandom } from '@sophia/shared';
import type { EventFact, Position } from '@sophia/types';
import type { ConsumeOptions, EventLog, Handler, SetAsideEvent, Subscription } from '../event-log.ts';
import { BEGINNING, comparePlaces, endOfTick, formatPosition, type Place, parsePosition } from '../position.ts';
import { decodeWriteToken, encodeWriteToken } from '../write-token.ts';
import { appendEvents } from './append-events.ts';
import { type ConsumerOptions, startConsumer } from './consumer.ts';
import { ensureGroup } from './consumer-group.ts';
import { createEventReader } from './event-reader.ts';
import { FACTS, WHOLE_EVENTS } from './event-rows.ts';
import { READ_LIMIT, readFiltered } from './filtered-read.ts';
import { readLag } from './group-lag.ts';
import { createGroupMembers } from './group-members.ts';
import { groupName } from './group-name.ts';
import { microBatch } from './hand-over.ts';
import { createHaste } from './haste.ts';
import { startHousekeeping } from './housekeeping.ts';
import { keepInstance } from './instances.ts';
import { openKeptSession } from './kept-session.ts';
import { unknownPlace } from './log-batch.ts';
import { ownPlace } from './member-place.ts';
import { readHistory } from './record-history.ts';
import { askForReplay, discard } from './replay-requests.ts';
import { createSameLog, READ_EPOCH, stateOf, watchSameLog } from './same-log.ts';
import { selectFrom } from './select.ts';
import { countSetAside, listSetAside } from './set-aside-rows.ts';
import { contains } from './snapshot.ts';
import { openTickBook } from './tick-book.ts';
import { startTicker, TICK_CHANNEL, type Ticker, WRITTEN_CHANNEL } from './ticker.ts';

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
const REPLAY_DEADLINE = 60_000;

/** The event log over the table `event` of PostgreSQL 15 and later. */
export async function createPostgresEventLog(options: PostgresEventLogOptions): Promise<PostgresEventLog> {
  const { app, log, logger, ticker: { intervalMs = 5, idleMs = 1_000 } = {}, retentionDays = 30 } = options;
  const { clock = systemClock, random = systemRandom, lookMs = LOOK_MS, onWentBack = () => undefined } = options;
  const name = randomUUID();
  const epoch = await readEpoch(log);
  const book = await openTickBook(selectFrom(log));
  const reader = createEventReader(epoch, book, WHOLE_EVENTS);
  const facts = { shape: FACTS, reader: createEventReader(epoch, book, FACTS) };
  const members = createGroupMembers(random);
  const haste = createHaste();
  const lookForSameLog = createSameLog({ epoch, book, onWentBack });
  // Set when the session is open, and called by it from then on.
  let ticker: Ticker | undefined;
  const session = await openKeptSession({
    database: log,
    logger,
    channels: {
      [TICK_CHANNEL]: (payload) => {
        // Its own ticks a process knows of.
        if (!payload.endsWith(name)) book.refresh().catch((error: unknown) => logger.warn({ err: error }, 'ticks could not be read'));
      },
      [WRITTEN_CHANNEL]: () => ticker?.heard(),
    },
    async onOpen(opened) {
      // Before it makes a tick.
      await lookForSameLog((statement, values) => opened.query(statement, values));
      await members.join(opened);
    },
    onLost: () => ticker?.deposed(),
  });
  const ticking = startTicker({ name, session, book, clock, logger, haste, intervalMs, idleMs });
  ticker = ticking;
  const housekeeping = startHousekeeping({ log, logger, isElected: () => ticking.isElected, retentionDays, intervalMs: HOUSEKEEPING_MS });
  const watch = watchSameLog(lookForSameLog, session, lookMs);
  const consumers = new Set<{ close(): Promise<void> }>();
  const select = selectFrom(log);
  const placeOf = (cursor: Position | null): Place => (cursor === null ? BEGINNING : parsePosition(epoch, cursor));

  const join = async <Event extends EventFact>(
    reading: Pick<ConsumerOptions<Event>, 'shape' | 'reader'>,
    group: string,
    handler: Handler<Event>,
    consume: ConsumeOptions = {},
  ): Promise<Subscription> => {
    if (consume.cursor !== undefined) await ownPlace(epoch, consume.cursor);
    const groupId = await ensureGroup(log, groupName(group, consume.instance));
    const membership = await members.add(session, groupId);
    const consumer = startConsumer({ log, logger, epoch, book, ...reading, random, haste, group, groupId, handler, consume });
    consumers.add(consumer);
    return {
      group,
      async close() {
        consumers.delete(consumer);
        await consumer.close();
        await membership.leave(session);
      },
    };
  };

  const eventLog: PostgresEventLog = {
    get isTicker() {
      return ticking.isElected;
    },
    append: (transaction, events) => appendEvents(app, transaction, events),
    async read(cursor, readOptions = {}) {
      const upTo = readOptions.upTo === undefined ? undefined : placeOf(readOptions.upTo);
      const batch = await readFiltered(reader, selectFrom(log, readOptions.signal), readOptions, { from: placeOf(cursor), upTo });
      const isBefore = (place: Place): boolean => comparePlaces(batch.end, place) < 0;
      const more = isBefore(endOfTick(book.head.tick)) && (upTo === undefined || isBefore(upTo));
      return { ...microBatch(epoch, batch), more };
    },
    consume: (group, handler, consume) => join({ shape: WHOLE_EVENTS, reader }, group, handler, consume),
    consumeFacts: (group, handler, consume) => join(facts, group, handler, consume),
    async setAside(group, { limit = READ_LIMIT, after } = {}) {
      const rows = await listSetAside(select, epoch, group, after === undefined ? { tick: 0, offset: 0 } : placeOf(after), limit);
      return rows.map(({ place: _, ...row }): SetAsideEvent => ({ group, ...row }));
    },
    setAsideCounts: (group, instance) => countSetAside(select, groupName(group, instance)),
    keepInstance: (group, instance) => keepInstance(log, group, instance),
    stateOf: (mark) => stateOf(select, mark),
    replay: (group, { deadline = REPLAY_DEADLINE } = {}) =>
      askForReplay({ log, book, wake: ticking.wake, lag: eventLog.lag, deadline }, group),
    discard: (group, position) => discard(log, group, placeOf(position)),
    history: (workspace, record, { afterVersion = 0, limit = READ_LIMIT, signal } = {}) =>
      readHistory(selectFrom(log, signal), workspace, record, afterVersion, limit),
    async erase(transaction, record) {
      await app.query(transaction, ERASE, [record]);
    },
    async head() {
      await book.refresh();
      const { tick, at, completeTo } = book.head;
      const end = endOfTick(tick);
      return { epoch, position: formatPosition(epoch, end.tick, end.offset), tick, at, completeTo };
    },
    lag: () => readLag(log, epoch, book),
    async timeOf(position) {
      const place = placeOf(position);
      const passed = place.tick - 1;
      // Others may have made it.
      if (passed > book.head.tick) await book.refresh();
      if (passed > book.head.tick) throw unknownPlace();
      // Whether a tick has a place within it, its events tell; answers state the ends of ticks.
      if (place.offset > 0) await facts.reader.read(select, place, 1);
      return (await book.upTo(passed)).at;
    },
    async oldestWriterSeconds() {
      const [row] = (await log.select<{ seconds: number }>([], OLDEST_WRITER)) as [{ seconds: number }];
      return row.seconds;
    },
    wake: ticking.wake,
    hurry: haste.begin,
    async waitForTick(after, milliseconds, signal) {
      const done = haste.begin();
      await book.waitFor(after, milliseconds, signal);
      done();
    },
    async contains(number, { transactionId }) {
      const { snapshot } = await book.upTo(number);
      return snapshot !== null && contains(snapshot, Number(transactionId));
    },
    encodeToken: (parts) => encodeWriteToken({ epoch, ...parts }),
    decodeToken: (token) => decodeWriteToken(epoch, token),
    async close() {
      await Promise.all([...consumers].map((consumer) => consumer.close()));
      await watch.close();
      await housekeeping.close();
      await ticking.close();
      await session.close();
    },
  };
  return eventLog;
}

async function readEpoch(log: Database): Promise<string> {
  const [row] = await log.select<{ epoch: string }>([], READ_EPOCH);
  if (row === undefined) throw new SophiaError('database_error', 'The database has no installation: migrate it first.');
  return row.epoch;
}

const ERASE = { name: 'event_log_erase', text: 'select erase_record_events($1)' };
const OLDEST_WRITER = {
  name: 'event_log_oldest_writer',
  text: `select case when pg_snapshot_xmin(head.snapshot) < pg_snapshot_xmax(head.snapshot)
      then extract(epoch from clock_timestamp() - (select at from tick where xid < pg_snapshot_xmin(head.snapshot) order by xid desc limit 1))
      else 0 end::float8 as seconds
    from (select snapshot from tick order by tick desc limit 1) as head`,
};
