import type { Clock } from '@sophia/shared';
import type { ReadOptions, Statement } from '../database.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { ReadServer } from './read-server.ts';

/** A server that may answer reads, with what is known of how far it has come. */
interface Replica {
  readonly name: string;
  readonly server: ReadServer;
  /** Everything before this place of the write-ahead log is visible there. */
  replayed: bigint;
  /** On the monotonic clock: everything acknowledged before this instant is visible there. */
  completeTo: number;
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
  readonly #timer: NodeJS.Timeout | undefined;
  #marks: Mark[] = [];
  #measuring: Promise<void> | undefined;
  #next = 0;

  constructor(primary: ConnectionPool, replicas: readonly { readonly name: string; readonly server: ReadServer }[], clock: Clock) {
    this.#primary = primary;
    this.#replicas = replicas.map(({ name, server }) => ({ name, server, replayed: -1n, completeTo: Number.NEGATIVE_INFINITY }));
    this.#clock = clock;
    if (replicas.length === 0) return;
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
      if (replica === undefined || replica.server.pool.isFailing) continue;
      if (replica.completeTo >= oldest && replica.replayed >= needed) return replica.server;
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
    await Promise.all(this.#replicas.map(({ server }) => server.pool.close()));
  }

  async #measureAll(): Promise<void> {
    const at = this.#clock.monotonic();
    const written = await readPosition(this.#primary, WRITTEN);
    if (written !== undefined) this.#marks.push({ at, written });
    await Promise.all(this.#replicas.map((replica) => this.#measureOne(replica)));
    // A mark that every replica has passed tells nothing more, and without any of them a few suffice.
    const passed = Math.min(...this.#replicas.map(({ completeTo }) => completeTo));
    this.#marks = this.#marks.filter((mark) => mark.at > passed).slice(-MOST_MARKS);
  }

  async #measureOne(replica: Replica): Promise<void> {
    const replayed = await readPosition(replica.server.pool, REPLAYED);
    if (replayed === undefined) return;
    replica.replayed = replayed;
    const last = this.#marks.findLast(({ written }) => written <= replayed);
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

/** Undefined where the server does not answer, or is not what it is taken for. */
async function readPosition(pool: ConnectionPool, statement: Statement): Promise<bigint | undefined> {
  try {
    const connection = await pool.acquire(PATIENCE);
    const timer = setTimeout(() => connection.abandon(), PATIENCE);
    const { results } = await connection.run([{ statement, values: [] }]);
    clearTimeout(timer);
    pool.release(connection);
    const row = results[0]?.rows[0] as { readonly position: string | null } | undefined;
    return row === undefined || row.position === null ? undefined : parseWalPosition(row.position);
  } catch {
    // Its readers find out for themselves; here it only means that nothing new is known of it.
    return undefined;
  }
}
