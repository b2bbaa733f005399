import { SophiaError } from '@sophia/shared';
import type { CallOptions, Session, Statement } from '../database.ts';
import { quoteIdentifier } from './copy-rows.ts';
import type { ServerConnection } from './postgres-connection.ts';
import { toSophiaError } from './postgres-errors.ts';

/** A connection outside of the pool: it keeps its locks and channels until it is closed or lost. */
export function createSession(connection: ServerConnection, defaultDeadline: number): Session {
  const receivers = new Map<string, ((payload: string) => void)[]>();
  connection.onNotification((channel, payload) => {
    for (const receive of receivers.get(channel) ?? []) receive(payload);
  });
  // One statement at a time, in the order of the calls.
  let last: Promise<unknown> = Promise.resolve();

  const run = async (statement: Statement, values: readonly unknown[], milliseconds: number, signal?: AbortSignal) => {
    signal?.throwIfAborted();
    const giveUp = () => connection.abandon();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      giveUp();
    }, milliseconds);
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      const { results, error } = await connection.run([{ statement, values }]);
      const rows = results[0]?.rows;
      if (rows !== undefined) return rows;
      signal?.throwIfAborted();
      if (isLate)
        throw new SophiaError('deadline_exceeded', `No answer within ${milliseconds} ms (statement ${statement.name}).`, { retryAfter: 1 });
      throw toSophiaError(error, statement.name);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    }
  };
  const enqueue = (statement: Statement, values: readonly unknown[], milliseconds: number, signal?: AbortSignal) => {
    const next = last.then(() => run(statement, values, milliseconds, signal));
    // Its caller has the error; the next one only waits for its end.
    last = next.catch(() => {});
    return next;
  };

  return {
    async query<Row extends object>(statement: Statement, values: readonly unknown[] = [], options: CallOptions = {}) {
      return (await enqueue(statement, values, options.deadline ?? defaultDeadline, options.signal)) as Row[];
    },
    async listen(channel, receive) {
      receivers.set(channel, [...(receivers.get(channel) ?? []), receive]);
      await enqueue({ name: `sophia_listen_${channel}`.slice(0, 63), text: `listen ${quoteIdentifier(channel)}` }, [], defaultDeadline);
    },
    closed: connection.closed,
    close: () => connection.end(),
  };
}
