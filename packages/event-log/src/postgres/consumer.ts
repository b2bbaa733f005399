import type { Database } from '@sophia/database';
import type { Logger } from '@sophia/observability';
import { createBackoff, type Random } from '@sophia/shared';
import type { EventFact, Transaction } from '@sophia/types';
import type { ConsumeOptions, Handler } from '../event-log.ts';
import { BEGINNING, comparePlaces, type Place, parsePosition } from '../position.ts';
import { type LockedGroup, lockGroup, moveGroup } from './consumer-group.ts';
import { isEnvironmental } from './environmental.ts';
import type { EventReader } from './event-reader.ts';
import type { EventShape } from './event-rows.ts';
import { HandlerFailure, handOver } from './hand-over.ts';
import type { Haste } from './haste.ts';
import type { LogBatch } from './log-batch.ts';
import { pause } from './pause.ts';
import { createPoisonSearch } from './poison-search.ts';
import { replaySetAside } from './replay.ts';
import { selectIn } from './select.ts';
import { errorText, setAside, siftBatch } from './set-aside.ts';
import { type Silence, silenceOf, watchSilence } from './silence.ts';
import type { TickBook } from './tick-book.ts';

export interface ConsumerOptions<Event extends EventFact> {
  readonly log: Database;
  readonly logger: Logger;
  readonly epoch: string;
  readonly book: TickBook;
  readonly shape: Pick<EventShape<Event, never>, 'ofWhole'>;
  readonly reader: EventReader<Event>;
  readonly random: Random;
  readonly haste: Haste;
  readonly group: string;
  readonly groupId: number;
  readonly handler: Handler<Event>;
  readonly consume: ConsumeOptions;
}

/**
 * What a member found: a batch was `delivered`, `full` or not; there was `nothing` new; another member is `busy` with
 * the group; events were put `behind` a poison event, so the batch has to be read again; a `replay`
 * was asked for.
 */
type Outcome =
  | { readonly kind: 'delivered'; readonly end: Place; readonly full: boolean }
  | { readonly kind: 'nothing' | 'busy' | 'behind' | 'replay' };

const BATCH_SIZE = 5_000;
const ATTEMPTS = 3;
const HANDLER_DEADLINE = 60_000;
const SILENCE = 10_000;
/** For the statements around the handler, in milliseconds. */
const MARGIN = 10_000;
/** How long a member waits before it looks whether a busy one is gone, in milliseconds. */
const BUSY_MS = 100;
const IDLE_MS = 1_000;
/** Rests so many times as long as a batch took, so that batches have a seventh of a busy core; at most so many milliseconds, so that long ones have more. */
const REST = 6;
const LONGEST_REST_MS = 100;

