import type { Clock } from '@sophia/shared';
import type { ReadOptions, Statement } from '../database.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { DatabaseObserver } from './database-observer.ts';
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
  /** Everything before this place of the write-ahead log is visible there. */
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

interface Mark {
  readonly at: number;
  readonly written: bigint;
}

/**
 * Replicas by how old their answers are (D2). The primary's write position is noted with the instant
 * before it was asked for; a replica that has replayed up to it has all that was acknowledged by then.
 * Only our own monotonic clock is read, so that the servers' clocks do not matter.
 */
export class ReplicaSet {
  readonly #primary: ConnectionPool;
  readonly #replicas: readonly Replica[];
  readonly #clock: Clock;
  readonly #observer: DatabaseObserver;
  readonly #timer: NodeJS.Timeout | undefined;
  #marks: Mark[] = [];
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
    const at = this.#clock.monotonic();
    const written = await this.#written();
    if (written !== undefined) this.#marks.push({ at, written });
    await Promise.all(this.#replicas.map((replica) => this.#measureOne(replica)));
    // A mark that every replica has passed tells nothing more, and without any of them a few suffice.
    const passed = Math.min(...this.#replicas.map(({ completeTo }) => completeTo));
    this.#marks = this.#marks.filter((mark) => mark.at > passed).slice(-MOST_MARKS);
  }

  async #written(): Promise<bigint | undefined> {
    const connection = await orNone(this.#primary.acquire(PATIENCE));
    if (connection === undefined) return undefined;
    const written = await readPosition(connection, WRITTEN, () => connection.abandon());
    this.#primary.release(connection);
    return written;
  }

  async #measureOne(replica: Replica): Promise<void> {
    if (replica.watch?.isClosed !== false) replica.watch = await orNone(replica.connect(PATIENCE));
    const { watch, pool } = replica;
    if (watch === undefined) return;
    const position = await readPosition(watch, REPLAYED, () => {
      watch.drop();
      // Reads that wait for it are the primary's then.
      pool.dropAll();
    });
    if (position === undefined) return;
    const { incarnation } = watch;
    if (replica.run?.incarnation !== incarnation) {
      const connections = connectionsOfRun(pool, incarnation, () => replica.watch?.drop());
      const server = createReadServer(connections, this.#observer);
      replica.run = { incarnation, server };
      replica.completeTo = Number.NEGATIVE_INFINITY;
    }
    replica.replayed = position;
    const last = this.#marks.findLast(({ written }) => written <= position);
    if (last !== undefined) replica.completeTo = last.at;
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

const WRITTEN: Statement = { name: 'sophia_written', text: 'select pg_current_wal_lsn()::text as position' };
const REPLAYED: Statement = { name: 'sophia_replayed', text: 'select pg_last_wal_replay_lsn()::text as position' };

/** Nothing new is known of a server that takes no connection; its readers find out for themselves. */
const orNone = (opening: Promise<ServerConnection>): Promise<ServerConnection | undefined> => opening.catch(() => undefined);

/** Undefined where the server does not answer, of which `onSilence` is told, or is not what it is taken for. */
async function readPosition(connection: ServerConnection, statement: Statement, onSilence: () => void): Promise<bigint | undefined> {
  const timer = setTimeout(onSilence, PATIENCE);
  const { results } = await connection.run([{ statement, values: [] }]);
  clearTimeout(timer);
  const row = results[0]?.rows[0] as { readonly position: string | null } | undefined;
  return row === undefined || row.position === null ? undefined : parseWalPosition(row.position);
}
