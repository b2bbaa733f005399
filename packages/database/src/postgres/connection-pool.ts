import { type Clock, createBackoff, SophiaError } from '@sophia/shared';
import type { ServerConnection } from './postgres-connection.ts';
import { failureKind, sqlStateOf, toSophiaError } from './postgres-errors.ts';

export interface PoolOptions {
  /** Connections that are open before the pool is ready, and are kept. */
  readonly minimum: number;
  readonly maximum: number;
  /** How many callers may wait for a connection; beyond it they get `overloaded` at once. */
  readonly queue: number;
  /** Milliseconds after which a connection beyond the minimum that nobody used is closed. */
  readonly idleMs: number;
  /** A connection that ran so many statements is closed and replaced: what a server process gathers is bounded. */
  readonly recycleAfterQueries: number;
  /** Milliseconds without any connection after which callers fail at once rather than at their deadline. */
  readonly failFastAfterMs: number;
}

interface Waiter {
  readonly resolve: (connection: ServerConnection) => void;
  readonly reject: (error: unknown) => void;
}

interface Idle {
  readonly connection: ServerConnection;
  readonly since: number;
}

/** What those who use connections know of a pool. */
export type Connections = Pick<ConnectionPool, 'acquire' | 'release'>;

/** Connections that are opened ahead, handed to one caller at a time in order of arrival, and replaced when lost or worn. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #open: () => Promise<ServerConnection>;
  readonly #clock: Clock;
  readonly #backoff = createBackoff({ initialDelay: 50, maximumDelay: 500 });
  /** The one used last is taken first, so that those beyond the need stay idle and are closed. */
  readonly #idle: Idle[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #connections = new Set<ServerConnection>();
  readonly #sweeper: NodeJS.Timeout;
  #opening = 0;
  #failures = 0;
  #failingSince: number | undefined;
  #lastFailure: unknown;
  #reopen: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(options: PoolOptions, open: () => Promise<ServerConnection>, clock: Clock) {
    this.#options = options;
    this.#open = open;
    this.#clock = clock;
    this.#sweeper = setInterval(() => this.#closeIdle(), LOOK_FOR_IDLE_EVERY);
    this.#sweeper.unref();
  }

  get size(): number {
    return this.#connections.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** Whether the server was away at the last attempt to connect. */
  get isFailing(): boolean {
    return this.#lastFailure !== undefined;
  }

  /** Opens the minimum; resolves when all of them are there. */
  async warm(): Promise<void> {
    const opened = await Promise.allSettled(Array.from({ length: this.#options.minimum }, () => this.#open()));
    for (const result of opened) if (result.status === 'fulfilled') this.#admit(result.value);
    const failed = opened.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /**
   * A connection of one's own until `release`. Rejects with `overloaded` when the queue is full,
   * `deadline_exceeded` after so many milliseconds, `unavailable` while the server is away.
   */
  async acquire(milliseconds: number, signal?: AbortSignal): Promise<ServerConnection> {
    if (this.#closing) throw new SophiaError('unavailable', 'The database connections are closed.');
    signal?.throwIfAborted();
    const free = this.#takeIdle();
    if (free !== undefined) return free;
    if (this.#hasGivenUp()) throw this.#unavailable();
    if (this.#waiters.size >= this.#options.queue) {
      throw new SophiaError('overloaded', `${this.#waiters.size} callers wait for a database connection already.`, { retryAfter: 1 });
    }
    return this.#wait(milliseconds, signal);
  }

  /** Gives a connection back; one that is closed or worn is replaced. */
  release(connection: ServerConnection): void {
    if (!this.#connections.has(connection)) return;
    if (connection.isIdle && !this.#closing && connection.statements < this.#options.recycleAfterQueries) return this.#hand(connection);
    this.#forget(connection);
    // In a transaction that nobody ended it must not serve another caller.
    if (connection.isIdle) void connection.end();
    else connection.drop();
  }

  /** The server does not answer: drops all connections, whatever they run, and turns away whoever waits for one. */
  dropAll(): void {
    for (const waiter of this.#waiters) waiter.reject(this.#unavailable());
    for (const connection of this.#connections) connection.drop();
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#sweeper);
    clearTimeout(this.#reopen);
    for (const waiter of this.#waiters) waiter.reject(new SophiaError('unavailable', 'The database connections are closed.'));
    const open = [...this.#connections];
    for (const { connection } of this.#idle.splice(0)) void connection.end();
    await Promise.race([Promise.all(open.map(({ closed }) => closed)), unreferencedDelay(CLOSE_GRACE)]);
    for (const connection of this.#connections) connection.abandon();
  }

  #takeIdle(): ServerConnection | undefined {
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      if (!last.connection.isClosed) return last.connection;
      this.#forget(last.connection);
    }
    return undefined;
  }

  #wait(milliseconds: number, signal?: AbortSignal): Promise<ServerConnection> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters.delete(waiter);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        resolve: (connection) => {
          leave();
          resolve(connection);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const onAbort = () => waiter.reject(signal?.reason);
      const timer = setTimeout(() => waiter.reject(this.#late(milliseconds)), milliseconds);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
      this.#grow();
    });
  }

  #late(milliseconds: number): SophiaError {
    if (this.#lastFailure !== undefined) return this.#unavailable();
    return new SophiaError('deadline_exceeded', `No database connection was free within ${Math.round(milliseconds)} ms.`, {
      retryAfter: 1,
    });
  }

  #unavailable(): SophiaError {
    return new SophiaError('unavailable', 'The database cannot be reached.', { cause: this.#lastFailure, retryAfter: 1 });
  }

  #hasGivenUp(): boolean {
    return this.#failingSince !== undefined && this.#clock.monotonic() - this.#failingSince >= this.#options.failFastAfterMs;
  }

  /** Opens as many as are wanted: for the callers that wait, and up to the minimum. */
  #grow(): void {
    if (this.#closing || this.#reopen !== undefined) return;
    const wanted = Math.min(
      Math.max(this.#options.minimum, this.#connections.size + this.#waiters.size - this.#idle.length),
      this.#options.maximum,
    );
    // While the server is away one attempt at a time is enough.
    const most = this.#failures > 0 ? 1 : MOST_OPENING_AT_ONCE;
    while (this.#connections.size + this.#opening < wanted && this.#opening < most) void this.#openOne();
  }

  async #openOne(): Promise<void> {
    this.#opening++;
    try {
      const connection = await this.#open();
      this.#opening--;
      this.#failures = 0;
      this.#failingSince = undefined;
      this.#lastFailure = undefined;
      this.#admit(connection);
      this.#grow();
    } catch (error) {
      this.#opening--;
      this.#retryLater(error);
    }
  }

  #retryLater(error: unknown): void {
    if (this.#closing) return;
    this.#lastFailure = toSophiaError(error);
    this.#failures++;
    // Too many connections is no loss while some of them still serve; a server that is starting is on its way.
    if (this.#connections.size === 0 && sqlStateOf(error) !== STARTING_UP) this.#failingSince ??= this.#clock.monotonic();
    if (this.#hasGivenUp() || failureKind(error) === 'other') for (const waiter of this.#waiters) waiter.reject(this.#unavailable());
    this.#reopen ??= setTimeout(() => {
      this.#reopen = undefined;
      this.#grow();
    }, this.#backoff(this.#failures));
    this.#reopen.unref();
  }

  #admit(connection: ServerConnection): void {
    if (this.#closing) return void connection.end();
    this.#connections.add(connection);
    void connection.closed.then(() => this.#forget(connection));
    this.#hand(connection);
  }

  #hand(connection: ServerConnection): void {
    const [first] = this.#waiters;
    if (first === undefined) this.#idle.push({ connection, since: this.#clock.monotonic() });
    else first.resolve(connection);
  }

  #forget(connection: ServerConnection): void {
    if (!this.#connections.delete(connection)) return;
    const index = this.#idle.findIndex((entry) => entry.connection === connection);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#grow();
  }

  #closeIdle(): void {
    const before = this.#clock.monotonic() - this.#options.idleMs;
    while (this.#connections.size > this.#options.minimum) {
      const [longest] = this.#idle;
      if (longest === undefined || longest.since > before) return;
      this.#idle.shift();
      this.#forget(longest.connection);
      void longest.connection.end();
    }
  }
}

const STARTING_UP = '57P03';
const LOOK_FOR_IDLE_EVERY = 1_000;
const MOST_OPENING_AT_ONCE = 8;
const CLOSE_GRACE = 2_000;

const unreferencedDelay = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
