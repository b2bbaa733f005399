import type { Clock } from '@sophia/shared';
import { createBoundedCache } from '../bounded-cache.ts';

/** What is left for a principal after a request. */
export interface Allowance {
  readonly allowed: boolean;
  /** Requests a second that it may make for long. */
  readonly limit: number;
  readonly remaining: number;
  /** Whole seconds until there is room again; 0 while there is. */
  readonly reset: number;
}

export interface RateLimits {
  readonly requestsPerSecond: number;
  /** Requests at once after a rest. */
  readonly burst: number;
}

export interface RateLimiter {
  /** Takes one request from the principal's allowance. The answer is good until the principal's next call. */
  take(principal: string, limits?: RateLimits): Allowance;
}

const MAXIMUM_BUCKETS = 100_000;

/** A token bucket for each principal, in the memory of this process. */
export function createRateLimiter({ clock, limits: usual }: { clock: Clock; limits: RateLimits }): RateLimiter {
  const buckets = createBoundedCache<string, Bucket>(MAXIMUM_BUCKETS);
  return {
    take(principal, limits = usual) {
      let bucket = buckets.get(principal);
      if (bucket === undefined) {
        bucket = new Bucket(limits, clock.monotonic());
        buckets.set(principal, bucket);
      }
      return bucket.take(limits, clock.monotonic());
    },
  };
}

/** Is its own answer: an object for each request would cost more than the reckoning. */
class Bucket implements Allowance {
  allowed = true;
  limit: number;
  remaining: number;
  reset = 0;
  #tokens: number;
  #at: number;

  constructor({ requestsPerSecond, burst }: RateLimits, now: number) {
    this.limit = requestsPerSecond;
    this.remaining = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  take({ requestsPerSecond, burst }: RateLimits, now: number): Allowance {
    const tokens = Math.min(burst, this.#tokens + ((now - this.#at) * requestsPerSecond) / 1_000);
    this.allowed = tokens >= 1;
    this.#tokens = this.allowed ? tokens - 1 : tokens;
    this.#at = now;
    this.limit = requestsPerSecond;
    this.remaining = Math.floor(this.#tokens);
    this.reset = this.remaining >= 1 ? 0 : Math.ceil((1 - this.#tokens) / requestsPerSecond);
    return this;
  }
}
