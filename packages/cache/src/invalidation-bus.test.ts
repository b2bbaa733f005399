import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readPoint } from './cache.contract.ts';
import type { Cache } from './cache.ts';
import { type Bus, createInvalidationPublisher, type InvalidationPublisher, subscribeToInvalidations } from './invalidation-bus.ts';
import { createMemoryCache } from './memory-cache.ts';

describe('the invalidation bus', () => {
  let now = 0;
  const clock = { now: () => now, monotonic: () => now };
  let cut = false;
  let receivers: ((payload: string) => void)[] = [];
  const sent: string[] = [];
  const bus: Bus = {
    publish: async (_topic, payload) => {
      sent.push(payload);
      if (!cut) for (const receive of receivers) receive(payload);
    },
    subscribe: async (_topic, receive) => {
      receivers.push(receive);
      return {
        close: async () => {
          receivers = receivers.filter((other) => other !== receive);
        },
      };
    },
  };
  let cache: Cache;
  let publisher: InvalidationPublisher;

  const elapse = (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += 50) {
      now += 50;
      vi.advanceTimersByTime(50);
    }
  };
  const fill = async () => {
    for (const tag of ['a', 'b']) {
      await cache.getOrLoad(tag, { dependencies: [{ tag }], ttl: 1e9 }, async () => ({ bytes: Buffer.from(tag), readPoint: readPoint(1) }));
    }
  };
  const kept = () => ['a', 'b'].filter((key) => cache.peek(key) !== undefined);

  beforeEach(() => {
    vi.useFakeTimers();
    now = 0;
    cut = false;
    receivers = [];
    sent.length = 0;
    cache = createMemoryCache({ maximumBytes: 1e6, clock });
    publisher = createInvalidationPublisher(bus, 'run-1', (error) => expect.fail(String(error)));
  });
  afterEach(async () => {
    await publisher.close();
    vi.useRealTimers();
  });

  it('hands each invalidation to another instance’s cache', async () => {
    const subscriber = await subscribeToInvalidations(bus, cache, clock);
    elapse(250);
    await fill();
    publisher.publish({ tick: 7, changes: [{ tag: 'a' }] });
    expect(kept()).toEqual(['b']);
    expect(subscriber.processedTick()).toBe(7);
    await subscriber.close();
    publisher.publish({ tick: 8, changes: [{ tag: 'b' }] });
    expect(kept()).toEqual(['b']);
  });

  it('is not trusted before the first message', async () => {
    const subscriber = await subscribeToInvalidations(bus, cache, clock);
    expect([subscriber.isTrusted(), subscriber.processedTick()]).toEqual([false, 0]);
    elapse(250);
    expect(subscriber.isTrusted()).toBe(true);
    await subscriber.close();
  });

  it('repetitions of the last number keep what is there, and the trust in it', async () => {
    const subscriber = await subscribeToInvalidations(bus, cache, clock);
    elapse(250);
    await fill();
    publisher.publish({ tick: 7, changes: [{ tag: 'a' }] });
    elapse(2000);
    expect(kept()).toEqual(['b']);
    expect([subscriber.isTrusted(), subscriber.processedTick()]).toEqual([true, 7]);
    await subscriber.close();
  });

  it('a lost message empties the cache with the next repetition of the number', async () => {
    const subscriber = await subscribeToInvalidations(bus, cache, clock);
    elapse(250);
    await fill();
    cut = true;
    publisher.publish({ tick: 7, changes: [{ tag: 'a' }] });
    cut = false;
    expect(kept()).toEqual(['a', 'b']);
    elapse(250);
    expect(kept()).toEqual([]);
    await subscriber.close();
  });

  it('a lost message empties the cache with the next one, whose own changes are not all that was missed', async () => {
    const subscriber = await subscribeToInvalidations(bus, cache, clock);
    elapse(250);
    await fill();
    cut = true;
    publisher.publish({ tick: 7, changes: [{ tag: 'a' }] });
    cut = false;
    publisher.publish({ tick: 8, changes: [{ tag: 'b' }] });
    expect(kept()).toEqual([]);
    await subscriber.close();
  });

  it('silence ends the trust in the cache at once, before anybody looks for it', async () => {
    const subscriber = await subscribeToInvalidations(bus, cache, clock);
    publisher.publish({ tick: 7, changes: [] });
    now += 999;
    expect([subscriber.isTrusted(), subscriber.processedTick()]).toEqual([true, 7]);
    now += 1;
    expect([subscriber.isTrusted(), subscriber.processedTick()]).toEqual([false, 0]);
    await subscriber.close();
  });

  it('a second of silence empties the cache and ends the trust in it', async () => {
    const subscriber = await subscribeToInvalidations(bus, cache, clock);
    elapse(250);
    await fill();
    cut = true;
    elapse(1000);
    expect(kept()).toEqual([]);
    expect([subscriber.isTrusted(), subscriber.processedTick()]).toEqual([false, 0]);
    cut = false;
    elapse(250);
    expect(subscriber.isTrusted()).toBe(true);
    await subscriber.close();
  });

  it('a message that ends a silence does not hide it', async () => {
    const subscriber = await subscribeToInvalidations(bus, cache, clock);
    elapse(250);
    await fill();
    now += 2000;
    publisher.publish({ tick: 3, changes: [{ tag: 'a' }] });
    expect(kept()).toEqual([]);
    await subscriber.close();
  });

  it('a new run of the publisher empties the cache', async () => {
    const subscriber = await subscribeToInvalidations(bus, cache, clock);
    elapse(250);
    await fill();
    const other = createInvalidationPublisher(bus, 'run-2', (error) => expect.fail(String(error)));
    other.publish({ tick: 3, changes: [{ tag: 'a' }] });
    expect(kept()).toEqual([]);
    await other.close();
    await subscriber.close();
  });

  it('a message too long for a bus names its tags only, or nothing but its number', async () => {
    const subscriber = await subscribeToInvalidations(bus, cache, clock);
    elapse(250);
    await fill();
    publisher.publish({ tick: 2, changes: [{ tag: 'a', change: 'é'.repeat(3000) }] });
    expect(kept()).toEqual(['b']);
    publisher.publish({ tick: 3, changes: Array.from({ length: 2000 }, (_, index) => ({ tag: `tag-${index}` })) });
    expect(kept()).toEqual([]);
    expect(Math.max(...sent.map((payload) => Buffer.byteLength(payload)))).toBeLessThanOrEqual(3800);
    await subscriber.close();
  });

  it('a bus that fails is reported, and the repetition goes on', async () => {
    const errors: unknown[] = [];
    const failing = createInvalidationPublisher({ ...bus, publish: () => Promise.reject(new Error('cut')) }, 'run-3', (e) =>
      errors.push(e),
    );
    elapse(500);
    await vi.waitFor(() => expect(errors).toHaveLength(2));
    await failing.close();
  });
});
