import type { Database } from '@sophia/database';
import { SophiaError, withDeadline } from '@sophia/shared';
import type { EventFact, Transaction } from '@sophia/types';
import type { Handler, MicroBatch } from '../event-log.ts';
import { formatPosition } from '../position.ts';
import type { LogBatch } from './log-batch.ts';
import { markOf } from './tick.ts';

/** What went wrong in a handler, as opposed to around it; its own error is the cause. A SophiaError, so that it passes the database port as it is. */
export class HandlerFailure extends SophiaError {
  readonly batch: LogBatch;
  /** The surroundings failed, not the handler over an event. */
  readonly isEnvironmental: boolean;

  constructor(batch: LogBatch, cause: unknown, isEnvironmental: boolean) {
    super('internal_error', 'The handler failed.', { cause });
    this.batch = batch;
    this.isEnvironmental = isEnvironmental;
  }
}

export interface HandOver<Event extends EventFact> {
  readonly log: Database;
  readonly epoch: string;
  readonly group: string;
  readonly handler: Handler<Event>;
  /** Milliseconds for the handler. */
  readonly deadline: number;
  readonly isEnvironmental: (error: unknown) => boolean;
}

/** Calls the handler with its deadline while the transaction is kept awake; throws `HandlerFailure`. */
export async function handOver<Event extends EventFact>(
  options: HandOver<Event>,
  transaction: Transaction,
  batch: LogBatch<Event>,
  replay: boolean,
): Promise<void> {
  const { log, epoch, group, handler, deadline } = options;
  const what = `the handler of the consumer group ${group}`;
  const awake = keepAwake(log, transaction);
  try {
    await withDeadline(
      deadline,
      (limit) =>
        handler(microBatch(epoch, batch), {
          transaction,
          replay,
          get signal() {
            return limit.signal;
          },
        }),
      { what },
    );
  } catch (error) {
    throw new HandlerFailure(batch, error, options.isEnvironmental(error));
  } finally {
    awake.end();
  }
}

export const microBatch = <Event extends EventFact>(
  epoch: string,
  { events, end, tick, complete }: LogBatch<Event>,
): MicroBatch<Event> => ({
  events,
  cursor: formatPosition(epoch, end.tick, end.offset),
  tick: tick.tick,
  mark: markOf(tick),
  at: tick.at,
  completeTo: complete.completeTo,
  endOfTick: end.offset === 0,
});

/** PostgreSQL cuts transactions that stand idle, as those of a process that stands still should be. */
export function keepAwake(log: Database, transaction: Transaction, everyMs = AWAKE_EVERY_MS): { end(): void } {
  const timer = setInterval(() => {
    // When the transaction is lost, its next statement or its commit tells.
    log.query(transaction, STAY_AWAKE).catch(() => undefined);
  }, everyMs);
  return { end: () => clearInterval(timer) };
}

const AWAKE_EVERY_MS = 5_000;
const STAY_AWAKE = { name: 'event_log_stay_awake', text: 'select 1' };
