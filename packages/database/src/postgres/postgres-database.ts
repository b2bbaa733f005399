import type { Clock } from '@sophia/shared';
import type { Transaction, WorkspaceId } from '@sophia/types';
import type { CallOptions, Committed, Database, ReadOptions, Session, Statement, TransactionOptions } from '../database.ts';
import { type CallLimits, callLimits, DEFAULT_DEADLINE } from './call-limits.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { DatabaseObserver } from './database-observer.ts';
import { OpenTransaction } from './open-transaction.ts';
import type { BatchStep } from './pipelined-batch.ts';
import type { ServerConnection } from './postgres-connection.ts';
import { toSophiaError } from './postgres-errors.ts';
import { createSession } from './postgres-session.ts';
import { type ReadServer, trySelect } from './read-server.ts';
import type { ReplicaSet } from './replica-set.ts';
import { type Attempt, retrying } from './retrying.ts';
import { tryRead, tryWrite } from './run-transaction.ts';
import { PING } from './system-statements.ts';

export interface PostgresParts {
  readonly primary: ReadServer;
  /** The primary's. */
  readonly pool: ConnectionPool;
  readonly replicas: ReplicaSet;
  /** A connection outside of the pool. */
  readonly openOutside: (timeout: number, signal: AbortSignal | undefined) => Promise<ServerConnection>;
  readonly clock: Clock;
  readonly observer: DatabaseObserver;
}

/** The port over a primary, and replicas where there are. */
export class PostgresDatabase implements Database {
  readonly #parts: PostgresParts;

  constructor(parts: PostgresParts) {
    this.#parts = parts;
  }

  write<T>(
    workspaces: readonly WorkspaceId[],
    work: (transaction: Transaction) => Promise<T>,
    { idempotent = true, lockTimeout, ...options }: TransactionOptions = {},
  ): Promise<Committed<T>> {
    const { primary, observer } = this.#parts;
    const limits = this.#limits(options);
    const run = () =>
      this.#retrying(limits, idempotent, (attempt) =>
        tryWrite({ pool: primary.pool, observer, limits }, workspaces, { work, isFirstRun: attempt === 1, lockTimeout }),
      );
    return observer.traced('postgresql write', SPAN, run);
  }

  read<T>(workspaces: readonly WorkspaceId[], work: (transaction: Transaction) => Promise<T>, options: ReadOptions = {}): Promise<T> {
    const { observer } = this.#parts;
    const limits = this.#limits(options);
    const run = () => this.#reading(options, limits, true, ({ pool }) => tryRead({ pool, observer, limits }, workspaces, work));
    return observer.traced('postgresql read', SPAN, run);
  }

  async query<Row extends object>(transaction: Transaction, statement: Statement, values: readonly unknown[] = []): Promise<Row[]> {
    // What a statement's rows look like is known where it is written.
    const { observer } = this.#parts;
    const run = () => OpenTransaction.of(transaction).query(statement, values);
    return (await observer.traced(`postgresql ${statement.name}`, SPAN, run)) as Row[];
  }

  async copyInto(...[transaction, target, rows]: Parameters<Database['copyInto']>): Promise<number> {
    const { observer } = this.#parts;
    const run = () => OpenTransaction.of(transaction).copyInto(target, rows);
    return observer.traced(`postgresql copy ${target.table}`, SPAN, run);
  }

  async select<Row extends object>(
    workspaces: readonly WorkspaceId[],
    statement: Statement,
    values: readonly unknown[] = [],
    options: ReadOptions = {},
  ): Promise<Row[]> {
    const { observer } = this.#parts;
    const run = () => this.#select(workspaces, { statement, values }, options);
    return (await observer.traced(`postgresql ${statement.name}`, SPAN, run)) as Row[];
  }

  async #select(workspaces: readonly WorkspaceId[], step: BatchStep, options: ReadOptions): Promise<Record<string, unknown>[]> {
    const { observer, primary, replicas } = this.#parts;
    const limits = this.#limits(options);
    const isQuick = step.statement.quick === true;
    const shared = isQuick ? await (replicas.choose(options) ?? primary).quick.select(workspaces, step, limits) : undefined;
    if (shared !== undefined) return shared;
    // What could not be shared may have met a replica that is ill.
    return this.#reading(options, limits, !isQuick, (server) => trySelect(server, observer, limits, workspaces, step));
  }

  async openSession({ deadline = DEFAULT_DEADLINE, signal }: CallOptions = {}): Promise<Session> {
    signal?.throwIfAborted();
    try {
      return createSession(await this.#parts.openOutside(deadline, signal), deadline);
    } catch (error) {
      signal?.throwIfAborted();
      throw toSophiaError(error);
    }
  }

  async ping(options: CallOptions = {}): Promise<number> {
    const { clock } = this.#parts;
    const begun = clock.monotonic();
    await this.select([], PING, [], options);
    return clock.monotonic() - begun;
  }

  async close(): Promise<void> {
    await this.#parts.replicas.close();
    await this.#parts.pool.close();
  }

  #limits(options: CallOptions): CallLimits {
    return callLimits(options, this.#parts.clock);
  }

  #retrying<T>(limits: CallLimits, idempotent: boolean, run: (attempt: number) => Promise<Attempt<T>>): Promise<T> {
    const { observer } = this.#parts;
    return retrying({ limits, idempotent, onRetry: (kind) => observer.retried(kind) }, run);
  }

  /** At a replica where one will do, once; else, and whatever the replica is ill with, at the primary. */
  #reading<T>(
    options: ReadOptions,
    limits: CallLimits,
    mayUseReplica: boolean,
    run: (server: ReadServer) => Promise<Attempt<T>>,
  ): Promise<T> {
    const { primary, replicas } = this.#parts;
    return this.#retrying(limits, true, async (attempt) => {
      const replica = mayUseReplica && attempt === 1 ? replicas.choose(options) : undefined;
      if (replica === undefined) return run(primary);
      try {
        return await run(replica);
      } catch (error) {
        return { failed: error, kind: 'lost_connection' };
      }
    });
  }
}

const SPAN = { 'db.system.name': 'postgresql' };
