import type { Database } from '@sophia/database';
import type { Logger } from '@sophia/observability';
import { createBackoff, type Random } from '@sophia/shared';
import type { EventFact } from '@sophia/types';
import type { ConsumeOptions, Handler } from '../event-log.ts';
import { type Delivered, type DeliverOptions, deliverBatch } from './deliver-batch.ts';
import { isEnvironmental } from './environmental.ts';
import type { EventReader } from './event-reader.ts';
import type { EventShape } from './event-rows.ts';
import { type GroupTurn, takeTurn } from './group-turn.ts';
import { HandlerFailure } from './hand-over.ts';
import type { Haste } from './haste.ts';
import { createMemberPlace, type MemberPlace } from './member-place.ts';
import { pause } from './pause.ts';
import { type PoisonOptions, setPoisonAside } from './poison-event.ts';
import { createPoisonSearch, type PoisonSearch } from './poison-search.ts';
import { type ReplayOptions, replaySetAside } from './replay.ts';
import { createSetAsideNews } from './set-aside-news.ts';
import { silenceOf } from './silence.ts';
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
  const closing = new AbortController();
  const running = new Consumer(options, closing.signal).run();
  return {
    async close() {
      closing.abort(new Error('The consumer is closing.'));
      await running;
    },
  };
}

/** What its rounds are made with, from the first to the last. */
type Member<Event extends EventFact> = DeliverOptions<Event> & PoisonOptions & ReplayOptions<Event>;

class Consumer<Event extends EventFact> {
  readonly #member: Member<Event>;
  readonly #haste: Haste;
  readonly #silence: number;
  readonly #place: MemberPlace;
  readonly #search: PoisonSearch;
  readonly #backoff: (attempt: number) => number;
  readonly #closing: AbortSignal;
  #environmentalFailures = 0;

  constructor({ consume, random, haste, ...options }: ConsumerOptions<Event>, closing: AbortSignal) {
    const { batchSize = BATCH_SIZE, attempts = ATTEMPTS, deadline = HANDLER_DEADLINE, silence = SILENCE } = consume;
    this.#place = createMemberPlace(options.epoch, consume.cursor);
    this.#member = {
      ...options,
      deadline,
      attempts,
      isEnvironmental: (error) => isEnvironmental(error) || consume.isEnvironmental?.(error) === true,
      placeOf: this.#place.of,
      news: createSetAsideNews(consume),
    };
    this.#haste = haste;
    this.#silence = silence;
    this.#search = createPoisonSearch(batchSize, attempts);
    this.#backoff = createBackoff({ initialDelay: consume.retryDelay ?? 100, maximumDelay: 5_000, random });
    this.#closing = closing;
  }

  async run(): Promise<void> {
    while (!this.#closing.aborted) {
      try {
        await this.#round();
      } catch (failure) {
        await this.#recover(failure).catch((error: unknown) => {
          const { group, logger } = this.#member;
          logger.warn({ group, err: error }, 'a consumer could not set an event aside and tries again');
        });
      }
    }
  }

  async #round(): Promise<void> {
    const { book, news } = this.#member;
    const { left } = this.#place;
    // A transaction costs more than a look at memory.
    if (left !== undefined && book.head.tick < left.tick) await book.waitFor(left.tick - 1, IDLE_MS, this.#closing);
    if (this.#closing.aborted) return;
    await news.tell();
    const begun = performance.now();
    const found = await this.#takeTurn((turn) => deliverBatch(this.#member, turn, this.#search.size));
    await this.#follow(found, performance.now() - begun);
  }

  #takeTurn<Outcome>(work: (turn: GroupTurn) => Promise<Outcome>) {
    const { log, groupId } = this.#member;
    const deadline = this.#member.deadline + MARGIN;
    return takeTurn({ log, groupId, deadline, silence: silenceOf(this.#silence, this.#environmentalFailures, deadline) }, work);
  }

  async #follow(found: Delivered | { readonly kind: 'busy' }, milliseconds: number): Promise<void> {
    const { book, news } = this.#member;
    switch (found.kind) {
      case 'delivered':
        this.#environmentalFailures = 0;
        this.#place.leave(found.end);
        this.#search.succeeded(found.end);
        return found.full ? undefined : this.#rest(milliseconds);
      case 'behind':
        return;
      case 'nothing':
        return book.waitFor(book.head.tick, IDLE_MS, this.#closing);
      case 'busy':
        return pause(BUSY_MS, this.#closing);
      case 'replay':
        news.note();
        return replaySetAside(this.#member);
    }
  }

  /** After a batch that was not full: what comes meanwhile is handed over together, unless somebody waits for it. */
  async #rest(milliseconds: number): Promise<void> {
    if (!this.#haste.isUrgent) await this.#haste.rest(Math.min(LONGEST_REST_MS, REST * milliseconds), this.#closing);
  }

  async #recover(failure: unknown): Promise<void> {
    this.#place.forget();
    if (failure instanceof HandlerFailure) await (failure.isEnvironmental ? this.#waitOut(failure.cause) : this.#isolate(failure));
    else await this.#waitOut(failure);
  }

  /** What failed is around the handler: it is waited for without end. */
  async #waitOut(error: unknown): Promise<void> {
    const { group, logger } = this.#member;
    const failures = ++this.#environmentalFailures;
    logger.warn({ group, err: error, failures }, 'a consumer waits for its surroundings');
    await pause(this.#backoff(failures), this.#closing);
  }

  /** The handler failed over its events: the one that it fails over is searched for, and set aside. */
  async #isolate({ batch, cause }: HandlerFailure): Promise<void> {
    const { group, logger, news } = this.#member;
    const { events, end } = batch;
    logger.warn({ group, err: cause, events: events.length }, 'a batch failed');
    switch (this.#search.failed(events.length, end)) {
      case 'try_again':
        return pause(this.#backoff(this.#search.failures), this.#closing);
      case 'split':
        return;
      case 'set_aside':
        news.note();
        await this.#takeTurn((turn) => setPoisonAside(this.#member, turn, batch, cause));
    }
  }
}
