import { SophiaError } from '@sophia/shared';
import type { Transaction } from '@sophia/types';
import type { CopyTarget, Statement } from '../database.ts';
import { CopySourceError, copyRows } from './copy-rows.ts';
import type { DatabaseObserver } from './database-observer.ts';
import type { BatchOutcome, BatchStep, StepResult } from './pipelined-batch.ts';
import type { ServerConnection } from './postgres-connection.ts';
import { type FailureKind, failureKind, isUniqueViolation, toSophiaError } from './postgres-errors.ts';

type Rows = Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>;

interface QueryEntry {
  readonly step: BatchStep;
  readonly resolve: (rows: Record<string, unknown>[]) => void;
  readonly reject: (error: unknown) => void;
}

interface CopyEntry {
  readonly target: CopyTarget;
  readonly rows: Rows;
  readonly resolve: (count: number) => void;
  readonly reject: (error: unknown) => void;
}

type Entry = QueryEntry | CopyEntry;

/**
 * A transaction on one connection. It begins with its first statement, in the same round trip;
 * statements that are asked for at the same moment share one.
 */
export class OpenTransaction {
  readonly connection: ServerConnection;
  /** Rejects when it is ended from outside. */
  readonly abandoned: Promise<never>;
  readonly #begin: readonly BatchStep[];
  readonly #observer: DatabaseObserver;
  readonly #isFirstRun: boolean;
  #queue: Entry[] = [];
  #draining: Promise<void> | undefined;
  #begun: readonly StepResult[] | undefined;
  #isSent = false;
  #hasEnded = false;
  #ended: Error | undefined;
  #isCommitting = false;
  #rejectAbandoned: (error: Error) => void = neverAbandoned;
  /** What broke it: the error of the first statement that failed, or of its end from outside. */
  failure: unknown;
  #hasLostRace = false;

  constructor(connection: ServerConnection, begin: readonly BatchStep[], observer: DatabaseObserver, isFirstRun: boolean) {
    this.connection = connection;
    this.#begin = begin;
    this.#observer = observer;
    this.#isFirstRun = isFirstRun;
    this.abandoned = new Promise((_, reject) => {
      this.#rejectAbandoned = reject;
    });
    // Whoever does the work looks at it; afterwards nobody does.
    this.abandoned.catch(neverAbandoned);
  }

  get asTransaction(): Transaction {
    // Opaque to all others; `of` is the way back.
    return this as unknown as Transaction;
  }

  /** The open transaction behind the opaque one. */
  static of(transaction: Transaction): OpenTransaction {
    const candidate: unknown = transaction;
    if (candidate instanceof OpenTransaction) return candidate;
    throw new TypeError('The transaction is not one of the PostgreSQL adapter.');
  }

  /** Undefined before the first statement, and of one that only reads. */
  get transactionId(): string | undefined {
    return (this.#begun?.at(-1)?.rows[0] as { readonly transaction_id?: string } | undefined)?.transaction_id;
  }

  /** Why it failed, as far as it matters for running it again. */
  get failureKind(): FailureKind {
    return this.#hasLostRace ? 'conflict' : failureKind(this.failure);
  }

  /** Whether the server may know of it. */
  get isOpen(): boolean {
    return this.#isSent || this.#draining !== undefined;
  }

  query(statement: Statement, values: readonly unknown[]): Promise<Record<string, unknown>[]> {
    const chosen = this.#isFirstRun ? statement : (statement.fallback ?? statement);
    return new Promise((resolve, reject) => this.#enqueue({ step: { statement: chosen, values }, resolve, reject }));
  }

  copyInto(target: CopyTarget, rows: Rows): Promise<number> {
    return new Promise((resolve, reject) => this.#enqueue({ target, rows, resolve, reject }));
  }

  /** Runs its last statements when all before are done; none can follow. */
  async end(steps: readonly BatchStep[]): Promise<BatchOutcome> {
    this.#hasEnded = true;
    await this.#draining;
    this.#isCommitting = true;
    return this.#run(steps);
  }

  /** Ends it from outside, at a deadline or an abort: what it runs is cancelled and its connection dropped. */
  abandon(error: Error): void {
    this.#hasEnded = true;
    this.#ended ??= error;
    this.failure ??= error;
    // A cancelled COMMIT would not wait for the replicas that it has to wait for.
    if (this.#isCommitting) this.connection.drop();
    else this.connection.abandon();
    this.#rejectAbandoned(error);
  }

  #enqueue(entry: Entry): void {
    if (this.#hasEnded)
      return entry.reject(this.#ended ?? new SophiaError('database_error', 'A statement was sent in a transaction that has ended.'));
    this.#queue.push(entry);
    this.#draining ??= Promise.resolve().then(() => this.#drain());
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const firstCopy = this.#queue.findIndex((entry) => 'rows' in entry);
      const queries = this.#queue.splice(0, firstCopy === -1 ? this.#queue.length : firstCopy).filter((entry) => 'step' in entry);
      await this.#runQueries(queries);
      const copy = firstCopy === -1 ? undefined : this.#queue.shift();
      if (copy !== undefined && 'rows' in copy) await this.#copy(copy);
    }
    this.#draining = undefined;
  }

  async #runQueries(entries: readonly QueryEntry[]): Promise<void> {
    const begun = performance.now();
    const { results, error } = await this.#run(entries.map(({ step }) => step));
    this.#observer.ran(
      entries.map(({ step }) => step.statement.text),
      performance.now() - begun,
    );
    entries.forEach((entry, index) => {
      const result = results[index];
      if (result !== undefined) entry.resolve(result.rows);
      else entry.reject(this.#ended ?? toSophiaError(error, entry.step.statement.name));
    });
  }

  /** Runs the steps, behind those that begin the transaction where it has not begun. */
  async #run(steps: readonly BatchStep[]): Promise<BatchOutcome> {
    const begin = this.#begun === undefined ? this.#begin : [];
    if (begin.length + steps.length === 0) return { results: [] };
    this.#isSent = true;
    const outcome = await this.#tryRun([...begin, ...steps]);
    if (begin.length > 0 && outcome.results.length >= begin.length) this.#begun = outcome.results.slice(0, begin.length);
    if (outcome.error !== undefined && this.failure === undefined) {
      const failing = [...begin, ...steps][outcome.results.length];
      this.failure = outcome.error;
      this.#hasLostRace = failing?.statement.fallback !== undefined && isUniqueViolation(outcome.error);
    }
    return { ...outcome, results: outcome.results.slice(begin.length) };
  }

  async #tryRun(steps: readonly BatchStep[]): Promise<BatchOutcome> {
    try {
      return await this.connection.run(steps);
    } catch (error) {
      return { results: [], error };
    }
  }

  async #copy({ target, rows, resolve, reject }: CopyEntry): Promise<void> {
    // Without its beginning it would stand outside of the transaction.
    if (this.#begun === undefined) return reject(this.#ended ?? toSophiaError(this.failure));
    try {
      resolve(await copyRows(this.connection, target, rows));
    } catch (error) {
      this.failure ??= error;
      reject(this.#ended ?? (error instanceof CopySourceError ? error.cause : toSophiaError(error, `copy ${target.table}`)));
    }
  }
}

function neverAbandoned(): void {
  // Nobody waits for it any more.
}
