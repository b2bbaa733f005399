import { isLockTimeout } from '@sophia/database';
import { type Clock, isSophiaError, SophiaError } from '@sophia/shared';
import type { WorkspaceId } from '@sophia/types';
import { createGathering } from './gathering.ts';
import { createHeldUp } from './held-up.ts';

/** One caller's work in the queue. */
export interface GroupedRequest {
  /** Requests of the same key run one after the other, in the order in which they came. */
  readonly key: string;
  readonly workspace: WorkspaceId;
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds. */
export interface CommitLimits {
  readonly deadline: number;
  /** That a lock is waited for at most, which somebody else holds. */
  readonly lockTimeout: number;
}

export interface GroupCommitOptions<Request extends GroupedRequest, Answer> {
  /** Does all of the requests, whose keys differ, in one transaction; answers in their order. Calls `executed` when only the commit is left. */
  readonly commit: (requests: readonly Request[], limits: CommitLimits, executed: () => void) => Promise<readonly Answer[]>;
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
}

interface Execution {
  readonly begun: number;
  /** Only the commit is left: where it is not quick, the next transaction is executed meanwhile. */
  executed(): void;
  /** It counts no more among those that are executed. */
  over(): void;
}

const DEFAULT_DEADLINE = 10_000;
/** Milliseconds after which a commit is not quick, and the next transaction begins beside it. */
const QUICK_COMMIT = 1;
/** Milliseconds after which a transaction that is still executed no longer keeps others from beginning: it waits for somebody, or the database is slow. */
const STALLED = 250;
/** Milliseconds that those who share a transaction wait for a row that somebody else holds, and where rows are known to be held. */
const LOCK_TIMEOUT = 1_000;
const LOCK_TIMEOUT_WHILE_HELD = 250;
/** Milliseconds between looks for callers who have waited too long. */
const SWEEP = 100;

/**
 * Group commit: whatever waits when a transaction ends shares the next one, so that durability and
 * the making of a transaction are paid once for all of them (0.4 to 0.8 ms of PostgreSQL). It is gathered for a
 * moment, see `gathering.ts`. A key that is in hand waits for a later one, so two transactions never wait for each
 * other's rows. The next one is executed while the last one is made durable, where that takes long; two are executed at once
 * only where many wait, or where the first takes long. Where a row is held by somebody else, those that share
 * its transaction are held up, and tried again by one more transaction.
 */
export function createGroupCommit<Request extends GroupedRequest, Answer>(
  options: GroupCommitOptions<Request, Answer>,
): GroupCommit<Request, Answer> {
  const { commit, clock, transactions, worthwhile, queue, batch } = options;
  const running = new Set<Promise<void>>();
  const inHand = new Map<string, Entry<Request, Answer>>();
  let waiting: Entry<Request, Answer>[] = [];
  let waitingKeys = new Set<string>();
  /** Transactions of which more than the commit is left, but for those that take long. */
  const executing = new Set<Execution>();
  const gathering = createGathering({ clock, waiting: () => waitingKeys.size, most: batch });
  /** While the next group is gathered. */
  let gathered: Promise<void> | undefined;
  /** Keys that waited or were in hand when the last transaction ended: whoever writes one record after the other comes again. */
  let activeKeys = 0;
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
    if (isIdle()) {
      clearInterval(sweeper);
      sweeper = undefined;
    }
  };
  const isIdle = (): boolean => gathered === undefined && running.size === 0 && heldUp.trying === undefined;
  const take = (): Entry<Request, Answer>[] => {
    const taken: Entry<Request, Answer>[] = [];
    const left: Entry<Request, Answer>[] = [];
    waitingKeys = new Set();
    for (const entry of waiting) {
      const { key } = entry.request;
      if (entry.settled) continue;
      if (taken.length < batch && !inHand.has(key) && !waitingKeys.has(key)) {
        inHand.set(key, entry);
        if (heldUp.isSuspect(key)) heldUp.add([entry]);
        else taken.push(entry);
      } else {
        left.push(entry);
        waitingKeys.add(key);
      }
    }
    waiting = left;
    return taken;
  };
  const run = async (entries: readonly Entry<Request, Answer>[], lockTimeout: number, execution?: Execution): Promise<void> => {
    const latest = entries.reduce((most, { expires }) => Math.max(most, expires), 0);
    try {
      const limits = { deadline: Math.max(1, latest - clock.monotonic()), lockTimeout };
      const answers = await commit(
        entries.map(({ request }) => request),
        limits,
        () => execution?.executed(),
      );
      const unasked = [...waitingKeys].filter((key) => !inHand.has(key)).length;
      activeKeys = inHand.size + unasked;
      if (execution !== undefined) gathering.ended(unasked, clock.monotonic() - execution.begun);
      entries.forEach((entry, index) => {
        heldUp.absolve(entry.request.key);
        settle(entry, () => entry.resolve(answers[index] as Answer));
      });
    } catch (error) {
      if (isLockTimeout(error)) {
        const [first, ...others] = entries;
        if (first !== undefined && others.length === 0) heldUp.suspect(first.request.key);
        // They keep their keys.
        heldUp.add(entries);
        return;
      }
      if (entries.length > 1 && isOwnFault(error)) {
        execution?.over();
        // One of them broke the statement: alone, it breaks only its own.
        for (const entry of entries) await run([entry], lockTimeout);
        return;
      }
      for (const entry of entries) settle(entry, () => entry.reject(error));
    }
    for (const { request } of entries) inHand.delete(request.key);
  };
  const heldUp = createHeldUp<Entry<Request, Answer>>(async (entry, lockTimeout) => {
    const { key } = entry.request;
    if (entry.settled) inHand.delete(key);
    else await run([entry], lockTimeout);
    if (!inHand.has(key)) start();
  });
  const beginExecution = (): Execution => {
    let commit: NodeJS.Timeout | undefined;
    const execution: Execution = {
      begun: clock.monotonic(),
      executed() {
        commit ??= setTimeout(execution.over, QUICK_COMMIT);
      },
      over() {
        clearTimeout(commit);
        if (executing.delete(execution)) start();
      },
    };
    executing.add(execution);
    return execution;
  };
  const isWorthwhile = (): boolean => waiting.length >= (executing.size === 0 ? 1 : worthwhile);
  /** Whoever has the keys that are in hand looks when they are free. */
  const isTakeable = (): boolean => waiting.some(({ request }) => !inHand.has(request.key));
  const begin = (): void => {
    const taken = take();
    // All keys are in hand: who has them goes on.
    if (taken.length === 0) return;
    const execution = beginExecution();
    const lockTimeout = heldUp.trying === undefined ? LOCK_TIMEOUT : LOCK_TIMEOUT_WHILE_HELD;
    const done = run(taken, lockTimeout, execution).finally(() => {
      running.delete(done);
      execution.over();
      start();
    });
    running.add(done);
  };
  const start = (): void => {
    if (gathered !== undefined || running.size >= transactions || !isWorthwhile() || !isTakeable()) return;
    gathered = gathering.gather(activeKeys - inHand.size).then(() => {
      begin();
      gathered = undefined;
      // More than a batch may wait.
      start();
    });
  };

