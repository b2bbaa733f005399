import type { Parties } from '@sophia/shared';
import type { ReadPoint } from '@sophia/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cache, CacheDependency, Loaded, LoadOptions } from './cache.ts';

/** What a test of an adapter needs from it. */
export interface CacheHarness {
  create(): Promise<Cache>;
  /** Another process's view of the same backend, or the reason why there is none. */
  readonly secondInstance: (() => Promise<Cache>) | { readonly none: string };
  /** Lets so many milliseconds pass on the cache's clock. */
  elapse(milliseconds: number): Promise<void>;
  readonly maximumBytes: number;
  close(): Promise<void>;
}

/** One test per guarantee of `Cache`, for every adapter. */
export const cacheContract = (name: string, makeHarness: () => Promise<CacheHarness>): void => {
  describe(`cache contract: ${name}`, () => {
    let harness: CacheHarness;
    let cache: Cache;

    beforeEach(async () => {
      harness = await makeHarness();
      cache = await harness.create();
    });
    afterEach(async () => {
      await cache.close();
      await harness.close();
    });

    const get = (key: string, value: string, more: Partial<LoadOptions> & { tick?: number } = {}) =>
      cache.getOrLoad(key, { dependencies: [], ttl: 60_000, ...more }, async () => loaded(value, more.tick ?? 1));

    it('C1: callers of one key at the same time share one load', async () => {
      const load = gate();
      const results = [1, 2, 3].map(() => cache.getOrLoad('k', options([]), load.run));
      load.open('value', 1);
      expect((await Promise.all(results)).map((result) => result.bytes.toString())).toEqual(['value', 'value', 'value']);
      expect(load.calls()).toBe(1);
      expect(cache.statistics()).toMatchObject({ loads: 1, joins: 2 });
    });

    it('C1: a failed load fails its callers and is not kept', async () => {
      await expect(cache.getOrLoad('k', options([]), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
      expect((await get('k', 'value')).bytes.toString()).toBe('value');
    });

    it('C1: a caller that gives up leaves the load to the others; with the last one it is aborted', async () => {
      const load = gate();
      const first = new AbortController();
      const second = new AbortController();
      const one = cache.getOrLoad('k', { ...options([]), signal: first.signal }, load.run);
      const two = cache.getOrLoad('k', { ...options([]), signal: second.signal }, load.run);
      first.abort(new Error('gone'));
      await expect(one).rejects.toThrow('gone');
      expect(load.signal()?.aborted).toBe(false);
      second.abort(new Error('gone too'));
      await expect(two).rejects.toThrow('gone too');
      expect(load.signal()?.aborted).toBe(true);
      expect((await get('k', 'anew')).bytes.toString()).toBe('anew');
    });

    it('C1: a caller that has given up before it asks is refused', async () => {
      await expect(get('k', 'value', { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
    });

    it('C1: a load is on behalf of all who wait for it', async () => {
      const load = gate();
      const of = (party?: string) => cache.getOrLoad('k', { ...options([]), party }, load.run);
      const results = [of('a'), of('b'), of('a'), of()];
      expect([...(load.parties()?.all ?? [])]).toEqual(['a', 'b', '']);
      load.open('value', 1);
      await Promise.all(results);
    });

    it('C1: who has joined a load that fails for its caller loads once more, with the others whom it failed', async () => {
      const [first, second] = [failing(), failing()];
      const wanted = { ...options([]), isOfItsCaller: (error: unknown) => error === first.error || error === second.error };
      const stop = new AbortController();
      const own = cache.getOrLoad('k', wanted, first.run);
      const joined = [1, 2].map(() => cache.getOrLoad('k', wanted, second.run));
      const content = cache.getOrLoad('k', options([]), second.run);
      const gone = cache.getOrLoad('k', { ...wanted, signal: stop.signal }, second.run);
      const outcomes = Promise.allSettled([own, content, gone, ...joined]);
      stop.abort(first.error);
      first.fail();
      await expect.poll(second.calls).toBe(1);
      second.fail();
      const errors = (await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason);
      expect(errors).toEqual([first.error, first.error, first.error, second.error, second.error]);
      expect([first.calls(), second.calls()]).toEqual([1, 1]);
    });

    it('C1: who has given up loads nothing more, whatever it gave up for', async () => {
      const load = gate();
      const stop = new AbortController();
      const wanted = { ...options([]), signal: stop.signal, isOfItsCaller: () => true };
      const outcomes = Promise.allSettled([1, 2].map(() => cache.getOrLoad('k', wanted, load.run)));
      stop.abort(new Error('too late'));
      expect(await outcomes).toMatchObject(Array(2).fill({ status: 'rejected', reason: { message: 'too late' } }));
      expect(load.calls()).toBe(1);
    });

    it('C2: an invalidation drops what depends on its tag, and nothing else', async () => {
      await get('deals', 'old', { dependencies: [{ tag: '1:deal' }] });
      await get('calls', 'kept', { dependencies: [{ tag: '1:call' }] });
      cache.invalidate({ tick: 2, changes: [{ tag: '1:deal' }] });
      expect(cache.peek('deals')).toBeUndefined();
      expect(cache.peek('calls')?.bytes.toString()).toBe('kept');
      expect((await get('deals', 'new', { tick: 2 })).bytes.toString()).toBe('new');
    });

    it('C2: an entry is dropped only by a change that touches it', async () => {
      const ofField = (field: string): CacheDependency => ({ tag: 't', isAffected: (change) => change === field });
      await get('amount', 'a', { dependencies: [ofField('amount')] });
      await get('stage', 's', { dependencies: [ofField('stage')] });
      cache.invalidate({
        tick: 2,
        changes: [
          { tag: 't', change: 'owner' },
          { tag: 't', change: 'stage' },
        ],
      });
      expect(cache.peek('amount')?.bytes.toString()).toBe('a');
      expect(cache.peek('stage')).toBeUndefined();
      cache.invalidate({ tick: 3, changes: [{ tag: 't' }] });
      expect(cache.peek('amount')).toBeUndefined();
    });

    it('C2: an entry that took the place of an older one is dropped by no invalidation but its own', async () => {
      for (const tick of [1, 5]) {
        await get('k', `read at ${tick}`, { tick, ttl: 100, dependencies: [{ tag: 't' }] });
        if (tick === 1) await harness.elapse(100);
      }
      cache.invalidate({ tick: 5, changes: [{ tag: 't' }] });
      expect(cache.peek('k')?.bytes.toString()).toBe('read at 5');
      expect(cache.statistics()).toMatchObject({ invalidated: 0 });
    });

    it('C2: an entry that was read at the invalidation’s tick stays', async () => {
      await get('k', 'value', { tick: 5, dependencies: [{ tag: 't' }] });
      cache.invalidate({ tick: 5, changes: [{ tag: 't' }] });
      expect(cache.peek('k')?.bytes.toString()).toBe('value');
    });

    it('C3: a load that began before an invalidation that touches it is neither stored nor joined', async () => {
      const old = gate();
      const before = cache.getOrLoad('k', options([{ tag: 't' }]), old.run);
      cache.invalidate({ tick: 2, changes: [{ tag: 't' }] });
      const anew = gate();
      const after = cache.getOrLoad('k', options([{ tag: 't' }]), anew.run);
      anew.open('new', 2);
      expect((await after).bytes.toString()).toBe('new');
      old.open('old', 1);
      expect((await before).bytes.toString()).toBe('old');
      expect(cache.peek('k')?.bytes.toString()).toBe('new');
    });

    it('C3: a load that ends after an invalidation leaves that which took its place to be joined', async () => {
      const [old, anew] = [gate(), gate()];
      const before = cache.getOrLoad('k', options([{ tag: 't' }]), old.run);
      cache.invalidate({ tick: 2, changes: [{ tag: 't' }] });
      const after = [cache.getOrLoad('k', options([{ tag: 't' }]), anew.run)];
      old.open('old', 1);
      await before;
      after.push(cache.getOrLoad('k', options([{ tag: 't' }]), anew.run));
      anew.open('new', 2);
      expect((await Promise.all(after)).map(({ bytes }) => bytes.toString())).toEqual(['new', 'new']);
      expect(anew.calls()).toBe(1);
    });

    it('C3: of several loads of a key that invalidations touch one after the other only the last is kept', async () => {
      const loads = [1, 2, 3].map(() => gate());
      const results: Promise<{ readonly bytes: Buffer }>[] = [];
      for (const [index, load] of loads.entries()) {
        if (index > 0) cache.invalidate({ tick: index + 1, changes: [{ tag: 't' }] });
        results.push(cache.getOrLoad('k', options([{ tag: 't' }]), load.run));
      }
      for (const index of [2, 0, 1]) {
        loads[index]?.open(`read at ${index + 1}`, index + 1);
        expect((await results[index])?.bytes.toString()).toBe(`read at ${index + 1}`);
        expect(cache.peek('k')?.bytes.toString()).toBe('read at 3');
      }
    });

    it('C3: a load is joined and kept after changes that do not touch it', async () => {
      const load = gate();
      const dependencies: CacheDependency[] = [{ tag: 't', isAffected: (change) => change === 'amount' }];
      const first = cache.getOrLoad('k', options(dependencies), load.run);
      cache.invalidate({ tick: 2, changes: [{ tag: 't', change: 'owner' }] });
      const second = cache.getOrLoad('k', options(dependencies), load.run);
      load.open('value', 1);
      await Promise.all([first, second]);
      expect(load.calls()).toBe(1);
      expect(cache.peek('k')?.bytes.toString()).toBe('value');
    });

    it('C3: a load that turns out to have read after the invalidation is stored', async () => {
      const load = gate();
      const result = cache.getOrLoad('k', options([{ tag: 't' }]), load.run);
      cache.invalidate({ tick: 2, changes: [{ tag: 't' }] });
      load.open('new', 2);
      await result;
      expect(cache.peek('k')?.bytes.toString()).toBe('new');
    });

    it('C3: a load that began before a clear is not stored', async () => {
      const load = gate();
      const result = cache.getOrLoad('k', options([]), load.run);
      cache.clear();
      load.open('old', 9);
      await result;
      expect(cache.peek('k')).toBeUndefined();
    });

    it('C4: nothing outlives its ttl', async () => {
      await get('k', 'old', { ttl: 100 });
      await harness.elapse(99);
      expect((await get('k', 'new')).bytes.toString()).toBe('old');
      expect(cache.has('k')).toBe(true);
      await harness.elapse(1);
      expect([cache.has('k'), cache.has('unknown')]).toEqual([false, false]);
      expect(cache.peek('k')).toBeUndefined();
      expect((await get('k', 'new')).bytes.toString()).toBe('new');
    });

    it('C4: stale is served while revalidating only where asked, and only so long', async () => {
      const stale = { ttl: 100, staleWhileRevalidate: 100 };
      await get('k', 'old', stale);
      await harness.elapse(150);
      const load = gate();
      const served = await cache.getOrLoad('k', { dependencies: [], ...stale }, load.run);
      expect([served.bytes.toString(), served.age]).toEqual(['old', 150]);
      const servedToo = await cache.getOrLoad('k', { dependencies: [], ...stale }, load.run);
      expect([servedToo.bytes.toString(), load.calls()]).toEqual(['old', 1]);
      load.open('new', 2);
      await expect.poll(() => cache.peek('k')?.bytes.toString()).toBe('new');
      await harness.elapse(200);
      expect((await get('k', 'newer')).bytes.toString()).toBe('newer');
    });

    it('C5: it stays within its bound in bytes, and the least recently used goes first', async () => {
      const value = 'x'.repeat(Math.floor(harness.maximumBytes / 4));
      for (const key of ['a', 'b', 'c']) await get(key, value, { dependencies: [{ tag: 't' }] });
      cache.peek('a');
      await get('d', value);
      expect(cache.peek('b')).toBeUndefined();
      expect(cache.peek('a')).toBeDefined();
      expect(cache.statistics()).toMatchObject({ evictions: 1 });
      expect(cache.statistics().bytes).toBeLessThanOrEqual(harness.maximumBytes);
      await get('too large', 'x'.repeat(harness.maximumBytes + 1), { dependencies: [{ tag: 't' }] });
      expect(cache.peek('too large')).toBeUndefined();
      cache.invalidate({ tick: 2, changes: [{ tag: 't' }] });
      // Those of `a` and `c`: nothing is kept of what was not taken.
      expect(cache.statistics()).toMatchObject({ invalidated: 2 });
    });

    it('C5: what dependencies hold counts as the value does', async () => {
      const heldBytes = Math.floor(harness.maximumBytes / 3);
      for (const key of ['a', 'b', 'c', 'd']) await get(key, 'value', { heldBytes });
      expect(['a', 'b', 'c', 'd'].map((key) => cache.has(key))).toEqual([false, false, true, true]);
      expect(cache.statistics().bytes).toBeGreaterThan(2 * heldBytes);
    });

    it('C6: what a tier cannot keep is loaded each time: slower, never an error', async () => {
      const large = 'x'.repeat(harness.maximumBytes + 1);
      for (const attempt of [1, 2]) expect((await get('large', large)).bytes.length, `attempt ${attempt}`).toBe(large.length);
      expect(cache.statistics()).toMatchObject({ loads: 2, hits: 0 });
    });

    it('C7: hits, misses, loads and invalidations are counted', async () => {
      await get('k', 'value', { dependencies: [{ tag: 't' }] });
      const hit = await get('k', 'value');
      expect(hit.tier).toBe('L1');
      cache.invalidate({ tick: 2, changes: [{ tag: 't' }] });
      expect(cache.statistics()).toMatchObject({ hits: 1, misses: 1, loads: 1, invalidated: 1, entries: 0, bytes: 0 });
    });

    it('C2: another instance sees invalidations, or the adapter has none', async () => {
      if (typeof harness.secondInstance !== 'function') {
        expect(harness.secondInstance.none).not.toBe('');
        return;
      }
      const second = await harness.secondInstance();
      await second.getOrLoad('k', options([{ tag: 't' }]), async () => loaded('old', 1));
      cache.invalidate({ tick: 2, changes: [{ tag: 't' }] });
      await expect.poll(() => second.peek('k')).toBeUndefined();
      await second.close();
    });
  });
};

const options = (dependencies: readonly CacheDependency[]): LoadOptions => ({ dependencies, ttl: 60_000 });

export const readPoint = (tick: number): ReadPoint => ({
  tick,
  position: `e.${tick}.0` as ReadPoint['position'],
  completeTo: '2026-01-01T00:00:00.000000Z',
});

const loaded = (value: string, tick: number): Loaded => ({ bytes: Buffer.from(value), readPoint: readPoint(tick) });

/** A load that waits until it is opened. */
const gate = () => {
  const { promise, resolve } = Promise.withResolvers<Loaded>();
  let calls = 0;
  let seen: AbortSignal | undefined;
  let told: Parties | undefined;
  return {
    run: (signal: AbortSignal, parties: Parties) => {
      calls += 1;
      [seen, told] = [signal, parties];
      return promise;
    },
    open: (value: string, tick: number) => resolve(loaded(value, tick)),
    calls: () => calls,
    signal: () => seen,
    parties: () => told,
  };
};

/** A load that waits until it is to fail. */
const failing = () => {
  const { promise, reject } = Promise.withResolvers<Loaded>();
  const error = new Error('no');
  let calls = 0;
  return {
    error,
    run: () => {
      calls += 1;
      return promise;
    },
    fail: () => reject(error),
    calls: () => calls,
  };
};
