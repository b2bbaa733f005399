import type { Logger } from '@sophia/observability';
import type { Subscription } from './pub-sub.ts';

/** Most bytes of a payload (P1). */
const MAXIMUM_PAYLOAD = 4_000;
/** Most bytes of a topic's name. */
const MAXIMUM_TOPIC = 200;

export interface Topics {
  subscribe(topic: string, receive: (payload: string) => void): Subscription;
  /** One subscriber's failure is no other's. */
  deliver(topic: string, payload: string): void;
  clear(): void;
}

/** Throws a RangeError for what is no wake-up. */
export function checkMessage(topic: string, payload: string): void {
  const bytes = Buffer.byteLength(payload);
  if (bytes > MAXIMUM_PAYLOAD) throw new RangeError(`A payload of ${bytes} bytes is no wake-up: at most ${MAXIMUM_PAYLOAD}.`);
  if (Buffer.byteLength(topic) > MAXIMUM_TOPIC) throw new RangeError(`The name of a topic has at most ${MAXIMUM_TOPIC} bytes.`);
  // Line ends part topic and payload on the bus, and PostgreSQL's texts hold no zeros.
  if (/[\n\0]/.test(topic) || payload.includes('\0')) throw new RangeError('A topic holds no line ends, and no message holds zeros.');
}

/** Who listens to what in this process. */
export function createTopics(logger: Pick<Logger, 'error'>): Topics {
  const topics = new Map<string, Set<{ readonly receive: (payload: string) => void }>>();
  return {
    subscribe(topic, receive) {
      const subscribers = topics.get(topic) ?? new Set();
      topics.set(topic, subscribers);
      // An object of its own, so that the same function can subscribe twice.
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
      for (const { receive } of topics.get(topic) ?? []) {
        try {
          receive(payload);
        } catch (error) {
          logger.error({ err: error, topic }, 'a subscriber failed');
        }
      }
    },
    clear: () => topics.clear(),
  };
}
