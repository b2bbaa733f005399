import type { Clock } from '@sophia/shared';
import type { Cache, CacheChange, Invalidation } from './cache.ts';

/** The part of a pub-sub that carries invalidations between instances. */
export interface Bus {
  publish(topic: string, payload: string): Promise<void>;
  subscribe(topic: string, receive: (payload: string) => void): Promise<{ close(): Promise<void> }>;
}

interface Message {
  /** Names the publisher's run: another one means that messages may have been missed. */
  readonly run: string;
  /** Count of invalidations that this run has published, with this one. */
  readonly number: number;
  readonly tick: number;
  /** Absent in the repetition of the last number. */
  readonly changes?: readonly CacheChange[];
}

const TOPIC = 'cache.invalidations';
const REPEAT_MS = 250;
const SILENCE_MS = 1000;
/** Below the 4,000 bytes that a bus carries at least: a longer message names its tags only. */
const MAXIMUM_PAYLOAD = 3800;

export interface InvalidationPublisher {
  publish(invalidation: Invalidation): void;
  close(): Promise<void>;
}

/** Tells other instances each invalidation, numbered, and repeats the last number every 250 ms. */
export const createInvalidationPublisher = (bus: Bus, run: string, onError: (error: unknown) => void): InvalidationPublisher => {
  let last: Message = { run, number: 0, tick: 0 };
  const send = (message: Message): void => {
    bus.publish(TOPIC, encode(message)).catch(onError);
  };
  const repeating = setInterval(() => send(last), REPEAT_MS);
  repeating.unref();
  return {
    publish({ tick, changes }) {
      last = { run, number: last.number + 1, tick };
      send({ ...last, changes });
    },
    async close() {
      clearInterval(repeating);
    },
  };
};

const encode = (message: Message): string => {
  const whole = JSON.stringify(message);
  if (fits(whole) || message.changes === undefined) return whole;
  const tags = [...new Set(message.changes.map(({ tag }) => tag))];
  const short = JSON.stringify({ ...message, changes: tags.map((tag) => ({ tag })) });
  // So many tags that their names alone do not fit: a skipped number makes the receiver empty its cache.
  return fits(short) ? short : JSON.stringify({ run: message.run, number: message.number, tick: message.tick });
};

const fits = (payload: string): boolean => Buffer.byteLength(payload) <= MAXIMUM_PAYLOAD;

export interface InvalidationSubscriber {
  /** The last tick whose invalidations this instance has processed; 0 while the bus is silent. */
  processedTick(): number;
  /** False before the first message and while the bus is silent: the cache is not to be asked then. */
  isTrusted(): boolean;
  close(): Promise<void>;
}

/** Applies other instances' invalidations to `cache`; a gap, or a second of silence, empties it (C2). */
export const subscribeToInvalidations = async (bus: Bus, cache: Cache, clock: Clock): Promise<InvalidationSubscriber> => {
  let run: string | undefined;
  let number = 0;
  let tick = 0;
  let heardAt = clock.monotonic();

  const lose = (): void => {
    cache.clear();
    run = undefined;
    tick = 0;
  };

  const receive = (payload: string): void => {
    const message: Message = JSON.parse(payload);
    if (clock.monotonic() - heardAt >= SILENCE_MS) lose();
    heardAt = clock.monotonic();
    const { changes } = message;
    const isNext = message.run === run && message.number === number + 1;
    const isRepetition = message.run === run && message.number === number;
    if (isNext && changes !== undefined) cache.invalidate({ tick: message.tick, changes });
    else if (!isRepetition) cache.clear();
    ({ run, number, tick } = message);
  };

  const subscription = await bus.subscribe(TOPIC, receive);
  const isSilent = (): boolean => clock.monotonic() - heardAt >= SILENCE_MS;
  const watching = setInterval(() => {
    if (isSilent()) lose();
  }, REPEAT_MS);
  watching.unref();

  return {
    processedTick: () => (isSilent() ? 0 : tick),
    isTrusted: () => run !== undefined && !isSilent(),
    async close() {
      clearInterval(watching);
      await subscription.close();
    },
  };
};
