import { SophiaError } from '@sophia/shared';
import type { Transaction } from '@sophia/types';
import type { CopyTarget, Statement } from '../database.ts';
import { copyRows } from './copy-rows.ts';
import type { BatchStep, StepResult } from './pipelined-batch.ts';
import type { ServerConnection } from './postgres-connection.ts';
import { toSophiaError } from './postgres-errors.ts';

type Rows = readonly (readonly unknown[])[] | Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>;

interface QueryEntry {
  readonly kind: 'query';
  readonly step: BatchStep;
  readonly resolve: (rows: Record<string, unknown>[]) => void;
  readonly reject: (error: unknown) => void;
}

interface CopyEntry {
  readonly kind: 'copy';
  readonly target: CopyTarget;
  readonly rows: Rows;
  readonly resolve: (count: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A transaction on one connection. It begins with its first statement, in the same round trip;
 * statements that are asked for at the same moment share one.
 */
export class OpenTransaction {
  readonly connection: ServerConnection;
  readonly #begin: readonly BatchStep[];
  #queue: (QueryEntry | CopyEntry)[] = [];
  #running: Promise<void> | undefined;
  #begun: readonly StepResult[] | undefined;
  #ended: Error | undefined;
  /** What ended it: of the first statement that failed, or of the connection. */
  failure: { readonly error: unknown } | undefined;

  constructor(connection: ServerConnection, begin: readonly BatchStep[]) {
    this.connection = connection;
    this.#begin = begin;
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

  /** The results of the statements that begin it, once they ran. */
  get begun(): readonly StepResult[] {
    return this.#begun ?? [];
  }

  query(statement: Statement, values: readonly unknown[]): Promise<Record<string, unknown>[]> {
    return new Promise((resolve, reject) => {
      this.#enqueue({ kind: 'query', step: { statement, values }, resolve, reject });
    });
  }

  copyInto(target: CopyTarget, rows: Rows): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#enqueue({ kind: 'copy', target, rows, resolve, reject });
    });
  }

  /** Runs the last statements when all before have ended; none can follow. */
  async end(steps: readonly BatchStep[]): Promise<{ readonly results: readonly StepResult[]; readonly error?: unknown }> {
    this.#ended ??= new SophiaError('database_error', 'A statement was sent in a transaction that has ended.');
    await this.#running;
    const begin = this.#begun === undefined ? this.#begin : [];
    const { results, ...rest } = await this.connection.run([...begin, ...steps]);
    if (begin.length > 0 && results.length >= begin.length) this.#begun = results.slice(0, begin.length);
    return { results: results.slice(begin.length), ...rest };
  }

  /** Whether the server knows of it. */
  get isOpen(): boolean {
    return this.#begun !== undefined || this.#running !== undefined;
  }

  /** Ends it from outside, at a deadline or an abort: its connection is dropped. */
  abandon(error: Error): void {
    this.#ended ??= error;
    this.failure ??= { error };
    this.connection.abandon();
  }

  #enqueue(entry: QueryEntry | CopyEntry): void {
    if (this.#ended !== undefined) return entry.reject(this.#ended);
    this.#queue.push(entry);
    this.#running ??= Promise.resolve().then(() => this.#drain());
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const firstCopy = this.#queue.findIndex(({ kind }) => kind === 'copy');
      const count = firstCopy === -1 ? this.#queue.length : Math.max(firstCopy, 1);
      await this.#run(this.#queue.splice(0, count));
    }
    this.#running = undefined;
  }

  async #run(entries: readonly (QueryEntry | CopyEntry)[]): Promise<void> {
    const queries = entries.filter((entry) => entry.kind === 'query');
    const error = await this.#runQueries(queries);
    for (const entry of entries) {
      if (entry.kind === 'query') continue;
      if (error === undefined) await this.#copy(entry);
      else entry.reject(error);
    }
  }

  async #runQueries(entries: readonly QueryEntry[]): Promise<unknown> {
    const begin = this.#begun === undefined ? this.#begin : [];
    if (begin.length + entries.length === 0) return undefined;
    const outcome = await this.#tryRun([...begin, ...entries.map(({ step }) => step)]);
    if (begin.length > 0 && outcome.results.length >= begin.length) this.#begun = outcome.results.slice(0, begin.length);
    const results = outcome.results.slice(begin.length);
    if (outcome.error !== undefined) this.failure ??= { error: outcome.error };
    entries.forEach((entry, index) => {
      const result = results[index];
      if (result !== undefined) entry.resolve(result.rows);
      else entry.reject(this.#ended ?? toSophiaError(outcome.error, entry.step.statement.name));
    });
    return outcome.error === undefined ? undefined : toSophiaError(outcome.error);
  }

  async #tryRun(steps: readonly BatchStep[]): Promise<{ readonly results: readonly StepResult[]; readonly error?: unknown }> {
    try {
      return await this.connection.run(steps);
    } catch (error) {
      return { results: [], error };
    }
  }

  async #copy({ target, rows, resolve, reject }: CopyEntry): Promise<void> {
    try {
      resolve(await copyRows(this.connection, target, rows));
    } catch (error) {
      this.failure ??= { error };
      reject(this.#ended ?? toSophiaError(error, `copy ${target.table}`));
    }
  }
}
