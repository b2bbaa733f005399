import type { Clock } from '@sophia/shared';
import type { ReadOptions, Statement } from '../database.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { DatabaseObserver } from './database-observer.ts';
import type { BatchOutcome } from './pipelined-batch.ts';
import type { ServerConnection } from './postgres-connection.ts';
import { connectionsOfRun, createReadServer, type ReadServer } from './read-server.ts';

/** A server that may answer reads. */
export interface Follower {
  readonly name: string;
  readonly pool: ConnectionPool;
  /** Opens a connection outside of the pool within so many milliseconds. */
  readonly connect: (timeout: number) => Promise<ServerConnection>;
}

/** With what is known of how far it has come. */
interface Replica extends Follower {
  /** It is asked there, so that its answer waits for no reads, and its silence is told from theirs. */
  watch: ServerConnection | undefined;
  /** The run of the server that the rest is known of; none before it was looked at. */
  run: { readonly incarnation: string; readonly server: ReadServer } | undefined;
  /** Everything before this place of the primary's write-ahead log is visible there. */
  replayed: bigint;
  /** On the monotonic clock: everything acknowledged before this instant is visible there. */
  completeTo: number;
}

export interface ReplicaSetOptions {
  readonly primary: ConnectionPool;
  readonly followers: readonly Follower[];
  readonly clock: Clock;
  readonly observer: DatabaseObserver;
}

/** What was written of one into the primary's row: of which run of which server it is, and its number. */
interface MarkRow {
  readonly run: string;
  readonly number: string;
}

interface Mark extends MarkRow {
  /** On the monotonic clock, before it was made. */
  readonly at: number;
  /** The place of the write-ahead log that it stands behind. */
  readonly written: bigint;
}

/**
 * Replicas by how old their answers are (D2). A mark is written into the primary; a server that has it has all that was
 * acknowledged before, and all that stands before it in the write-ahead log. Places of two servers' logs are never compared:
 * one that follows another primary, or nobody, may be further on in a history of its own, but gets no marks any more.
 * Only our own monotonic clock is read, so that the servers' clocks do not matter.
 */
export class ReplicaSet {
  readonly #primary: ConnectionPool;
  readonly #replicas: readonly Replica[];
  readonly #clock: Clock;
  readonly #observer: DatabaseObserver;
  readonly #timer: NodeJS.Timeout | undefined;
  #marks: Mark[] = [];
  #primaryRun: string | undefined;
  #measuring: Promise<void> | undefined;
  #next = 0;

