import type { Logger } from '@sophia/observability';

/** Most bytes of a payload (P1). */
export const MAXIMUM_PAYLOAD = 4_000;

export interface Topics {
  subscribe(topic: string, receive: (payload: string) => void): { close(): Promise<void> };
  /** One subscriber's failure is no other's. */
  deliver(topic: string, payload: string): void;
  /** Throws `RangeError` for a payload that is too large for a wake-up. */
  checkPayload(payload: string): void;
  clear(): void;
}

/** Who listens to what in this process. */
export const createTopics = (logger: Pick<Logger, 'error'>): Topics => {
  const topics = new Map<string, Set<{ readonly receive: (payload: string) => void }>>();
  return {
    subscribe(topic, receive) {
      const subscribers = topics.get(topic) ?? new Set();
      topics.set(topic, subscribers);
      const subscriber = { receive };
      subscribers.add(subscriber);
      return {
        async close() {
          subscribers.delete(subscriber);
          if (subscribers.size === 0 && topics.get(topic) === subscribers) topics.delete(topic);
        },
      };
    },
    deliver(topic, payload) {
      for (const { receive } of [...(topics.get(topic) ?? [])]) {
        try {
          receive(payload);
        } catch (error) {
          logger.error({ err: error, topic }, 'a subscriber failed');
        }
      }
    },
    checkPayload(payload) {
      const bytes = Buffer.byteLength(payload);
      if (bytes > MAXIMUM_PAYLOAD) throw new RangeError(`A payload of ${bytes} bytes is no wake-up: at most ${MAXIMUM_PAYLOAD}.`);
    },
    clear: () => topics.clear(),
  };
};