  return {
    get waiting() {
      return waiting.length + heldUp.size;
    },
    submit(request) {
      if (closed) return Promise.reject(new SophiaError('unavailable', 'This instance is closing.', { retryAfter: 1 }));
      if (request.signal?.aborted === true) return Promise.reject(request.signal.reason);
      const before = waiting.length + heldUp.size;
      if (before >= queue) {
        return Promise.reject(new SophiaError('overloaded', `${before} writes are waiting for the database.`, { retryAfter: 1 }));
      }
      return new Promise((resolve, reject) => {
        const onAbort = () => settle(entry, () => reject(request.signal?.reason));
        const expires = clock.monotonic() + (request.deadline ?? DEFAULT_DEADLINE);
        const entry: Entry<Request, Answer> = { request, expires, resolve, reject, onAbort, settled: false };
        request.signal?.addEventListener('abort', onAbort, { once: true });
        waiting.push(entry);
        waitingKeys.add(request.key);
        gathering.came();
        // Of a hot key many wait, which would be gone through for each that comes.
        if (!inHand.has(request.key)) start();
        sweeper ??= setInterval(sweep, SWEEP);
      });
    },
    async close() {
      closed = true;
      while (!isIdle()) await Promise.all([...running, gathered, heldUp.trying]);
      clearInterval(sweeper);
    },
  };
}

const tooLate = () => new SophiaError('deadline_exceeded', 'The write did not finish in time; it may still take place.', { retryAfter: 1 });

/** An error of a statement, not of the environment. */
const isOwnFault = (error: unknown): boolean => !isSophiaError(error) || error.code === 'database_error' || error.code === 'internal_error';
