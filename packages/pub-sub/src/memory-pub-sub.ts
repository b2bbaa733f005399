import type { Logger } from '@sophia/observability';
import type { PubSub } from './pub-sub.ts';
import { createTopics } from './topics.ts';

/** The bus within one process. */
export const createMemoryPubSub = ({ logger }: { readonly logger: Pick<Logger, 'error'> }): PubSub => {
  const topics = createTopics(logger);
  return {
    async publish(topic, payload) {
      topics.checkPayload(payload);
      // As from another process: never within the publisher's own call.
      queueMicrotask(() => topics.deliver(topic, payload));
    },
    subscribe: async (topic, receive) => topics.subscribe(topic, receive),
    async close() {
      topics.clear();
    },
  };
};
