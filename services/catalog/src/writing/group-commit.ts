import { setImmediate as nextTurn } from 'node:timers/promises';
import { isLockTimeout } from '@sophia/database';
import { type Clock, isSophiaError, SophiaError } from '@sophia/shared';
import type { WorkspaceId } from '@sophia/types';

/** One caller's work in the queue. */
export interface GroupedRequest {
  /** Requests of the same key run one after the other, in the order in which they came. */
  readonly key: string;
  readonly workspace: WorkspaceId;
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface GroupCommitOptions<Request extends GroupedRequest, Answer> {
  /** Does all of the requests, whose keys differ, in one transaction; answers in their order. Calls `executed` when only the commit is left. */
  readonly commit: (requests: readonly Request[], milliseconds: number, executed: () => void) => Promise<readonly Answer[]>;
  readonly clock: Clock;
  /** Transactions at once, at most. */
  readonly transactions: number;
  /** So many that wait are worth one more transaction beside one that is executed. */
  readonly worthwhile: number;
  /** Requests that may wait; beyond it callers get `overloaded`. */
  readonly queue: number;
  /** Most requests in one transaction. */
  readonly batch: number;
}

export interface GroupCommit<Request extends GroupedRequest, Answer> {
  submit(request: Request): Promise<Answer>;
  readonly waiting: number;
  /** Takes no more, and resolves when those taken are answered. */
  close(): Promise<void>;
}

interface Entry<Request, Answer> {
  readonly request: Request;
  readonly expires: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  readonly onAbort: () => void;
  settled: boolean;
  /** Shares no transaction: one of those that it shared the last with waits for a row that somebody else holds. */
  alone: boolean;
}

interface Execution {
  readonly begun: number;
  /** It counts no more among those that are executed. */
  over(): void;
}

const DEFAULT_DEADLINE = 10_000;
/** Milliseconds that a group is gathered at most, while each turn of the event loop brings more. */
const GATHERING = 10;
/** Milliseconds after which a transaction that is still executed no longer keeps others from beginning: it waits for somebody, or the database is slow. */
const STALLED = 250;
/** Milliseconds between looks for callers who have waited too long. */
const SWEEP = 100;

/**
 * Group commit: whatever waits when a transaction ends shares the next one, so that durability and
 * the making of a transaction are paid once for all of them (0.3 ms of PostgreSQL). Nobody waits for a
 * timer, only for turns of the event loop, as long as each brings more, and no longer than ten
 * milliseconds. A key that is in hand waits for a later one, so two transactions never wait for each
 * other's rows. The next one is executed while the last one is made durable; two are executed at once
 * only where many wait, or where the first takes long. Where a row is held by somebody else, those that share
 * its transaction are run again, each alone: only those of its key wait for it.
 */
export function createGroupCommit<Request extends GroupedRequest, Answer>(
  options: GroupCommitOptions<Request, Answer>,
): GroupCommit<Request, Answer> {
  const { commit, clock, transactions, worthwhile, queue, batch } = options;
  const running = new Set<Promise<void>>();
  const inHand = new Map<string, Entry<Request, Answer>>();
  let waiting: Entry<Request, Answer>[] = [];
  /** Transactions of which more than the commit is left, but for those that take long. */
  const executing = new Set<Execution>();
  let sweeper: NodeJS.Timeout | undefined;
  let closed = false;

  const settle = (entry: Entry<Request, Answer>, finish: () => void) => {
    if (entry.settled) return;
    entry.settled = true;
    entry.request.signal?.removeEventListener('abort', entry.onAbort);
    finish();
  };
  const sweep = () => {
    const now = clock.monotonic();
    for (const entry of [...inHand.values(), ...waiting]) {
      if (entry.expires <= now) settle(entry, () => entry.reject(tooLate()));
    }
    for (const execution of [...executing]) if (now - execution.begun >= STALLED) execution.over();
    if (running.size === 0) {
      clearInterval(sweeper);
      sweeper = undefined;
    }
  };
  const take = (): Entry<Request, Answer>[] => {
    const taken: Entry<Request, Answer>[] = [];
    const left: Entry<Request, Answer>[] = [];
    const passed = new Set<string>();
    let most = batch;
    for (const entry of waiting) {
      const { key } = entry.request;
      if (entry.settled) continue;
      const hasRoom = taken.length < (entry.alone ? 1 : most);
      if (hasRoom && !inHand.has(key) && !passed.has(key)) {
        if (entry.alone) most = 1;
        taken.push(entry);
        inHand.set(key, entry);
      } else {
        left.push(entry);
        passed.add(key);
      }
    }
    waiting = left;
    return taken;
  };
  const run = async (entries: readonly Entry<Request, Answer>[]): Promise<void> => {
    const latest = entries.reduce((most, { expires }) => Math.max(most, expires), 0);
    const { over } = beginExecution();
    try {
      const answers = await commit(
        entries.map(({ request }) => request),
        Math.max(1, latest - clock.monotonic()),
        over,
      );
      entries.forEach((entry, index) => {
        settle(entry, () => entry.resolve(answers[index] as Answer));
      });
    } catch (error) {
      if (entries.length === 1 || !isOwnFault(error)) {
        for (const entry of entries) settle(entry, () => entry.reject(error));
        return;
      }
      over();
      if (isLockTimeout(error)) return runAgainAlone(entries);
      // One of them broke the statement: alone, it breaks only its own.
      for (const entry of entries) await run([entry]);
    } finally {
      over();
    }
  };
  /** Before all that came later: those of a key keep their order. */
  const runAgainAlone = (entries: readonly Entry<Request, Answer>[]): void => {
    for (const entry of entries) {
      entry.alone = true;
      inHand.delete(entry.request.key);
    }
    waiting = [...entries, ...waiting];
  };
  const beginExecution = (): Execution => {
    const execution: Execution = {
      begun: clock.monotonic(),
      over() {
        if (executing.delete(execution)) start();
      },
    };
    executing.add(execution);
    return execution;
  };
  const isWorthwhile = (): boolean => waiting.length >= (executing.size === 0 ? 1 : worthwhile);
  /** Waits as long as every turn of the event loop brings more requests, also from those that were just answered, for a moment. */
  const gather = async (): Promise<void> => {
    const until = clock.monotonic() + GATHERING;
    let before: number;
    do {
      before = waiting.length;
      await nextTurn();
    } while (waiting.length > before && waiting.length < batch && clock.monotonic() < until);
  };
  const drain = async (): Promise<void> => {
    for (await gather(); isWorthwhile(); await gather()) {
      const taken = take();
      // All keys are in hand: who has them goes on.
      if (taken.length === 0) return;
      await run(taken);
      // Of those that are to run again, another may have the key by now.
      for (const entry of taken) if (inHand.get(entry.request.key) === entry) inHand.delete(entry.request.key);
    }
  };
  const start = (): void => {
    if (running.size >= transactions || !isWorthwhile()) return;
    const draining = drain().finally(() => {
      running.delete(draining);
      // What came after the last look of all.
      if (running.size === 0) start();
    });
    running.add(draining);
  };

  return {
    get waiting() {
      return waiting.length;
    },
    submit(request) {
      if (closed) return Promise.reject(new SophiaError('unavailable', 'This instance is closing.', { retryAfter: 1 }));
      if (request.signal?.aborted === true) return Promise.reject(request.signal.reason);
      if (waiting.length >= queue) {
        return Promise.reject(new SophiaError('overloaded', `${waiting.length} writes are waiting for the database.`, { retryAfter: 1 }));
      }
      return new Promise((resolve, reject) => {
        const onAbort = () => settle(entry, () => reject(request.signal?.reason));
        const expires = clock.monotonic() + (request.deadline ?? DEFAULT_DEADLINE);
        const entry: Entry<Request, Answer> = { request, expires, resolve, reject, onAbort, settled: false, alone: false };
        request.signal?.addEventListener('abort', onAbort, { once: true });
        waiting.push(entry);
        start();
        sweeper ??= setInterval(sweep, SWEEP);
      });
    },
    async close() {
      closed = true;
      while (running.size > 0) await Promise.all(running);
      clearInterval(sweeper);
    },
  };
}

const tooLate = () => new SophiaError('deadline_exceeded', 'The write did not finish in time; it may still take place.', { retryAfter: 1 });

/** An error of a statement, not of the environment. */
const isOwnFault = (error: unknown): boolean => !isSophiaError(error) || error.code === 'database_error' || error.code === 'internal_error';
