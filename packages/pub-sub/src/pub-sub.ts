/**
 * Wake-ups between parts and processes.
 *
 * - P1 best effort, at most once, small payloads (at most 4,000 bytes): a wake-up, never data.
 */
export interface PubSub {
  /** Never waits for subscribers; resolves when the message was handed to the bus. */
  publish(topic: string, payload: string): Promise<void>;
  /** Resolves when messages published from now on will be delivered. */
  subscribe(topic: string, receive: (payload: string) => void): Promise<{ close(): Promise<void> }>;
  close(): Promise<void>;
}
