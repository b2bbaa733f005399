import type { Logger } from '@sophia/observability';
import { SophiaError } from '@sophia/shared';
import type { PubSub } from './pub-sub.ts';
import { checkMessage, createTopics } from './topics.ts';

/** The bus within one process. */
export function createMemoryPubSub({ logger }: { readonly logger: Pick<Logger, 'error'> }): PubSub {
  const topics = createTopics(logger);
  let isClosed = false;
  return {
    async publish(topic, payload) {
      checkMessage(topic, payload);
      if (isClosed) throw new SophiaError('unavailable', 'The bus is closed.');
      // As from another process: never within the publisher's own call.
      queueMicrotask(() => topics.deliver(topic, payload));
    },
    subscribe: async (topic, receive) => topics.subscribe(topic, receive),
    async close() {
      isClosed = true;
      topics.clear();
    },
  };
}
