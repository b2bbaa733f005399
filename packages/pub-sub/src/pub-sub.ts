/**
 * Wake-ups between parts and processes.
 *
 * - P1 best effort, at most once, small payloads (at most 4,000 bytes): a wake-up, never data. What
 *   one publisher sent arrives in its order; the same message sent again within a few milliseconds
 *   may arrive once; while the bus is cut messages are lost.
 */
export interface PubSub {
  /**
   * Never waits for subscribers; resolves when the message was handed to the bus. Rejects with a
   * RangeError for a topic or payload that is no wake-up's, and with `unavailable` or `overloaded`
   * where the bus cannot take it.
   */
  publish(topic: string, payload: string): Promise<void>;
  /** Resolves when messages published from now on will be delivered. What `receive` throws is logged and harms nobody else. */
  subscribe(topic: string, receive: (payload: string) => void): Promise<Subscription>;
  close(): Promise<void>;
}

export interface Subscription {
  /** Nothing is delivered any more once it was called. */
  close(): Promise<void>;
}