  constructor({ primary, followers, clock, observer }: ReplicaSetOptions) {
    this.#primary = primary;
    this.#replicas = followers.map((follower) => ({
      ...follower,
      watch: undefined,
      run: undefined,
      replayed: -1n,
      completeTo: Number.NEGATIVE_INFINITY,
    }));
    this.#clock = clock;
    this.#observer = observer;
    if (followers.length === 0) return;
    this.#timer = setInterval(() => void this.measure(), MEASURE_EVERY);
    this.#timer.unref();
  }

  /** One that is recent enough and has seen the write, in turn; undefined where none is: the primary always is. */
  choose({ staleness = 0, after }: ReadOptions): ReadServer | undefined {
    if (staleness <= 0 || this.#replicas.length === 0) return undefined;
    const oldest = this.#clock.monotonic() - staleness;
    const needed = after === undefined ? -1n : parseWalPosition(after.walPosition);
    for (let tries = 0; tries < this.#replicas.length; tries++) {
      const replica = this.#replicas[this.#next++ % this.#replicas.length];
      if (replica?.run === undefined || replica.pool.isFailing) continue;
      if (replica.completeTo >= oldest && replica.replayed >= needed) return replica.run.server;
    }
    return undefined;
  }

  /** Seconds by which each replica's answers may be behind. */
  lags(): { readonly replica: string; readonly seconds: number }[] {
    return this.#replicas.map(({ name, completeTo }) => ({ replica: name, seconds: (this.#clock.monotonic() - completeTo) / 1_000 }));
  }

  /** Told of each new connection to the primary: after a promotion nothing is known of who follows the new one. */
  connectedTo(primaryRun: string): void {
    if (this.#primaryRun === primaryRun) return;
    this.#primaryRun = primaryRun;
    this.#marks = [];
    for (const replica of this.#replicas) forget(replica);
  }

  /** Looks how far all of them are; once at a time. */
  measure(): Promise<void> {
    this.#measuring ??= this.#measureAll().finally(() => {
      this.#measuring = undefined;
    });
    return this.#measuring;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#measuring;
    await Promise.all(this.#replicas.flatMap(({ pool, watch }) => [pool.close(), watch?.isClosed === false && watch.end()]));
  }

  async #measureAll(): Promise<void> {
    await this.#mark();
    await Promise.all(this.#replicas.map((replica) => this.#measureOne(replica)));
    // A mark that every replica has passed tells nothing more, and without any of them a few suffice.
    const passed = Math.min(...this.#replicas.map(({ completeTo }) => completeTo));
    this.#marks = this.#marks.filter((mark) => mark.at > passed).slice(-MOST_MARKS);
  }

  async #mark(): Promise<void> {
    const at = this.#clock.monotonic();
    const marks = this.#marks;
    const connection = await orNone(this.#primary.acquire(PATIENCE));
    if (connection === undefined) return;
    const outcome = await runInTime(connection, [LOCALLY, MARK], () => connection.abandon());
    this.#primary.release(connection);
    const made = outcome.results[1]?.rows[0] as (MarkRow & { readonly written: string }) | undefined;
    // Where another primary was met meanwhile, this list is that of the one before.
    if (made !== undefined) marks.push({ ...made, at, written: parseWalPosition(made.written) });
  }

  async #measureOne(replica: Replica): Promise<void> {
    if (replica.watch?.isClosed !== false) replica.watch = await orNone(replica.connect(PATIENCE));
    const { watch, pool } = replica;
    if (watch === undefined) return;
    const { results } = await runInTime(watch, [MARK_THERE], () => {
      watch.drop();
      // Reads that wait for it are the primary's then.
      pool.dropAll();
    });
    if (results[0] === undefined) return;
    const { incarnation } = watch;
    if (replica.run?.incarnation !== incarnation) {
      const connections = connectionsOfRun(pool, incarnation, () => replica.watch?.drop());
      const server = createReadServer(connections, this.#observer);
      replica.run = { incarnation, server };
      forget(replica);
    }
    const there = results[0].rows[0] as MarkRow | undefined;
    const last = this.#marks.findLast(({ run, number }) => run === there?.run && BigInt(number) <= BigInt(there.number));
    if (last !== undefined) {
      replica.completeTo = last.at;
      replica.replayed = last.written;
    } else if (there === undefined) {
      forget(replica);
    }
  }
}

/** The position as a number: `16/B374D848`, two halves in hexadecimal. */
export function parseWalPosition(text: string): bigint {
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

const MEASURE_EVERY = 250;
const MOST_MARKS = 1_000;
/** Milliseconds; a server that does not answer has no position. */
const PATIENCE = 1_000;

/** A mark waits for no replica, whatever other writes do: how far they are is asked by it. */
const LOCALLY: Statement = { name: 'sophia_commit_locally', text: `select set_config('synchronous_commit', 'local', true)` };
/** It stands in the log behind the place that it returns, since it is committed later. */
const MARK: Statement = {
  name: 'sophia_mark',
  text: `update replication_mark set number = number + 1,
      run = concat_ws(' ', pg_postmaster_start_time(), left(pg_walfile_name(pg_current_wal_lsn()), 8))
    returning run, number, pg_current_wal_lsn()::text as written`,
};
/** Nothing where a server follows none. */
const MARK_THERE: Statement = { name: 'sophia_mark_there', text: 'select run, number from replication_mark where pg_is_in_recovery()' };

/** Nothing new is known of a server that takes no connection; its readers find out for themselves. */
const orNone = (opening: Promise<ServerConnection>): Promise<ServerConnection | undefined> => opening.catch(() => undefined);

function forget(replica: Replica): void {
  replica.completeTo = Number.NEGATIVE_INFINITY;
  replica.replayed = -1n;
}

/** What the statements come to, in one transaction; where the server does not answer `onSilence` is told. */
async function runInTime(connection: ServerConnection, statements: readonly Statement[], onSilence: () => void): Promise<BatchOutcome> {
  const timer = setTimeout(onSilence, PATIENCE);
  const outcome = await connection.run(statements.map((statement) => ({ statement, values: [] })));
  clearTimeout(timer);
  return outcome;
}
