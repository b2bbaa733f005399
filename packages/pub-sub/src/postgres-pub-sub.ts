import { setTimeout as delay } from 'node:timers/promises';
import type { Database, Session } from '@sophia/database';
import type { Logger } from '@sophia/observability';
import type { PubSub } from './pub-sub.ts';
import { createTopics } from './topics.ts';

export interface PostgresPubSubOptions {
  readonly database: Database;
  readonly logger: Pick<Logger, 'error' | 'warn'>;
  /** Milliseconds that messages wait for others to go along: 3 unless told. */
  readonly gatherMs?: number | undefined;
}

/** All topics share one channel, so that a session listens once. */
const CHANNEL = 'sophia_pub_sub';
/** Messages that wait for the bus at most; more are dropped, which P1 allows. */
const MOST_WAITING = 10_000;
const RECONNECT_MS = 200;
const NOTIFY = { name: 'pub_sub_notify', text: 'select pg_notify($1, message) from unnest($2::text[]) as message' };

interface Waiting {
  readonly message: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The bus between processes over LISTEN and NOTIFY of one session; messages of a moment go in one statement. */
export const createPostgresPubSub = async ({ database, logger, gatherMs = 3 }: PostgresPubSubOptions): Promise<PubSub> => {
  const topics = createTopics(logger);
  const closing = new AbortController();
  let session = await listen();
  let waiting: Waiting[] = [];
  let sending: Promise<void> | undefined;

  async function listen(): Promise<Session> {
    const opened = await database.openSession();
    await opened.listen(CHANNEL, (message) => {
      const end = message.indexOf('\n');
      topics.deliver(message.slice(0, end), message.slice(end + 1));
    });
    opened.closed.then(reconnect, reconnect);
    return opened;
  }

  async function reconnect(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        session = await listen();
        return;
      } catch (error) {
        logger.warn({ err: error }, 'the bus is cut; trying again');
        await delay(RECONNECT_MS, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }

  const send = async (): Promise<void> => {
    await delay(gatherMs);
    const batch = waiting;
    waiting = [];
    try {
      await session.query(NOTIFY, [CHANNEL, [...new Set(batch.map(({ message }) => message))]]);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };

  return {
    publish(topic, payload) {
      return new Promise((resolve, reject) => {
        topics.checkPayload(payload);
        if (waiting.length >= MOST_WAITING) throw new RangeError(`${MOST_WAITING} messages wait for the bus already.`);
        waiting.push({ message: `${topic}\n${payload}`, resolve, reject });
        sending ??= send().finally(() => {
          sending = undefined;
        });
      });
    },
    subscribe: async (topic, receive) => topics.subscribe(topic, receive),
    async close() {
      closing.abort();
      await sending;
      topics.clear();
      await session.close();
    },
  };
};
