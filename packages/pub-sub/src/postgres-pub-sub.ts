import type { Database } from '@sophia/database';
import type { Logger } from '@sophia/observability';
import { keepListening } from './keep-listening.ts';
import { createOutbox } from './outbox.ts';
import type { PubSub } from './pub-sub.ts';
import { checkMessage, createTopics } from './topics.ts';

export interface PostgresPubSubOptions {
  readonly database: Database;
  readonly logger: Pick<Logger, 'error' | 'warn'>;
  /** Milliseconds that messages wait for others to go along: 3 unless told. */
  readonly gatherMs?: number | undefined;
}

/**
 * The bus between processes over LISTEN and NOTIFY, on one session for all topics. A NOTIFY within a
 * writing transaction serialises the commits (4.2k rather than 13.5k commits/s with 64 clients), so
 * messages go from here, those of a moment in one statement. A session that is lost is replaced.
 */
export async function createPostgresPubSub({ database, logger, gatherMs = 3 }: PostgresPubSubOptions): Promise<PubSub> {
  const topics = createTopics(logger);
  const listening = await keepListening(database, CHANNEL, logger, (message) => {
    const end = message.indexOf('\n');
    topics.deliver(message.slice(0, end), message.slice(end + 1));
  });
  const outbox = createOutbox(gatherMs, async (messages) => {
    await listening.session().query(NOTIFY, [CHANNEL, messages]);
  });

  return {
    async publish(topic, payload) {
      checkMessage(topic, payload);
      await outbox.send(`${topic}\n${payload}`);
    },
    subscribe: async (topic, receive) => topics.subscribe(topic, receive),
    async close() {
      await outbox.close();
      topics.clear();
      await listening.close();
    },
  };
}

const CHANNEL = 'sophia_pub_sub';
const NOTIFY = { name: 'pub_sub_notify', text: 'select pg_notify($1, message) from unnest($2::text[]) as message' };
