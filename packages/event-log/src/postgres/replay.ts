import type { Logger } from '@sophia/observability';
import type { EventFact, LogEvent, Transaction } from '@sophia/types';
import type { Place } from '../position.ts';
import { type LockedGroup, lockGroup } from './consumer-group.ts';
import type { EventShape } from './event-rows.ts';
import { HandlerFailure, type HandOver, handOver, keepAwake } from './hand-over.ts';
import type { LogBatch } from './log-batch.ts';
import { selectFrom, selectIn } from './select.ts';
import { errorText } from './set-aside.ts';
import { readSetAside, type SetAsideRow } from './set-aside-rows.ts';
import type { TickBook } from './tick-book.ts';

export interface ReplayOptions<Event extends EventFact> extends HandOver<Event> {
  readonly shape: Pick<EventShape<Event, never>, 'ofWhole'>;
  readonly groupId: number;
  readonly book: TickBook;
  readonly placeOf: (group: LockedGroup) => Promise<Place>;
  readonly logger: Logger;
}

/** For all of a replay, in milliseconds. */
const DEADLINE = 600_000;
const PAGE = 500;

/**
 * Hands the set-aside events over again, in order, while the group is held: all of a page at once, and
 * one by one where that fails. An event that fails again keeps those of its record behind it. Each
 * hand-over has its own transaction, in which the events are taken from those set aside.
 */
export async function replaySetAside<Event extends EventFact>(options: ReplayOptions<Event>): Promise<void> {
  const { log, groupId } = options;
  await log.write(
    [],
    async (transaction) => {
      const group = await lockGroup(selectIn(log, transaction), groupId);
      if (group === undefined || group.replayAsked <= group.replayDone) return;
      const awake = keepAwake(log, transaction);
      try {
        const { succeeded, failed } = await replayAll(options, await options.placeOf(group));
        await log.query(transaction, REPLAY_DONE, [groupId, group.replayAsked, succeeded, failed]);
      } finally {
        awake.end();
      }
    },
    { deadline: DEADLINE, idempotent: false },
  );
}

async function replayAll<Event extends EventFact>(
  options: ReplayOptions<Event>,
  place: Place,
): Promise<{ succeeded: number; failed: number }> {
  const { log, epoch, groupId, book, shape } = options;
  const tick = await book.upTo(place.tick - 1);
  const failing = new Set<string>();
  let after: Place = { tick: 0, offset: 0 };
  let succeeded = 0;
  let failed = 0;

  const tryEach = async (rows: readonly SetAsideRow[]) => {
    for (const row of rows) {
      const key = recordKey(row.event);
      const error = failing.has(key) ? BEHIND : await tryAll([row]);
      if (error !== undefined) failed++;
      if (error === undefined || error === BEHIND) continue;
      failing.add(key);
      await keepFailure(options, row, error);
    }
  };
  /** Of those that stand aside still. Resolves to why the handler could not take them; throws what is no fault of theirs. */
  const tryAll = async (rows: readonly SetAsideRow[]): Promise<unknown> => {
    try {
      const { value } = await log.write(
        [],
        async (transaction) => {
          const events = (await take(options, transaction, rows)).map(({ event }) => shape.ofWhole(event));
          const batch: LogBatch<Event> = { events, positions: [], end: place, tick, complete: tick };
          if (events.length > 0) await handOver(options, transaction, batch, true);
          return events.length;
        },
        { deadline: options.deadline + 10_000, idempotent: false },
      );
      succeeded += value;
      return undefined;
    } catch (error) {
      if (error instanceof HandlerFailure && !error.isEnvironmental) return error.cause;
      throw error;
    }
  };

  for (;;) {
    const rows = await readSetAside(selectFrom(log), epoch, groupId, after, PAGE);
    const last = rows[rows.length - 1];
    if (last === undefined) return { succeeded, failed };
    after = last.place;
    const isClear = !rows.some(({ event }) => failing.has(recordKey(event)));
    if (!isClear || rows.length === 1 || (await tryAll(rows)) !== undefined) await tryEach(rows);
  }
}

const BEHIND = Symbol('behind');

/** Takes them from what stands aside; those are none of them that were discarded since they were read. */
async function take(
  { log, groupId }: Pick<ReplayOptions<never>, 'log' | 'groupId'>,
  transaction: Transaction,
  rows: readonly SetAsideRow[],
): Promise<readonly SetAsideRow[]> {
  const places = [groupId, rows.map(({ place }) => place.tick), rows.map(({ place }) => place.offset)];
  const taken = await log.query<{ place: string }>(transaction, TAKE, places);
  const there = new Set(taken.map(({ place }) => place));
  return rows.filter(({ place }) => there.has(`${place.tick}.${place.offset}`));
}

async function keepFailure<Event extends EventFact>(
  { log, group, groupId, logger }: ReplayOptions<Event>,
  { place, event }: SetAsideRow,
  error: unknown,
): Promise<void> {
  logger.error({ group, err: error, position: event.position }, 'an event failed again when it was replayed');
  await log.write([], (transaction) => log.query(transaction, FAILED_AGAIN, [groupId, place.tick, place.offset, errorText(error)]));
}

/** Events of no record stand each alone. */
const recordKey = ({ workspace, record, position }: LogEvent): string => (record === null ? position : `${workspace} ${record.id}`);

const TAKE = {
  name: 'event_log_take_set_aside',
  text: `delete from event_set_aside using unnest($2::bigint[], $3::bigint[]) as taken (tick, tick_offset)
    where group_id = $1 and event_set_aside.tick = taken.tick and event_set_aside.tick_offset = taken.tick_offset
    returning concat(taken.tick, '.', taken.tick_offset) as place`,
};
const FAILED_AGAIN = {
  name: 'event_log_failed_again',
  text: `update event_set_aside set poison = true, error = $4, attempts = attempts + 1
    where group_id = $1 and tick = $2 and tick_offset = $3`,
};
const REPLAY_DONE = {
  name: 'event_log_replay_done',
  text: 'update event_group set replay_done = $2, replay_succeeded = $3, replay_failed = $4 where id = $1',
};