/** A member of a consumer group: hands micro-batches to the handler, one after the other, until it is closed. */
export function startConsumer<Event extends EventFact>(options: ConsumerOptions<Event>): { close(): Promise<void> } {
  const { log, logger, epoch, book, shape, reader, haste, group, groupId, handler, consume } = options;
  const { batchSize = BATCH_SIZE, attempts = ATTEMPTS, deadline = HANDLER_DEADLINE, silence = SILENCE } = consume;
  const handing = {
    log,
    epoch,
    group,
    handler,
    deadline,
    isEnvironmental: (error: unknown) => isEnvironmental(error) || consume.isEnvironmental?.(error) === true,
  };
  const closing = new AbortController();
  const backoff = createBackoff({ initialDelay: consume.retryDelay ?? 100, maximumDelay: 5_000, random: options.random });
  const search = createPoisonSearch(batchSize, attempts);
  const about = { group };
  let environmentalFailures = 0;
  /** Whether what stands aside may have changed without a word to `onSetAside`: also where a commit's outcome is not known. */
  let untold = false;
  /** Where this member left the group: while it stands there, the handler's own cursor is known too. */
  let left: Place | undefined;

  const placeOf = async ({ place }: LockedGroup): Promise<Place> => {
    if (consume.cursor === undefined) return place;
    if (left !== undefined && comparePlaces(left, place) === 0) return place;
    return ownPlace(epoch, consume.cursor);
  };

  const locked = async (work: (group: LockedGroup, transaction: Transaction, watched: Silence) => Promise<Outcome>): Promise<Outcome> => {
    const most = deadline + MARGIN;
    const watched = watchSilence(silenceOf(silence, environmentalFailures, most));
    try {
      const { value } = await log.write(
        [],
        async (transaction): Promise<Outcome> => {
          const lockedGroup = await lockGroup(selectIn(log, transaction), groupId);
          return lockedGroup === undefined ? { kind: 'busy' } : work(lockedGroup, transaction, watched);
        },
        { deadline: most, signal: watched.signal, idempotent: false },
      );
      return value;
    } finally {
      watched.end();
    }
  };

  const deliver = (): Promise<Outcome> =>
    locked(async (lockedGroup, transaction, watched) => {
      if (lockedGroup.replayAsked > lockedGroup.replayDone) return { kind: 'replay' };
      const select = selectIn(log, transaction);
      const from = await placeOf(lockedGroup);
      const read = await reader.read(select, from, search.size);
      if (comparePlaces(read.end, from) <= 0) return { kind: 'nothing' };
      const { batch, behind } = lockedGroup.hasSetAside ? await siftBatch(select, epoch, groupId, read) : { batch: read, behind: [] };
      if (behind.length > 0) {
        // Committed before the cursor may pass them, wherever the handler keeps it.
        untold = true;
        await setAside(select, groupId, behind, { poison: false, error: '', attempts: 0 });
        return { kind: 'behind' };
      }
      await watched.during(() => handOver(handing, transaction, batch, false));
      await moveGroup(select, groupId, read.end);
      return { kind: 'delivered', end: read.end, full: read.events.length >= search.size };
    });

  /** Of a batch with one event. */
  const setPoisonAside = ({ events, positions }: LogBatch, error: unknown) =>
    locked(async (lockedGroup, transaction) => {
      const [event] = events as [EventFact];
      const [position] = positions as [string];
      const place = parsePosition(epoch, event.position);
      // Another member may have succeeded meanwhile, or the handler itself before it failed.
      if (comparePlaces(await placeOf(lockedGroup), place) >= 0) return { kind: 'nothing' };
      await setAside(selectIn(log, transaction), groupId, [{ event, place, position }], {
        poison: true,
        error: errorText(error),
        attempts,
      });
      logger.error({ ...about, err: error, position: event.position }, 'an event was set aside');
      return { kind: 'behind' };
    });

  const recover = async (failure: unknown): Promise<void> => {
    left = undefined;
    const error = failure instanceof HandlerFailure ? failure.cause : failure;
    if (!(failure instanceof HandlerFailure) || failure.isEnvironmental) {
      environmentalFailures++;
      logger.warn({ ...about, err: error, failures: environmentalFailures }, 'a consumer waits for its surroundings');
      return pause(backoff(environmentalFailures), closing.signal);
    }
    const { events, end } = failure.batch;
    logger.warn({ ...about, err: error, events: events.length }, 'a batch failed');
    switch (search.failed(events.length, end)) {
      case 'try_again':
        return pause(backoff(search.failures), closing.signal);
      case 'split':
        return;
      case 'set_aside':
        untold = true;
        await setPoisonAside(failure.batch, error);
    }
  };

  /** After a batch that was not full: what comes meanwhile is handed over together, unless somebody waits for it. */
  const rest = async (milliseconds: number): Promise<void> => {
    if (!haste.isUrgent) await haste.rest(Math.min(LONGEST_REST_MS, REST * milliseconds), closing.signal);
  };

  const follow = async (outcome: Outcome, milliseconds: number): Promise<void> => {
    switch (outcome.kind) {
      case 'delivered':
        environmentalFailures = 0;
        left = outcome.end;
        search.succeeded(outcome.end);
        return outcome.full ? undefined : rest(milliseconds);
      case 'behind':
        return;
      case 'nothing':
        return book.waitFor(book.head.tick, IDLE_MS, closing.signal);
      case 'busy':
        return pause(BUSY_MS, closing.signal);
      case 'replay':
        untold = true;
        return replaySetAside({ ...handing, shape, groupId, book, placeOf, logger });
    }
  };

  const tellOfSetAside = async (): Promise<void> => {
    if (!untold) return;
    await consume.onSetAside?.();
    untold = false;
  };

  const run = async () => {
    while (!closing.signal.aborted) {
      try {
        // A transaction costs more than a look at memory.
        if (left !== undefined && book.head.tick < left.tick) await book.waitFor(left.tick - 1, IDLE_MS, closing.signal);
        if (closing.signal.aborted) return;
        await tellOfSetAside();
        const begun = performance.now();
        const outcome = await deliver();
        await follow(outcome, performance.now() - begun);
      } catch (failure) {
        await recover(failure).catch((error: unknown) => {
          logger.warn({ ...about, err: error }, 'a consumer could not set an event aside and tries again');
        });
      }
    }
  };
  const running = run();

  return {
    async close() {
      closing.abort(new Error('The consumer is closing.'));
      await running;
    },
  };
}

/** Where the handler's own cursor stands. Throws `invalid_cursor` and `cursor_of_another_log`. */
export async function ownPlace(epoch: string, cursor: NonNullable<ConsumeOptions['cursor']>): Promise<Place> {
  const position = await cursor();
  return position === null ? BEGINNING : parsePosition(epoch, position);
}
